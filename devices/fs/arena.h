/* SPDX-License-Identifier: MIT */
/*
 * The memory of one file server: 4 KiB blocks, and small objects inside them.
 *
 * A block is known by its number; 0 is no block. One byte a block, at the
 * arena's start, says what each block is, so a number that came from a guest
 * can be checked before it is followed. What was never used is never touched.
 * Whoever needs several pieces asks arena_room() once and then takes them: no
 * taking fails after that.
 */
#ifndef VESPER_DEVICES_FS_ARENA_H
#define VESPER_DEVICES_FS_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_BLOCK 4096u

/* What a block is. From ARENA_NODE on: a slab of equal objects. */
enum arena_kind {
	ARENA_FREE,
	ARENA_TABLE, /* the table of kinds */
	ARENA_DATA,  /* a file's bytes or a page of its map */
	ARENA_NODE,
	ARENA_HANDLE,
	ARENA_SMALL, /* the first of the classes for objects of any size */
	ARENA_KINDS = ARENA_SMALL + 9,
};

#define ARENA_OBJECT_MAX 4080u /* bytes of the largest object */

/* Who may have the last blocks: what makes things smaller or only opens them must still work when
 * a guest has filled the arena. */
enum arena_use {
	ARENA_GROW,
	ARENA_LAST,
};

struct arena {
	uint8_t *base;
	uint32_t n_blocks;
	uint32_t n_free;
	uint32_t fresh;   /* blocks from here on were never used */
	uint32_t freed;   /* a list of blocks that were */
	uint32_t reserve; /* free blocks that ARENA_GROW leaves */
	uint32_t partial[ARENA_KINDS];
};

void arena_init(struct arena *a, void *mem, size_t size);

/* Are there `blocks` blocks? Counts one for each object to be made. */
bool arena_room(const struct arena *a, uint64_t blocks, enum arena_use use);

/* An ARENA_DATA block, its contents undefined; only after arena_room(). */
uint32_t arena_take(struct arena *a);
void arena_put(struct arena *a, uint32_t block);

static inline void *arena_at(const struct arena *a, uint32_t block)
{
	return a->base + (size_t)block * ARENA_BLOCK;
}

/* A zeroed object; only after arena_room(). */
void *arena_new(struct arena *a, enum arena_kind kind);
void *arena_new_sized(struct arena *a, size_t size);
/* Its first 8 bytes read as 0 from now on. */
void arena_delete(struct arena *a, void *object);

/*
 * Names an object in 31 bits or fewer, and finds it again: NULL unless `ref` is a place
 * for an object of that kind. It may be a deleted one.
 */
uint32_t arena_ref(const struct arena *a, const void *object);
void *arena_find(const struct arena *a, enum arena_kind kind, uint32_t ref);

/* The first place for such an object whose ref is at least *ref, and that ref; NULL: no more. */
void *arena_next(const struct arena *a, enum arena_kind kind, uint32_t *ref);

/* Does every count, list and table agree? For tests. */
bool arena_check(const struct arena *a);

#endif
