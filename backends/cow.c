/* SPDX-License-Identifier: MIT */
#include "backends/cow.h"

#include <string.h>

/* What the index says of a block; from ARENA on, it is the arena's block of that number less ARENA. */
enum {
	IMAGE,
	ZERO,
	ARENA,
};

static uint64_t blocks_of(uint64_t size)
{
	return size / COW_BLOCK + (size % COW_BLOCK != 0);
}

static uint64_t index_size(uint64_t image_size)
{
	return blocks_of(blocks_of(image_size) * sizeof(uint32_t)) * COW_BLOCK;
}

uint64_t cow_memory_needed(uint64_t image_size, uint64_t arena_size)
{
	uint64_t total;

	if (arena_size / COW_BLOCK > UINT32_MAX - ARENA ||
		__builtin_add_overflow(index_size(image_size), arena_size, &total))
		return UINT64_MAX;
	return total;
}

void cow_init(
	struct cow *cow, const void *image, uint64_t image_size, uint64_t arena_size, void *memory)
{
	*cow = (struct cow){
		.image = image,
		.image_size = image_size,
		.index = memory,
		.arena = (uint8_t *)memory + index_size(image_size),
		.blocks = (uint32_t)(arena_size / COW_BLOCK),
	};
	memset(cow->index, 0, index_size(image_size)); /* IMAGE */
}

static uint8_t *arena_block(const struct cow *cow, uint32_t entry)
{
	return cow->arena + (uint64_t)(entry - ARENA) * COW_BLOCK;
}

/* What was given back is linked through its first bytes. */
static uint32_t take_block(struct cow *cow)
{
	uint32_t entry = cow->free;

	if (entry)
		memcpy(&cow->free, arena_block(cow, entry), sizeof(cow->free));
	else if (cow->fresh < cow->blocks)
		entry = ARENA + cow->fresh++;
	cow->used += entry != 0;
	return entry;
}

static void set_zero(struct cow *cow, uint64_t block)
{
	uint32_t entry = cow->index[block];

	if (entry >= ARENA) {
		memcpy(arena_block(cow, entry), &cow->free, sizeof(cow->free));
		cow->free = entry;
		cow->used--;
	}
	cow->index[block] = ZERO;
}

/* The image's own bytes at `offset`; zeroes behind its end. */
static void read_image(const struct cow *cow, uint64_t offset, uint8_t *out, size_t len)
{
	uint64_t there = offset < cow->image_size ? cow->image_size - offset : 0;
	size_t n = there < len ? (size_t)there : len;

	memcpy(out, cow->image + (n ? offset : 0), n);
	memset(out + n, 0, len - n);
}

/* The part of [offset, +len) that lies in the block of `offset`. */
static size_t part(uint64_t offset, uint64_t len)
{
	uint64_t left = COW_BLOCK - offset % COW_BLOCK;

	return (size_t)(len < left ? len : left);
}

static void read_part(const struct cow *cow, uint64_t offset, uint8_t *out, size_t len)
{
	uint32_t entry = cow->index[offset / COW_BLOCK];

	if (entry == IMAGE)
		read_image(cow, offset, out, len);
	else if (entry == ZERO)
		memset(out, 0, len);
	else
		memcpy(out, arena_block(cow, entry) + offset % COW_BLOCK, len);
}

void cow_read(const struct cow *cow, uint64_t offset, void *out, uint64_t len)
{
	uint8_t *to = out;

	for (size_t n; len > 0; offset += n, to += n, len -= n) {
		n = part(offset, len);
		read_part(cow, offset, to, n);
	}
}

/* A block of the arena for what is written at `offset`; what `len` bytes don't replace is copied first. NULL: it is full. */
static uint8_t *own_block(struct cow *cow, uint64_t offset, size_t len)
{
	uint64_t block = offset / COW_BLOCK;
	uint32_t entry = cow->index[block];

	if (entry < ARENA) {
		entry = take_block(cow);
		if (!entry)
			return NULL;
		if (len < COW_BLOCK)
			read_part(cow, block * COW_BLOCK, arena_block(cow, entry), COW_BLOCK);
		cow->index[block] = entry;
	}
	return arena_block(cow, entry);
}

enum status cow_write(struct cow *cow, uint64_t offset, const void *data, uint64_t len)
{
	const uint8_t *from = data;

	for (size_t n; len > 0; offset += n, from += n, len -= n) {
		n = part(offset, len);
		uint8_t *to = own_block(cow, offset, n);

		if (!to)
			return ERR_NO_SPACE;
		memcpy(to + offset % COW_BLOCK, from, n);
	}
	return OK;
}

static enum status zero_part(struct cow *cow, uint64_t offset, size_t len)
{
	if (len == COW_BLOCK) {
		set_zero(cow, offset / COW_BLOCK);
		return OK;
	}
	if (cow->index[offset / COW_BLOCK] == ZERO)
		return OK;
	uint8_t *to = own_block(cow, offset, len);

	if (!to)
		return ERR_NO_SPACE;
	memset(to + offset % COW_BLOCK, 0, len);
	return OK;
}

enum status cow_zero(struct cow *cow, uint64_t offset, uint64_t len)
{
	for (size_t n; len > 0; offset += n, len -= n) {
		n = part(offset, len);
		enum status status = zero_part(cow, offset, n);

		if (status != OK)
			return status;
	}
	return OK;
}

void cow_discard(struct cow *cow, uint64_t offset, uint64_t len)
{
	for (size_t n; len > 0; offset += n, len -= n) {
		n = part(offset, len);
		if (n == COW_BLOCK)
			set_zero(cow, offset / COW_BLOCK);
	}
}
