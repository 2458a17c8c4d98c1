/* SPDX-License-Identifier: MIT */
/*
 * A file's map from page numbers to blocks of the arena: a tree of pages with
 * 1,024 entries each, as high as the highest page in it needs. It knows
 * nothing of the image but MAP_HOLE: zeros in spite of what the image has.
 */
#ifndef VESPER_DEVICES_FS_MAP_H
#define VESPER_DEVICES_FS_MAP_H

#include "devices/fs/node.h"

#define MAP_NONE  0u
#define MAP_HOLE  UINT32_MAX
#define MAP_BITS  10
#define MAP_PAGES (1ull << 3 * MAP_BITS) /* numbers below this */
#define MAP_ROOM  5                      /* blocks that one map_set() may take */

static inline bool map_is_block(uint32_t value)
{
	return value != MAP_NONE && value != MAP_HOLE;
}

/* A block, MAP_HOLE or MAP_NONE. */
uint32_t map_get(const struct tree *t, const struct node *node, uint64_t index);

/* There is room for MAP_ROOM blocks. */
void map_set(struct tree *t, struct node *node, uint64_t index, uint32_t value);

/* The first page from `index` on that has a value; MAP_PAGES: none. */
uint64_t map_next(const struct tree *t, const struct node *node, uint64_t index);

/* Sets [first, end) to MAP_NONE and frees its blocks, and the map's pages that become empty. */
void map_clear(struct tree *t, struct node *node, uint64_t first, uint64_t end);

#endif
