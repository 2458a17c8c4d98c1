/* SPDX-License-Identifier: MIT */
#include "config/dt.h"

#include <libfdt.h>
#include <string.h>

/* Version 17 is what every tool writes; with an older one fdt_check_full() itself may fault. */
#define VERSION_MIN 17

int dt_check(const void *fdt, size_t size)
{
	int error;

	if (size < sizeof(struct fdt_header))
		return -FDT_ERR_TRUNCATED;
	error = fdt_check_header(fdt);
	if (!error && fdt_magic(fdt) != FDT_MAGIC)
		error = -FDT_ERR_BADMAGIC;
	if (!error && fdt_version(fdt) < VERSION_MIN)
		error = -FDT_ERR_BADVERSION;
	return error ? error : fdt_check_full(fdt, size);
}

static uint32_t cell(const void *cells, int index)
{
	return fdt32_ld((const fdt32_t *)cells + index);
}

/* `n` cells (0, 1 or 2) from the cell `index` on. */
static uint64_t number_at(const void *cells, int index, int n)
{
	if (n == 0)
		return 0;
	return n == 1 ? cell(cells, index)
		      : (uint64_t)cell(cells, index) << 32 | cell(cells, index + 1);
}

uint32_t dt_u32(const void *fdt, int node, const char *name, uint32_t fallback)
{
	int len;
	const void *value = fdt_getprop(fdt, node, name, &len);

	return value && len == 4 ? cell(value, 0) : fallback;
}

bool dt_number(const void *fdt, int node, const char *name, uint64_t *out)
{
	int len;
	const void *value = fdt_getprop(fdt, node, name, &len);

	if (!value || (len != 4 && len != 8))
		return false;
	*out = number_at(value, 0, len / 4);
	return true;
}

const char *dt_string(const void *fdt, int node, const char *name)
{
	int len;
	const char *value = fdt_getprop(fdt, node, name, &len);

	return value && len > 0 && memchr(value, 0, (size_t)len) ? value : NULL;
}

bool dt_okay(const void *fdt, int node)
{
	int len;
	const char *status;

	if (!fdt_getprop(fdt, node, "status", &len))
		return true;
	status = dt_string(fdt, node, "status");
	return status && (!strcmp(status, "okay") || !strcmp(status, "ok"));
}

bool dt_compatible(const void *fdt, int node, const char *name)
{
	return fdt_stringlist_search(fdt, node, "compatible", name) >= 0;
}

/* How many cells an address and a size have below `bus`. */
struct cells {
	int address, size;
};

static bool cells_of(const void *fdt, int bus, struct cells *out)
{
	out->address = (int)dt_u32(fdt, bus, "#address-cells", 2);
	out->size = (int)dt_u32(fdt, bus, "#size-cells", 1);
	return out->address >= 1 && out->address <= 2 && out->size >= 0 && out->size <= 2;
}

bool dt_reg_of(const void *fdt, int parent, int node, unsigned index, struct machine_range *out)
{
	struct cells cells;
	int len;
	const void *reg = fdt_getprop(fdt, node, "reg", &len);

	if (!reg || !cells_of(fdt, parent, &cells))
		return false;
	int entry = cells.address + cells.size;

	if (index >= (unsigned)(len / 4 / entry))
		return false;
	out->base = number_at(reg, (int)index * entry, cells.address);
	out->size = number_at(reg, (int)index * entry + cells.address, cells.size);
	return out->base + out->size >= out->base;
}

void dt_walk_start(struct dt_walk *w, const void *fdt)
{
	w->fdt = fdt;
	w->depth = 0;
	w->node[0] = 0;
}

int dt_walk_next(struct dt_walk *w)
{
	int node = w->node[w->depth];

	do {
		node = fdt_next_node(w->fdt, node, &w->depth);
		if (node < 0 || w->depth < 0)
			return -1;
	} while (w->depth >= DT_DEPTH_MAX);
	w->node[w->depth] = node;
	return node;
}

/* Moves `r` from the address space below `bus` to the one of `above`, the bus's parent. */
static bool translate(const void *fdt, int above, int bus, struct machine_range *r)
{
	struct cells child, parent;
	int len;
	const void *ranges = fdt_getprop(fdt, bus, "ranges", &len);

	if (!ranges || !len)
		return true;
	if (!cells_of(fdt, bus, &child) || !cells_of(fdt, above, &parent))
		return false;
	int entry = child.address + parent.address + child.size;

	for (int at = 0; at + entry <= len / 4; at += entry) {
		uint64_t from = number_at(ranges, at, child.address);
		uint64_t to = number_at(ranges, at + child.address, parent.address);
		uint64_t size = number_at(ranges, at + child.address + parent.address, child.size);

		if (!range_inside(r->base, r->size, from, size))
			continue;
		r->base = to + (r->base - from);
		return r->base + r->size >= r->base;
	}
	return false;
}

bool dt_walk_reg(const struct dt_walk *w, unsigned index, struct machine_range *out)
{
	if (!w->depth || !dt_reg_of(w->fdt, w->node[w->depth - 1], w->node[w->depth], index, out))
		return false;
	for (int d = w->depth - 1; d > 0; d--)
		if (!translate(w->fdt, w->node[d - 1], w->node[d], out))
			return false;
	return out->size != 0;
}

bool dt_walk_interrupt(const struct dt_walk *w, uint32_t *parent, uint32_t *number)
{
	int node = w->node[w->depth], len;
	const void *value = fdt_getprop(w->fdt, node, "interrupts-extended", &len);

	if (value && len >= 8) {
		*parent = cell(value, 0);
		*number = cell(value, 1);
		return true;
	}
	value = fdt_getprop(w->fdt, node, "interrupts", &len);
	if (!value || len < 4)
		return false;
	*number = cell(value, 0);
	*parent = 0;
	for (int d = w->depth; d >= 0 && !*parent; d--)
		*parent = dt_u32(w->fdt, w->node[d], "interrupt-parent", 0);
	return *parent != 0;
}
