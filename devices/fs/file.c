/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and cutting a file. An unmodified page shows the image up
 * to base_size, which a truncation lowers for good, and zeros after it.
 */
#include "devices/fs/file.h"

#include <string.h>

#include "devices/fs/map.h"

#define SECTOR 512u

_Static_assert(FILE_SIZE_MAX == MAP_PAGES * ARENA_BLOCK, "the map reaches the largest size");
_Static_assert(FILE_ROOM > MAP_ROOM, "a page and its map");

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t pages_up(uint64_t bytes)
{
	return (bytes + ARENA_BLOCK - 1) / ARENA_BLOCK;
}

/* Where the pages without a value that begin at `index` end, in bytes; at most at `limit`. */
static uint64_t unmapped_end(
	const struct tree *t, const struct node *node, uint64_t index, uint64_t limit)
{
	if (!node->map)
		return limit;
	return min(map_next(t, node, index + 1, pages_up(limit)) * ARENA_BLOCK, limit);
}

uint64_t file_run(
	const struct tree *t, const struct node *node, uint64_t offset, const uint8_t **data)
{
	uint64_t index = offset / ARENA_BLOCK, inside = offset % ARENA_BLOCK, limit;
	uint32_t value = map_get(t, node, index);

	*data = NULL;
	if (value != MAP_NONE) {
		if (!(value & MAP_ZEROS))
			*data = (uint8_t *)arena_at(&t->arena, value) + inside;
		return min(ARENA_BLOCK - inside, node->size - offset);
	}
	if (offset >= node->base_size)
		return unmapped_end(t, node, index, node->size) - offset;
	limit = min(offset + erofs_data(&t->image, &node->base, offset, data), node->base_size);
	return unmapped_end(t, node, index, limit) - offset;
}

/* Copies what page `index` shows of the image; the rest is zeros. */
static bool copy_image(const struct tree *t, const struct node *node, uint64_t index, uint8_t *page)
{
	uint64_t start = index * ARENA_BLOCK, done = 0, run;
	uint64_t shown = node->base_size > start ? min(node->base_size - start, ARENA_BLOCK) : 0;
	const uint8_t *data;

	memset(page + shown, 0, ARENA_BLOCK - shown);
	for (; done < shown; done += run) {
		run = min(erofs_data(&t->image, &node->base, start + done, &data), shown - done);
		if (!run)
			return false;
		if (data)
			memcpy(page + done, data, run);
		else
			memset(page + done, 0, run);
	}
	return true;
}

bool file_can_page(const struct tree *t, const struct node *node, uint64_t index)
{
	return map_block(map_get(t, node, index)) || arena_room(&t->arena, FILE_ROOM, ARENA_GROW);
}

uint8_t *file_page(struct tree *t, struct node *node, uint64_t index, bool whole)
{
	uint32_t value = map_get(t, node, index), block = map_block(value);
	uint8_t *page;

	if (value && value == block)
		return arena_at(&t->arena, block);
	if (!block)
		block = arena_take(&t->arena);
	page = arena_at(&t->arena, block);
	if (!whole && value & MAP_ZEROS)
		memset(page, 0, ARENA_BLOCK);
	if (!whole && value == MAP_NONE && !copy_image(t, node, index, page)) {
		arena_put(&t->arena, block);
		return NULL;
	}
	map_set(t, node, index, block);
	return page;
}

void file_resize(struct tree *t, struct node *node, uint64_t size)
{
	uint64_t inside = size % ARENA_BLOCK;
	uint32_t last = inside ? map_get(t, node, size / ARENA_BLOCK) : MAP_NONE;

	if (size < node->size) {
		map_clear(t, node, pages_up(size), MAP_PAGES);
		if (map_block(last) && !(last & MAP_ZEROS))
			memset((uint8_t *)arena_at(&t->arena, last) + inside, 0,
				ARENA_BLOCK - inside);
		node->base_size = min(node->base_size, size);
	}
	node->size = size;
}

