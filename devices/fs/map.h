/* SPDX-License-Identifier: MIT */
/*
 * A file's map from page numbers to blocks of the arena: a tree of pages with
 * 1,024 entries each, as high as the highest page in it needs. A value is a
 * block, and MAP_ZEROS if the page shows zeros, whatever the block has in it;
 * without a block it is a hole in spite of what the image has there.
 */
#ifndef VESPER_DEVICES_FS_MAP_H
#define VESPER_DEVICES_FS_MAP_H

#include "devices/fs/node.h"

#define MAP_NONE  0u
#define MAP_ZEROS (1u << 31)
#define MAP_BITS  10
#define MAP_PAGES (1ull << 3 * MAP_BITS) /* numbers below this */
#define MAP_ROOM  5                      /* blocks that one map_set() may take */

/* 0: the value has none. */
static inline uint32_t map_block(uint32_t value)
{
	return value & ~MAP_ZEROS;
}

/* MAP_NONE: the image shows, or what is behind its end. */
uint32_t map_get(const struct tree *t, const struct node *node, uint64_t index);

/* There is room for MAP_ROOM blocks. The inode becomes changed, as it owns memory now. */
void map_set(struct tree *t, struct node *node, uint64_t index, uint32_t value);

/* The first page in [index, end) that has a value, else `end`. */
uint64_t map_next(const struct tree *t, const struct node *node, uint64_t index, uint64_t end);

/* Sets [first, end) to MAP_NONE and frees its blocks, and the map's pages that become empty. */
void map_clear(struct tree *t, struct node *node, uint64_t first, uint64_t end);

#endif
