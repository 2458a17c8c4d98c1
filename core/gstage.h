/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical page tables (G-stage, privileged specification, "Two-Stage
 * Address Translation"): Sv39x4, Sv48x4 or Sv57x4 with a 16 KiB root. A and D
 * are preset, U is set as G-stage translation demands. Pure memory: the caller
 * writes hgatp and fences.
 */
#ifndef VESPER_CORE_GSTAGE_H
#define VESPER_CORE_GSTAGE_H

#include "include/status.h"
#include "lib/addr.h"

#define GSTAGE_RWX (PTE_R | PTE_W | PTE_X)

struct gstage {
	uint64_t *root;  /* 4 pages */
	unsigned levels; /* 3 (Sv39x4) to 5 (Sv57x4) */
	unsigned tables; /* pages in use, the root's four included */
};

/*
 * The narrowest of `modes` (bit m: ATP_* value m) for addresses below `end`: each level more makes every walk of the
 * hart longer. 0: none of them reaches so far.
 */
uint64_t gstage_mode(uint64_t modes, uint64_t end);

/* `mode` is an ATP_* value. ERR_NO_MEMORY. */
MUST_CHECK enum status gstage_init(struct gstage *g, uint64_t mode);

/* Nothing is mapped any more; the tables below the root are freed, not what they map. No hart may still use them. */
void gstage_clear(struct gstage *g);

/* Frees all tables, not what they map. No hart may still use it (invariant 3). */
void gstage_destroy(struct gstage *g);

/*
 * Maps [from, from+size) to [to, to+size) with the largest leaves that fit. All are multiples of 4 KiB,
 * nothing in the range is mapped yet. `perms` are PTE_R/W/X bits. ERR_NO_MEMORY: part may be mapped.
 */
MUST_CHECK enum status gstage_map(
	struct gstage *g, gpa_t from, hpa_t to, uint64_t size, uint64_t perms);

/* Removes every leaf in [from, from+size); the range must not cut a leaf. Tables stay. */
void gstage_unmap(struct gstage *g, gpa_t from, uint64_t size);

/* What `addr` maps to. false: nothing. */
bool gstage_lookup(const struct gstage *g, gpa_t addr, hpa_t *out, uint64_t *leaf_size);

/* hgatp for this table and VMID. */
uint64_t gstage_hgatp(const struct gstage *g, unsigned vmid);

#endif