/* Zeros in a part of one page; -ENOSPC, -EIO or 0. */
static int zero_part(struct tree *t, struct node *node, uint64_t from, uint64_t to)
{
	const uint8_t *data;
	uint8_t *page;

	if (from >= to || from >= node->size)
		return 0;
	if (file_run(t, node, from, &data) >= min(to, node->size) - from && !data)
		return 0;
	if (!file_can_page(t, node, from / ARENA_BLOCK))
		return -FUSE_ENOSPC;
	page = file_page(t, node, from / ARENA_BLOCK, false);
	if (!page)
		return -FUSE_EIO;
	memset(page + from % ARENA_BLOCK, 0, to - from);
	return 0;
}

/* Whole pages: no block, and a mark where the image would show. */
static int punch_pages(struct tree *t, struct node *node, uint64_t first, uint64_t end)
{
	uint64_t shown = pages_up(node->base_size), marked = min(end, shown), index;

	if (end >= shown) {
		node->base_size = min(node->base_size, first * ARENA_BLOCK);
		marked = first;
	}
	if (marked > first &&
		!arena_room(&t->arena, (marked - first) / 1024 + 2 * MAP_ROOM, ARENA_GROW))
		return -FUSE_ENOSPC;
	map_clear(t, node, first, end);
	for (index = first; index < marked; index++)
		map_set(t, node, index, MAP_ZEROS);
	return 0;
}

int file_punch(struct tree *t, struct node *node, uint64_t from, uint64_t to)
{
	uint64_t first = pages_up(from), end = to / ARENA_BLOCK;
	int err;

	if (first > end) /* inside one page */
		return zero_part(t, node, from, to);
	err = zero_part(t, node, from, first * ARENA_BLOCK);
	if (!err)
		err = zero_part(t, node, end * ARENA_BLOCK, to);
	if (!err && first < end)
		err = punch_pages(t, node, first, end);
	return err;
}

/* Gives page `index` a block, not written where it only shows zeros: there may be many such pages. */
static bool reserve_page(struct tree *t, struct node *node, uint64_t index)
{
	uint32_t value = map_get(t, node, index);

	if (map_block(value))
		return true;
	if (value == MAP_NONE && index * ARENA_BLOCK < node->base_size)
		return file_page(t, node, index, false) != NULL;
	map_set(t, node, index, arena_take(&t->arena) | MAP_ZEROS);
	return true;
}

int file_reserve(struct tree *t, struct node *node, uint64_t from, uint64_t to)
{
	uint64_t first = from / ARENA_BLOCK, end = pages_up(to), needed = 0, index;

	if (end - first > t->arena.n_free + (uint64_t)node->map_blocks)
		return -FUSE_ENOSPC;
	for (index = first; index < end; index++)
		needed += !map_block(map_get(t, node, index));
	if (!arena_room(&t->arena, needed + needed / 1024 + 2 * MAP_ROOM, ARENA_GROW))
		return -FUSE_ENOSPC;
	for (index = first; index < end; index++)
		if (!reserve_page(t, node, index))
			return -FUSE_EIO;
	return 0;
}

bool file_seek(const struct tree *t, const struct node *node, uint64_t *offset, bool data)
{
	while (*offset < node->size) {
		const uint8_t *bytes;
		uint64_t run = file_run(t, node, *offset, &bytes);

		if ((bytes != NULL) == data || !run)
			return true;
		*offset += run;
	}
	*offset = node->size; /* the end of a file is a hole */
	return !data;
}

void file_clear(struct tree *t, struct node *node)
{
	map_clear(t, node, 0, MAP_PAGES);
	node->size = 0;
	node->base_size = 0;
}

uint64_t file_sectors(const struct node *node)
{
	uint64_t own = (uint64_t)node->map_blocks * (ARENA_BLOCK / SECTOR);
	uint64_t base = pages_up(node->base_size) * (ARENA_BLOCK / SECTOR);
	uint64_t all = pages_up(node->size) * (ARENA_BLOCK / SECTOR);

	if (node_type(node) != FUSE_S_IFREG)
		return all;
	return base ? min(own + base, all > own ? all : own) : own;
}
