/* SPDX-License-Identifier: MIT */
#include "core/gstage.h"

#include "core/page.h"
#include "include/abi/csr.h"
#include "lib/log.h"

#define TABLE_ENTRIES 512
#define ROOT_ENTRIES  (4 * TABLE_ENTRIES)

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * level;
}

static unsigned levels_of(uint64_t mode)
{
	return (unsigned)(3 + mode - ATP_SV39);
}

/* The widest GPA has two bits more than the page-table format's virtual address. */
static uint64_t gpa_limit(unsigned levels)
{
	return 1ull << (level_shift(levels) + 2);
}

static uint64_t *entry(uint64_t *table, bool root, unsigned level, uint64_t addr)
{
	uint64_t index = addr >> level_shift(level);

	return &table[index & (root ? ROOT_ENTRIES - 1 : TABLE_ENTRIES - 1)];
}

static uint64_t *table_of(uint64_t pte)
{
	return (uint64_t *)(uintptr_t)((pte >> PTE_PPN_SHIFT & PTE_PPN_MASK) << 12);
}

static uint64_t pte_for(uint64_t addr, uint64_t bits)
{
	return addr >> 12 << PTE_PPN_SHIFT | bits | PTE_V;
}

static bool is_leaf(uint64_t pte)
{
	return pte & (PTE_R | PTE_W | PTE_X);
}

uint64_t gstage_mode(uint64_t modes, uint64_t end)
{
	for (uint64_t mode = ATP_SV39; mode <= ATP_SV57; mode++)
		if (modes >> mode & 1 && end <= gpa_limit(levels_of(mode)))
			return mode;
	return 0;
}

enum status gstage_init(struct gstage *g, uint64_t mode)
{
	g->levels = levels_of(mode);
	g->root = page_alloc(4);
	g->tables = 4;
	return g->root ? OK : ERR_NO_MEMORY;
}

/* Frees the tables below one entry of a table at `level`. Depth is at most 4. */
static void free_below(struct gstage *g, uint64_t pte, unsigned level)
{
	if (!(pte & PTE_V) || is_leaf(pte))
		return;
	uint64_t *table = table_of(pte);
	for (unsigned i = 0; level > 1 && i < TABLE_ENTRIES; i++)
		free_below(g, table[i], level - 1);
	page_free(table, 1);
	g->tables--;
}

void gstage_clear(struct gstage *g)
{
	for (unsigned i = 0; i < ROOT_ENTRIES; i++) {
		free_below(g, g->root[i], g->levels - 1);
		g->root[i] = 0;
	}
}

void gstage_destroy(struct gstage *g)
{
	gstage_clear(g);
	page_free(g->root, 4);
	g->root = NULL;
	g->tables = 0;
}

/* The table that holds the entry for `addr` at `level`; NULL: not there (and not to be made, or no memory). */
static uint64_t *descend(struct gstage *g, uint64_t addr, unsigned level, bool make)
{
	uint64_t *table = g->root;

	for (unsigned l = g->levels - 1; l > level; l--) {
		uint64_t *e = entry(table, l == g->levels - 1, l, addr);

		if (!(*e & PTE_V)) {
			uint64_t *below = make ? page_alloc(1) : NULL;

			if (!below)
				return NULL;
			g->tables++;
			*e = pte_for((uintptr_t)below, 0);
		}
		ASSERT(!is_leaf(*e));
		table = table_of(*e);
	}
	return table;
}

/* The highest level whose leaf starts at both addresses and is not larger than what is left. */
static unsigned leaf_level(const struct gstage *g, uint64_t from, uint64_t to, uint64_t left)
{
	unsigned level = g->levels - 1 < 2 ? g->levels - 1 : 2;

	while (level && (((from | to) & ((1ull << level_shift(level)) - 1)) ||
				left < 1ull << level_shift(level)))
		level--;
	return level;
}

enum status gstage_map(struct gstage *g, gpa_t from, hpa_t to, uint64_t size, uint64_t perms)
{
	uint64_t step;

	ASSERT(!((from.a | to.a | size) & (PAGE_SIZE - 1)));
	if (!range_inside(from.a, size, 0, gpa_limit(g->levels)))
		return ERR_INVALID;
	for (uint64_t done = 0; done < size; done += step) {
		unsigned level = leaf_level(g, from.a + done, to.a + done, size - done);
		uint64_t *table = descend(g, from.a + done, level, true);

		if (!table)
			return ERR_NO_MEMORY;
		uint64_t *e = entry(table, level == g->levels - 1, level, from.a + done);
		ASSERT(!(*e & PTE_V));
		*e = pte_for(to.a + done, perms | PTE_U | PTE_A | PTE_D);
		step = 1ull << level_shift(level);
	}
	return OK;
}

/* The entry that ends the walk for `addr`, and its level. */
static uint64_t *walk(const struct gstage *g, uint64_t addr, unsigned *level)
{
	uint64_t *table = g->root;

	for (unsigned l = g->levels - 1;; l--) {
		uint64_t *e = entry(table, l == g->levels - 1, l, addr);

		if (!l || !(*e & PTE_V) || is_leaf(*e)) {
			*level = l;
			return e;
		}
		table = table_of(*e);
	}
}

void gstage_unmap(struct gstage *g, gpa_t from, uint64_t size)
{
	uint64_t step;

	for (uint64_t done = 0; done < size; done += step) {
		unsigned level;
		uint64_t *e = walk(g, from.a + done, &level);
		uint64_t leaf = 1ull << level_shift(level);

		step = leaf - ((from.a + done) & (leaf - 1));
		if (!(*e & PTE_V))
			continue;
		ASSERT(step == leaf && leaf <= size - done);
		*e = 0;
	}
}

bool gstage_lookup(const struct gstage *g, gpa_t addr, hpa_t *out, uint64_t *leaf_size)
{
	unsigned level;

	if (addr.a >= gpa_limit(g->levels))
		return false;
	uint64_t pte = *walk(g, addr.a, &level);
	if (!(pte & PTE_V))
		return false;
	*leaf_size = 1ull << level_shift(level);
	*out = hpa((pte >> PTE_PPN_SHIFT & PTE_PPN_MASK) << 12 | (addr.a & (*leaf_size - 1)));
	return true;
}

uint64_t gstage_hgatp(const struct gstage *g, unsigned vmid)
{
	return (ATP_SV39 + g->levels - 3) << ATP_MODE_SHIFT | (uint64_t)vmid << HGATP_VMID_SHIFT |
	       (uintptr_t)g->root >> 12;
}
