/* SPDX-License-Identifier: MIT */
/*
 * RAM is what the memory nodes name, in whole pages, sorted, with touching
 * ranges merged: nobody behind this has to think of overlaps. Reserved ranges
 * are kept as given; a reservation without a place ("size" only) is for an
 * operating system to fulfil and is left out.
 */
#include <libfdt.h>
#include <string.h>

#include "config/machine_parts.h"

#define PAGE 4096ull

static enum status too_many(struct machine_reader *r, const char *what, unsigned max)
{
	config_error_set(r->err, "more than %u %s", max, what);
	return ERR_INVALID;
}

static struct machine_range whole_pages(struct machine_range r)
{
	uint64_t end = (r.base + r.size) & ~(PAGE - 1);
	uint64_t base = (r.base + PAGE - 1) & ~(PAGE - 1);

	/* Rounding up the last page of the address space gives 0. */
	if (base < r.base || end <= base)
		return (struct machine_range){0};
	return (struct machine_range){base, end - base};
}

static void remove_ram(struct machine *m, unsigned i)
{
	m->n_ram--;
	memmove(&m->ram[i], &m->ram[i + 1], (m->n_ram - i) * sizeof(m->ram[0]));
}

static enum status add_ram(struct machine_reader *r, struct machine_range given)
{
	struct machine *m = r->out;
	struct machine_range new = whole_pages(given);
	unsigned i = 0;

	if (!new.size)
		return OK;
	while (i < m->n_ram) {
		struct machine_range old = m->ram[i];
		uint64_t end = new.base + new.size, old_end = old.base + old.size;

		if (end < old.base)
			break;
		if (old_end < new.base) {
			i++;
			continue;
		}
		new.base = old.base < new.base ? old.base : new.base;
		new.size = (old_end > end ? old_end : end) - new.base;
		remove_ram(m, i);
	}
	if (m->n_ram == MACHINE_RAM_MAX)
		return too_many(r, "ranges of RAM", MACHINE_RAM_MAX);
	memmove(&m->ram[i + 1], &m->ram[i], (m->n_ram - i) * sizeof(m->ram[0]));
	m->ram[i] = new;
	m->n_ram++;
	return OK;
}

static enum status add_reserved(struct machine_reader *r, struct machine_range range)
{
	struct machine *m = r->out;

	if (!range.size)
		return OK;
	if (m->n_reserved == MACHINE_RESERVED_MAX)
		return too_many(r, "reserved ranges of memory", MACHINE_RESERVED_MAX);
	m->reserved[m->n_reserved++] = range;
	return OK;
}

/* Gives every `reg` entry of the node to `add`. */
static enum status each_reg(struct machine_reader *r, int parent, int node,
	enum status (*add)(struct machine_reader *, struct machine_range))
{
	struct machine_range range;
	enum status status = OK;

	for (unsigned i = 0; status == OK && dt_reg_of(r->fdt, parent, node, i, &range); i++)
		status = add(r, range);
	return status;
}

static bool is_memory(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");

	return type && !strcmp(type, "memory") && dt_okay(fdt, node);
}

static enum status read_ram(struct machine_reader *r)
{
	int node;

	fdt_for_each_subnode(node, r->fdt, 0)
	{
		enum status status = is_memory(r->fdt, node) ? each_reg(r, 0, node, add_ram) : OK;

		if (status != OK)
			return status;
	}
	if (!r->out->n_ram) {
		config_error_set(r->err, "no RAM: it needs a memory node with a reg");
		return ERR_INVALID;
	}
	return OK;
}

static enum status read_memreserve(struct machine_reader *r)
{
	enum status status = OK;
	int n = fdt_num_mem_rsv(r->fdt);

	for (int i = 0; i < n && status == OK; i++) {
		struct machine_range range;

		if (fdt_get_mem_rsv(r->fdt, i, &range.base, &range.size))
			break;
		if (range.size > UINT64_MAX - range.base)
			range.size = UINT64_MAX - range.base;
		status = add_reserved(r, range);
	}
	return status;
}

static enum status read_reserved_nodes(struct machine_reader *r)
{
	int parent = fdt_path_offset(r->fdt, "/reserved-memory");
	int node;

	if (parent < 0)
		return OK;
	fdt_for_each_subnode(node, r->fdt, parent)
	{
		enum status status = OK;

		if (dt_okay(r->fdt, node))
			status = each_reg(r, parent, node, add_reserved);
		if (status != OK)
			return status;
	}
	return OK;
}

enum status machine_memory_read(struct machine_reader *r)
{
	enum status status = read_ram(r);

	if (status == OK)
		status = read_memreserve(r);
	return status == OK ? read_reserved_nodes(r) : status;
}
