/* SPDX-License-Identifier: MIT */
/*
 * A flattened device tree written front to back with libfdt's sequential
 * functions; the first error sticks and is looked at once, at the end.
 */
#ifndef VESPER_CONFIG_FDTW_H
#define VESPER_CONFIG_FDTW_H

#include <stddef.h>
#include <stdint.h>

struct fdtw {
	void *fdt;
	int error; /* of libfdt, the first; 0: none */
};

/* What a function of libfdt returned: kept if it is the first error. */
void fdtw_keep(struct fdtw *w, int result);

/* A node, by its name; what follows up to its end belongs to it. */
__attribute__((format(printf, 2, 3))) void fdtw_begin(struct fdtw *w, const char *format, ...);
void fdtw_end(struct fdtw *w);

/* A property: bytes as they are, none at all, a string, one or two cells. */
void fdtw_bytes(struct fdtw *w, const char *name, const void *data, size_t size);
void fdtw_flag(struct fdtw *w, const char *name);
void fdtw_text(struct fdtw *w, const char *name, const char *value);
void fdtw_number(struct fdtw *w, const char *name, uint32_t value);
void fdtw_number64(struct fdtw *w, const char *name, uint64_t value);

/* One entry of two cells each; #address-cells and #size-cells. */
void fdtw_reg(struct fdtw *w, uint64_t base, uint64_t size);
void fdtw_cells(struct fdtw *w, uint32_t address, uint32_t size);

#endif
