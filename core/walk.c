/* SPDX-License-Identifier: MIT */
/*
 * The hart made this walk just before, and found the translation valid as far as it came; what would have been
 * a page fault went to the guest. So A, D, most rights and the reserved bits were checked already. But
 * other harts of the guest may have changed the table since, or ours used an older one: whatever is
 * not valid now ends the walk, and the access then runs again.
 */
#include "core/walk.h"

#include "include/abi/csr.h"

#define ENTRY_SIZE 8

/* A 64 KiB page of 16 entries that are all alike (Svnapot); no other size is defined. */
#define NAPOT_BITS 4
#define NAPOT_MARK 8ull

static uint64_t low_bits(uint64_t value, unsigned n)
{
	return value & ((1ull << n) - 1);
}

/* Page-table levels; 0: Bare. */
static unsigned levels_of(uint64_t vsatp)
{
	uint64_t mode = vsatp >> ATP_MODE_SHIFT;

	return mode ? (unsigned)(mode - ATP_SV39 + 3) : 0;
}

static bool is_canonical(uint64_t addr, unsigned levels)
{
	unsigned unused = 64 - 12 - 9 * levels;

	return (uint64_t)((int64_t)(addr << unused) >> unused) == addr;
}

static uint64_t ppn_of(uint64_t pte)
{
	return pte >> PTE_PPN_SHIFT & PTE_PPN_MASK;
}

/* The place of `addr` in the page of a leaf at `level`; false: a page fault. */
static bool in_page(uint64_t pte, unsigned level, uint64_t addr, gpa_t *out)
{
	uint64_t ppn = ppn_of(pte);
	unsigned below = 9 * level; /* bits of the page number that come from `addr` */

	if (pte & PTE_N) {
		if (level || low_bits(ppn, NAPOT_BITS) != NAPOT_MARK)
			return false;
		below = NAPOT_BITS;
		ppn -= NAPOT_MARK;
	}
	if (low_bits(ppn, below))
		return false;
	*out = gpa(ppn << 12 | low_bits(addr, 12 + below));
	return true;
}

enum walk_end walk_find(
	uint64_t vsatp, uint64_t addr, uint64_t needs, walk_ram *ram, struct vm *vm, gpa_t *out)
{
	uint64_t pte = vsatp << PTE_PPN_SHIFT; /* as if it pointed to the root */
	unsigned level = levels_of(vsatp);

	*out = gpa(addr);
	if (!level)
		return WALK_PAGE;
	if (!is_canonical(addr, level))
		return WALK_AGAIN;
	while (level-- > 0) {
		uint64_t index = low_bits(addr >> (12 + 9 * level), 9);

		*out = gpa(ppn_of(pte) << 12 | index * ENTRY_SIZE);
		const uint64_t *entry = ram(vm, *out, ENTRY_SIZE);

		if (!entry)
			return WALK_TABLE;
		pte = __atomic_load_n(entry, __ATOMIC_RELAXED);
		if (!(pte & PTE_V))
			return WALK_AGAIN;
		if (pte & (PTE_R | PTE_W | PTE_X))
			return (pte & needs) == needs && in_page(pte, level, addr, out)
				       ? WALK_PAGE
				       : WALK_AGAIN;
	}
	return WALK_AGAIN;
}
