/* SPDX-License-Identifier: MIT */
#include "core/page.h"

#include <string.h>

#include "core/zero.h"
#include "lib/log.h"
#include "lib/spinlock.h"

#define PAGES_PER_BLOCK (BLOCK_SIZE / PAGE_SIZE)
#define MAP_WORDS       (PAGES_PER_BLOCK / 64)
#define RANGES_MAX      64

/*
 * A block is free (in the free list), whole (given out as one), or cut into
 * pages; a cut block with a free page is in the cut list.
 */
struct block {
	uint64_t used[MAP_WORDS]; /* cut: bit p is set while page p is given out */
	struct block *next;       /* free list, or cut list */
	uint64_t base;            /* host-physical address */
	uint16_t n_used;
	bool cut;
};

struct region {
	uint64_t base; /* of the first block */
	uint64_t n;
	struct block *blocks;
};

static struct region regions[RANGES_MAX];
static unsigned n_regions;
static struct block *free_list, *zeroed_list, *cut_list;
static uint64_t n_free;     /* on both lists */
static uint64_t n_reserved; /* of those */
static struct spinlock lock;
static unsigned n_zeroed;
static uint64_t overhead;

static struct block *block_of(uint64_t addr)
{
	for (unsigned i = 0; i < n_regions; i++)
		if (range_inside(addr, 1, regions[i].base, regions[i].n * BLOCK_SIZE))
			return &regions[i].blocks[(addr - regions[i].base) / BLOCK_SIZE];
	panic("page %lx was never ours", (unsigned long)addr);
}

static struct block *take(struct block **list)
{
	struct block *b = *list;

	if (b)
		*list = b->next;
	return b;
}

static void put(struct block **list, struct block *b)
{
	b->next = *list;
	*list = b;
}

static struct block *take_zeroed(void)
{
	struct block *b = take(&zeroed_list);

	if (b)
		n_zeroed--;
	return b;
}

/* Any free block, with the lock; NULL: none. */
static struct block *take_free(void)
{
	struct block *b = take(&free_list);

	if (!b)
		b = take_zeroed();
	if (b)
		n_free--;
	return b;
}

static void *base_of(const struct block *b)
{
	return b ? (void *)b->base : NULL;
}

static void put_free(void *block, uint64_t reserve)
{
	struct block *b = block_of((uintptr_t)block);

	ASSERT(b->base == (uintptr_t)block && !b->cut);
	spin_lock(&lock);
	put(&free_list, b);
	n_free++;
	n_reserved += reserve;
	spin_unlock(&lock);
}

void *page_alloc_block(void)
{
	spin_lock(&lock);
	struct block *b = n_free > n_reserved ? take_free() : NULL;

	spin_unlock(&lock);
	return base_of(b);
}

void page_free_block(void *block)
{
	put_free(block, 0);
}

bool page_reserve(uint64_t n)
{
	spin_lock(&lock);
	bool enough = n_free >= n_reserved && n_free - n_reserved >= n;

	if (enough)
		n_reserved += n;
	spin_unlock(&lock);
	return enough;
}

void page_unreserve(uint64_t n)
{
	spin_lock(&lock);
	ASSERT(n_reserved >= n);
	n_reserved -= n;
	spin_unlock(&lock);
}

void *page_take_reserved(void)
{
	spin_lock(&lock);
	struct block *b = take_free();

	ASSERT(b && n_reserved);
	n_reserved--;
	spin_unlock(&lock);
	return base_of(b);
}

void *page_take_reserved_zeroed(void)
{
	spin_lock(&lock);
	struct block *b = take_zeroed();
	bool zeroed = b;

	if (!b)
		b = take(&free_list);
	ASSERT(b && n_reserved);
	n_free--;
	n_reserved--;
	spin_unlock(&lock);
	if (!zeroed)
		zero_pages(base_of(b), BLOCK_SIZE);
	return base_of(b);
}

void page_return_reserved(void *block)
{
	put_free(block, 1);
}

/* For the time before other harts run. */
void page_zero_ahead(unsigned n)
{
	struct block *b;

	for (; n_zeroed < n && (b = take(&free_list)); n_zeroed++) {
		zero_pages((void *)b->base, BLOCK_SIZE);
		put(&zeroed_list, b);
	}
}

/* The first aligned run of n free pages in a block, or PAGES_PER_BLOCK. */
static unsigned find_run(const struct block *b, unsigned n)
{
	uint64_t run = (1ull << n) - 1;

	for (unsigned p = 0; p < PAGES_PER_BLOCK; p += n)
		if (!(b->used[p / 64] >> (p % 64) & run))
			return p;
	return PAGES_PER_BLOCK;
}

static void *take_run(struct block *b, unsigned p, unsigned n)
{
	b->used[p / 64] |= ((1ull << n) - 1) << (p % 64);
	b->n_used = (uint16_t)(b->n_used + n);
	return (void *)(b->base + p * PAGE_SIZE);
}

