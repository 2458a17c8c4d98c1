/* SPDX-License-Identifier: MIT */
/*
 * Blocks and slabs. A free block's first word links to the next free one; a
 * slab is a header and equal objects, on the list of its kind while one of
 * them is free, and given back with its last object.
 */
#include "devices/fs/arena.h"

#include <string.h>

#include "devices/fs/node.h"

#define REF_SLOT_BITS 8

struct slab {
	uint32_t next, prev; /* slabs of the kind with a free object */
	uint16_t used;
	uint16_t fresh; /* objects from here on were never used */
	uint16_t freed; /* list of freed objects, as index + 1 */
	uint16_t padding;
};

/* A deleted object: its first 8 bytes must read as 0. */
struct hole {
	uint64_t zero;
	uint16_t next;
};

static const uint16_t object_size[ARENA_KINDS] = {
	[ARENA_NODE] = sizeof(struct node),
	[ARENA_HANDLE] = sizeof(struct handle),
	[ARENA_SMALL] = 64,
	[ARENA_SMALL + 1] = 80,
	[ARENA_SMALL + 2] = 104,
	[ARENA_SMALL + 3] = 152,
	[ARENA_SMALL + 4] = 224,
	[ARENA_SMALL + 5] = 336,
	[ARENA_SMALL + 6] = 680,
	[ARENA_SMALL + 7] = 1360,
	[ARENA_SMALL + 8] = ARENA_OBJECT_MAX,
};

_Static_assert(sizeof(struct slab) + ARENA_OBJECT_MAX == ARENA_BLOCK, "the largest fills a slab");
_Static_assert((ARENA_BLOCK - sizeof(struct slab)) / sizeof(struct handle) <= 1 << REF_SLOT_BITS,
	"a slot's number fits into a ref");

static uint8_t *kinds(const struct arena *a)
{
	return a->base;
}

static unsigned capacity(enum arena_kind kind)
{
	return (ARENA_BLOCK - (unsigned)sizeof(struct slab)) / object_size[kind];
}

static void *object_at(struct slab *slab, enum arena_kind kind, unsigned slot)
{
	return (uint8_t *)(slab + 1) + (size_t)slot * object_size[kind];
}

static uint32_t reserve_of(uint32_t n_blocks)
{
	uint32_t reserve = n_blocks / 32;

	if (reserve > 512)
		return 512;
	return reserve < 8 ? 8 : reserve;
}

void arena_init(struct arena *a, void *mem, size_t size)
{
	size_t blocks = size / ARENA_BLOCK;
	uint32_t table;

	memset(a, 0, sizeof(*a));
	if (blocks > 1u << (31 - REF_SLOT_BITS))
		blocks = 1u << (31 - REF_SLOT_BITS);
	table = (uint32_t)((blocks + ARENA_BLOCK - 1) / ARENA_BLOCK);
	a->base = mem;
	a->n_blocks = (uint32_t)blocks;
	a->n_free = a->n_blocks - table;
	a->fresh = table;
	a->reserve = reserve_of(a->n_blocks);
	memset(mem, ARENA_FREE, blocks);
	memset(mem, ARENA_TABLE, table);
}

bool arena_room(const struct arena *a, uint64_t blocks, enum arena_use use)
{
	uint32_t kept = use == ARENA_GROW ? a->reserve : 0;

	return a->n_free >= kept && blocks <= a->n_free - kept;
}

static uint32_t take(struct arena *a, enum arena_kind kind)
{
	uint32_t block = a->freed;

	if (block)
		memcpy(&a->freed, arena_at(a, block), sizeof(a->freed));
	else
		block = a->fresh++;
	a->n_free--;
	kinds(a)[block] = (uint8_t)kind;
	return block;
}

uint32_t arena_take(struct arena *a)
{
	return take(a, ARENA_DATA);
}

void arena_put(struct arena *a, uint32_t block)
{
	memcpy(arena_at(a, block), &a->freed, sizeof(a->freed));
	kinds(a)[block] = ARENA_FREE;
	a->freed = block;
	a->n_free++;
}

static uint32_t block_of(const struct arena *a, const void *p)
{
	return (uint32_t)((size_t)((const uint8_t *)p - a->base) / ARENA_BLOCK);
}

static void list_add(struct arena *a, enum arena_kind kind, uint32_t block)
{
	struct slab *slab = arena_at(a, block);

	slab->prev = 0;
	slab->next = a->partial[kind];
	if (slab->next)
		((struct slab *)arena_at(a, slab->next))->prev = block;
	a->partial[kind] = block;
}

