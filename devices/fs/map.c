/* SPDX-License-Identifier: MIT */
/* The map of a file: node->map is its root, node->map_height its height in pages. */
#include "devices/fs/map.h"

#include <string.h>

#define ENTRIES (1u << MAP_BITS)
#define MASK    (ENTRIES - 1)

_Static_assert(ENTRIES * sizeof(uint32_t) == ARENA_BLOCK, "a page of the map fills a block");

/* Pages of the file that an entry at this height stands for. */
static uint64_t span(unsigned height)
{
	return 1ull << MAP_BITS * height;
}

uint32_t map_get(const struct tree *t, const struct node *node, uint64_t index)
{
	unsigned height = node->map_height;
	uint32_t at = node->map;

	if (index >= span(height))
		return MAP_NONE;
	for (; at && height; height--)
		at = ((uint32_t *)arena_at(&t->arena, at))[index / span(height - 1) & MASK];
	return at;
}

static uint32_t new_page(struct tree *t)
{
	uint32_t page = arena_take(&t->arena);

	memset(arena_at(&t->arena, page), 0, ARENA_BLOCK);
	return page;
}

static void grow(struct tree *t, struct node *node, uint64_t index)
{
	for (; index >= span(node->map_height); node->map_height++) {
		uint32_t page;

		if (!node->map)
			continue;
		page = new_page(t);
		*(uint32_t *)arena_at(&t->arena, page) = node->map;
		node->map = page;
	}
}

void map_set(struct tree *t, struct node *node, uint64_t index, uint32_t value)
{
	uint32_t *at = &node->map;
	unsigned height;

	grow(t, node, index);
	for (height = node->map_height; height; height--) {
		if (!*at)
			*at = new_page(t);
		at = (uint32_t *)arena_at(&t->arena, *at) + (index / span(height - 1) & MASK);
	}
	node->map_blocks += map_block(value) != 0;
	node->map_blocks -= map_block(*at) != 0;
	*at = value;
	node->changed = true;
}

uint64_t map_next(const struct tree *t, const struct node *node, uint64_t index, uint64_t end)
{
	while (index < end && index < span(node->map_height)) {
		unsigned height = node->map_height;
		uint32_t at = node->map;

		for (; at && height; height--)
			at = ((uint32_t *)arena_at(&t->arena, at))[index / span(height - 1) & MASK];
		if (at)
			return index;
		index = (index / span(height) + 1) * span(height);
	}
	return end;
}

static bool is_empty(const uint32_t *page)
{
	unsigned i = 0;

	while (i < ENTRIES && !page[i])
		i++;
	return i == ENTRIES;
}

static void clear_leaf(struct tree *t, struct node *node, uint32_t *at)
{
	if (map_block(*at)) {
		arena_put(&t->arena, map_block(*at));
		node->map_blocks--;
	}
	*at = MAP_NONE;
}

/*
 * The part below one entry, whose first page number is `start`. Depth is the map's height, at
 * most 3.
 */
static void clear_below(struct tree *t, struct node *node, uint32_t *at, unsigned height,
	uint64_t start, uint64_t first, uint64_t end)
{
	uint64_t step = height ? span(height - 1) : 0;
	uint32_t *page;

	if (!*at)
		return;
	if (!height) {
		clear_leaf(t, node, at);
		return;
	}
	page = arena_at(&t->arena, *at);
	for (uint64_t i = first > start ? (first - start) / step : 0;
		i < ENTRIES && start + i * step < end; i++)
		clear_below(t, node, &page[i], height - 1, start + i * step, first, end);
	if (is_empty(page)) {
		arena_put(&t->arena, *at);
		*at = MAP_NONE;
	}
}

void map_clear(struct tree *t, struct node *node, uint64_t first, uint64_t end)
{
	if (first < end && first < span(node->map_height))
		clear_below(t, node, &node->map, node->map_height, 0, first, end);
	if (!node->map)
		node->map_height = 0;
}