/* A run from a block that is cut already; NULL: none fits. */
static void *take_from_cut(unsigned n)
{
	for (struct block **link = &cut_list; *link; link = &(*link)->next) {
		struct block *b = *link;
		unsigned p = find_run(b, n);

		if (p == PAGES_PER_BLOCK)
			continue;
		void *pages = take_run(b, p, n);

		if (b->n_used == PAGES_PER_BLOCK)
			*link = b->next;
		return pages;
	}
	return NULL;
}

/*
 * Reserved or not: whoever reserves counts in what its page tables take, so that a VM that
 * runs never lacks one.
 */
static void *take_from_new(unsigned n)
{
	struct block *b = take_free();

	if (!b)
		return NULL;
	b->cut = true;
	overhead += BLOCK_SIZE;
	put(&cut_list, b);
	return take_run(b, 0, n);
}

void *page_alloc(unsigned n)
{
	spin_lock(&lock);
	void *pages = take_from_cut(n);

	if (!pages)
		pages = take_from_new(n);
	spin_unlock(&lock);
	if (pages)
		zero_pages(pages, n * PAGE_SIZE);
	return pages;
}

static void leave_cut_list(struct block *b)
{
	struct block **link = &cut_list;

	while (*link != b)
		link = &(*link)->next;
	*link = b->next;
	b->cut = false;
	overhead -= BLOCK_SIZE;
	put(&free_list, b);
	n_free++;
}

void page_free(void *pages, unsigned n)
{
	struct block *b = block_of((uintptr_t)pages);
	unsigned p = (unsigned)(((uintptr_t)pages - b->base) / PAGE_SIZE);
	uint64_t run = ((1ull << n) - 1) << (p % 64);

	spin_lock(&lock);
	ASSERT(b->cut && (b->used[p / 64] & run) == run);
	if (b->n_used == PAGES_PER_BLOCK)
		put(&cut_list, b);
	b->used[p / 64] &= ~run;
	b->n_used = (uint16_t)(b->n_used - n);
	if (!b->n_used)
		leave_cut_list(b);
	spin_unlock(&lock);
}

uint64_t page_free_bytes(void)
{
	return n_free > n_reserved ? (n_free - n_reserved) * BLOCK_SIZE : 0;
}

uint64_t page_overhead(void)
{
	return overhead;
}

/* ---- initialisation ---- */

struct range_list {
	unsigned n;
	struct machine_range range[RANGES_MAX];
};

/* Cuts [base, base+size) out of every range in the list. */
static void list_subtract(struct range_list *list, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < list->n; i++) {
		struct machine_range *r = &list->range[i];
		uint64_t end = r->base + r->size, cut_end = base + size;

		if (base >= end || cut_end <= r->base)
			continue;
		if (cut_end < end && base > r->base && list->n < RANGES_MAX)
			list->range[list->n++] = (struct machine_range){cut_end, end - cut_end};
		if (base > r->base)
			r->size = base - r->base;
		else if (cut_end < end)
			*r = (struct machine_range){cut_end, end - cut_end};
		else
			r->size = 0;
	}
}

/* Makes a region of a range; its block table is at the range's own start. */
static void add_region(const struct machine_range *range)
{
	uint64_t base = (range->base + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	uint64_t end = range->base + range->size;
	struct block *table = (struct block *)base;

	if (end <= base)
		return;
	uint64_t table_size = ((end - base) / BLOCK_SIZE + 1) * sizeof(struct block);
	uint64_t first = (base + table_size + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);

	if (first >= end || end - first < BLOCK_SIZE || n_regions == RANGES_MAX)
		return;
	struct region *r = &regions[n_regions++];
	*r = (struct region){first, (end - first) / BLOCK_SIZE, table};
	memset(table, 0, r->n * sizeof(*table));
	for (uint64_t i = r->n; i-- > 0;) {
		table[i].base = first + i * BLOCK_SIZE;
		put(&free_list, &table[i]);
	}
	n_free += r->n;
	overhead += table_size;
}

enum status page_init(const struct machine *machine, const struct machine_range *used, unsigned n)
{
	struct range_list list = {0};

	n_regions = 0;
	n_free = n_reserved = overhead = 0;
	free_list = zeroed_list = cut_list = NULL;
	n_zeroed = 0;
	for (unsigned i = 0; i < machine->n_ram; i++)
		list.range[list.n++] = machine->ram[i];
	list_subtract(&list, 0, PAGE_SIZE); /* page 0 stays unmapped */
	for (unsigned i = 0; i < machine->n_reserved; i++)
		list_subtract(&list, machine->reserved[i].base, machine->reserved[i].size);
	for (unsigned i = 0; i < n; i++)
		list_subtract(&list, used[i].base, used[i].size);
	for (unsigned i = 0; i < list.n; i++)
		add_region(&list.range[i]);
	return n_free ? OK : ERR_NO_MEMORY;
}