static void list_remove(struct arena *a, enum arena_kind kind, const struct slab *slab)
{
	if (slab->next)
		((struct slab *)arena_at(a, slab->next))->prev = slab->prev;
	if (slab->prev)
		((struct slab *)arena_at(a, slab->prev))->next = slab->next;
	else
		a->partial[kind] = slab->next;
}

static struct slab *slab_with_room(struct arena *a, enum arena_kind kind)
{
	if (!a->partial[kind]) {
		uint32_t block = take(a, kind);

		memset(arena_at(a, block), 0, sizeof(struct slab));
		list_add(a, kind, block);
	}
	return arena_at(a, a->partial[kind]);
}

void *arena_new(struct arena *a, enum arena_kind kind)
{
	struct slab *slab = slab_with_room(a, kind);
	void *object;

	if (slab->freed) {
		object = object_at(slab, kind, slab->freed - 1u);
		slab->freed = ((struct hole *)object)->next;
	} else {
		object = object_at(slab, kind, slab->fresh++);
	}
	if (++slab->used == capacity(kind))
		list_remove(a, kind, slab);
	return memset(object, 0, object_size[kind]);
}

void *arena_new_sized(struct arena *a, size_t size)
{
	enum arena_kind kind = ARENA_SMALL;

	while (object_size[kind] < size)
		kind++;
	return arena_new(a, kind);
}

static unsigned slot_of(const struct slab *slab, enum arena_kind kind, const void *object)
{
	return (unsigned)((size_t)((const uint8_t *)object - (const uint8_t *)(slab + 1)) /
			  object_size[kind]);
}

void arena_delete(struct arena *a, void *object)
{
	uint32_t block = block_of(a, object);
	enum arena_kind kind = kinds(a)[block];
	struct slab *slab = arena_at(a, block);
	struct hole *hole = object;

	hole->zero = 0;
	hole->next = slab->freed;
	slab->freed = (uint16_t)(slot_of(slab, kind, object) + 1);
	if (slab->used-- == capacity(kind))
		list_add(a, kind, block);
	if (!slab->used) {
		list_remove(a, kind, slab);
		arena_put(a, block);
	}
}

uint32_t arena_ref(const struct arena *a, const void *object)
{
	uint32_t block = block_of(a, object);

	return block << REF_SLOT_BITS | slot_of(arena_at(a, block), kinds(a)[block], object);
}

void *arena_find(const struct arena *a, enum arena_kind kind, uint32_t ref)
{
	uint32_t block = ref >> REF_SLOT_BITS, slot = ref & ((1u << REF_SLOT_BITS) - 1);
	struct slab *slab;

	if (block >= a->n_blocks || kinds(a)[block] != kind)
		return NULL;
	slab = arena_at(a, block);
	return slot < slab->fresh ? object_at(slab, kind, slot) : NULL;
}

void *arena_next(const struct arena *a, enum arena_kind kind, uint32_t *ref)
{
	uint32_t block = *ref >> REF_SLOT_BITS;

	for (; block < a->fresh; *ref = ++block << REF_SLOT_BITS) {
		void *object = arena_find(a, kind, *ref);

		if (object)
			return object;
	}
	return NULL;
}

/* Are the slabs of a kind that have a free object on its list, and no others? */
static bool check_partial(const struct arena *a, enum arena_kind kind)
{
	uint32_t with_room = 0, listed = 0, block;

	for (block = 0; block < a->fresh; block++) {
		const struct slab *slab = arena_at(a, block);

		with_room += kinds(a)[block] == kind && slab->used < capacity(kind);
	}
	for (block = a->partial[kind]; block && listed <= with_room; listed++) {
		const struct slab *slab = arena_at(a, block);

		if (kinds(a)[block] != kind || !slab->used || slab->used == capacity(kind))
			return false;
		block = slab->next;
	}
	return listed == with_room;
}

bool arena_check(const struct arena *a)
{
	uint32_t free_blocks = 0, listed = 0, block;

	for (block = 0; block < a->n_blocks; block++)
		free_blocks += kinds(a)[block] == ARENA_FREE;
	for (block = a->freed; block && listed <= a->n_blocks; listed++) {
		if (block >= a->fresh || kinds(a)[block] != ARENA_FREE)
			return false;
		memcpy(&block, arena_at(a, block), sizeof(block));
	}
	for (enum arena_kind kind = ARENA_NODE; kind < ARENA_KINDS; kind++)
		if (!check_partial(a, kind))
			return false;
	return free_blocks == a->n_free && listed + (a->n_blocks - a->fresh) == free_blocks;
}
