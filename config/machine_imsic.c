/* SPDX-License-Identifier: MIT */
/*
 * The IMSIC of S-mode. The index of a hart in interrupts-extended gives the
 * place of its page, and the page's address gives the hart's index for the
 * APLIC (AIA, "Arrangement of the memory regions of multiple interrupt files"
 * and "MSI delivery mode"; the binding riscv,imsics). Firmware that is wrong
 * here would have interrupts written to anywhere, so the two must agree.
 */
#include <libfdt.h>

#include "config/machine_parts.h"

#define IMSIC_PAGE_SHIFT      12
#define IMSIC_IDS_MIN         63
#define IMSIC_IDS_MAX         2047
#define IMSIC_GUEST_BITS_MAX  6 /* GEILEN is 63 at most */
#define IMSIC_HART_BITS_MAX   14
#define IMSIC_GROUP_BITS_MAX  7
#define IMSIC_GROUP_SHIFT     24 /* where the tree does not say */
#define IMSIC_GROUP_SHIFT_MAX 55

/* An interrupt file's address: base | group << group_shift | hart << hart_shift | guest << 12. */
struct layout {
	unsigned hart_shift, hart_bits, group_shift, group_bits;
	uint64_t base;
};

static unsigned bits_for(uint64_t values)
{
	unsigned bits = 0;

	while (bits < 63 && 1ull << bits < values)
		bits++;
	return bits;
}

/* false: out of the ranges of the specification and the binding. */
static bool read_layout(struct machine_reader *r, int node, struct layout *out)
{
	int len = 0;
	unsigned guest_bits = dt_u32(r->fdt, node, "riscv,guest-index-bits", 0);

	if (!fdt_getprop(r->fdt, node, "interrupts-extended", &len))
		return false;
	*out = (struct layout){
		.hart_shift = IMSIC_PAGE_SHIFT + guest_bits,
		.hart_bits =
			dt_u32(r->fdt, node, "riscv,hart-index-bits", bits_for((uint64_t)len / 8)),
		.group_shift = dt_u32(r->fdt, node, "riscv,group-index-shift", IMSIC_GROUP_SHIFT),
		.group_bits = dt_u32(r->fdt, node, "riscv,group-index-bits", 0),
	};
	if (guest_bits > IMSIC_GUEST_BITS_MAX || out->hart_bits > IMSIC_HART_BITS_MAX ||
		out->group_bits > IMSIC_GROUP_BITS_MAX ||
		out->hart_bits + out->group_bits > IMSIC_HART_BITS_MAX)
		return false;
	return !out->group_bits || (out->group_shift >= out->hart_shift + out->hart_bits &&
					   out->group_shift >= IMSIC_GROUP_SHIFT &&
					   out->group_shift <= IMSIC_GROUP_SHIFT_MAX);
}

static uint64_t mask(unsigned bits)
{
	return (1ull << bits) - 1;
}

/* The address without what differs between harts. */
static uint64_t base_of(const struct layout *l, uint64_t page)
{
	uint64_t group = l->group_bits ? mask(l->group_bits) << l->group_shift : 0;

	return page & ~mask(l->hart_shift + l->hart_bits) & ~group;
}

/* As an APLIC's target registers have it: the group's number above the hart's in it. */
static uint32_t hart_index(const struct layout *l, uint64_t page)
{
	uint64_t group = l->group_bits ? page >> l->group_shift & mask(l->group_bits) : 0;

	return (uint32_t)(group << l->hart_bits | (page >> l->hart_shift & mask(l->hart_bits)));
}

/* The files of entry `i` of interrupts-extended: the ranges of `reg` in a row are an array. */
static bool locate(const struct dt_walk *walk, const struct layout *l, uint32_t i, uint64_t *page)
{
	uint64_t size = 1ull << l->hart_shift, offset = i * size;
	struct machine_range reg;

	for (unsigned entry = 0; dt_walk_reg(walk, entry, &reg); entry++) {
		if (offset < reg.size) {
			*page = reg.base + offset;
			return size <= reg.size - offset && !(*page & (size - 1)) && *page;
		}
		/* A last hart's pages may be cut in a range, but they count. */
		offset -= (reg.size + size - 1) & ~(size - 1);
	}
	return false;
}

/* Finds the pages of all harts that have a number; false: `reg` and the layout do not agree. */
static bool locate_all(struct machine_reader *r, const struct dt_walk *walk, struct layout *l,
	const uint32_t number[MACHINE_HARTS_MAX], uint64_t page[MACHINE_HARTS_MAX])
{
	bool first = true;

	for (unsigned i = 0; i < r->out->n_harts; i++) {
		if (number[i] == MACHINE_NO_CONTEXT)
			continue;
		if (!locate(walk, l, number[i], &page[i]))
			return false;
		if (first)
			l->base = base_of(l, page[i]);
		first = false;
		if (base_of(l, page[i]) != l->base)
			return false;
	}
	return true;
}

void machine_imsic_read(struct machine_reader *r, const struct dt_walk *walk)
{
	struct machine *m = r->out;
	int node = walk->node[walk->depth];
	unsigned ids = dt_u32(r->fdt, node, "riscv,num-ids", 0);
	uint32_t number[MACHINE_HARTS_MAX];
	uint64_t page[MACHINE_HARTS_MAX] = {0};
	struct layout layout;

	if (m->imsic_ids || ids < IMSIC_IDS_MIN || ids > IMSIC_IDS_MAX || (ids + 1) % 64)
		return;
	/* With causes other than 9 it is the one of M-mode. */
	if (!read_layout(r, node, &layout) || !machine_irq_harts(r, node, UINT64_MAX, number))
		return;
	if (!locate_all(r, walk, &layout, number, page))
		return;
	for (unsigned i = 0; i < m->n_harts; i++) {
		if (!page[i])
			continue;
		m->hart[i].imsic = page[i];
		m->hart[i].guest_files = (1u << (layout.hart_shift - IMSIC_PAGE_SHIFT)) - 1;
		r->imsic_index[i] = hart_index(&layout, page[i]);
	}
	m->imsic_ids = ids;
	r->imsic = fdt_get_phandle(r->fdt, node);
}
