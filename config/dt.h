/* SPDX-License-Identifier: MIT */
/*
 * Reading a flattened device tree that dt_check() has passed: typed
 * property access on top of libfdt, and a walk over all nodes that knows its
 * ancestors, so that `reg`, `ranges` and `interrupt-parent` cost no search.
 */
#ifndef VESPER_CONFIG_DT_H
#define VESPER_CONFIG_DT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/machine.h"

#define DT_DEPTH_MAX 8

/*
 * Is this a sound tree, whole within `size` readable bytes at a multiple of 8? 0, or a libfdt error
 * for fdt_strerror(). Every tree passes here before anything else is read from it.
 */
int dt_check(const void *fdt, size_t size);

/* Absent or other than a single cell: `fallback`. */
uint32_t dt_u32(const void *fdt, int node, const char *name, uint32_t fallback);

/* One or two cells, as the property's length says. */
bool dt_number(const void *fdt, int node, const char *name, uint64_t *out);

/* The first string of the property; NULL if absent or without a NUL. */
const char *dt_string(const void *fdt, int node, const char *name);

/* Is `status` absent, "okay" or "ok"? */
bool dt_okay(const void *fdt, int node);

bool dt_compatible(const void *fdt, int node, const char *name);

/*
 * Entry `index` of `reg` as the parent counts cells, not translated. false:
 * no such entry, more than two cells, or base + size overflows.
 */
bool dt_reg_of(const void *fdt, int parent, int node, unsigned index, struct machine_range *out);

struct dt_walk {
	const void *fdt;
	int depth; /* of the current node; the root's is 0 */
	int node[DT_DEPTH_MAX];
};

void dt_walk_start(struct dt_walk *w, const void *fdt);

/* Goes on to the next node in tree order (deeper than DT_DEPTH_MAX: left out); its offset, -1: end. */
int dt_walk_next(struct dt_walk *w);

/* `reg` entry `index` of the current node as a CPU address: `ranges` of all buses above applied. */
bool dt_walk_reg(const struct dt_walk *w, unsigned index, struct machine_range *out);

/* The first interrupt of the current node: its parent's phandle and the first cell. */
bool dt_walk_interrupt(const struct dt_walk *w, uint32_t *parent, uint32_t *number);

#endif
