/* SPDX-License-Identifier: MIT */
/*
 * A disk that is a read-only image with what was written over it in memory. The image is seen in blocks
 * of 4 KiB; an index says for each where its bytes are: in the image, in a block of the arena, or nowhere, as it is all zero.
 */
#ifndef VESPER_BACKENDS_COW_H
#define VESPER_BACKENDS_COW_H

#include <stddef.h>
#include <stdint.h>

#include "include/status.h"

#define COW_BLOCK 4096u

struct cow {
	const uint8_t *image;
	uint64_t image_size; /* bytes; beyond there are zeroes */
	uint32_t *index;     /* one for each block of the image */
	uint8_t *arena;
	uint32_t blocks; /* of the arena */
	uint32_t fresh;  /* of them from here on none was ever in use */
	uint32_t free;   /* the first that was given back, as in the index; 0: none */
	uint32_t used;
};

/* Bytes of memory for an image of that size; UINT64_MAX: too large. */
uint64_t cow_memory_needed(uint64_t image_size, uint64_t arena_size);

/* `memory` is as many bytes as that, page-aligned, contents undefined. */
void cow_init(
	struct cow *cow, const void *image, uint64_t image_size, uint64_t arena_size, void *memory);

/*
 * [offset, +len) lies inside of the image's size, rounded up to a block. ERR_NO_SPACE: the arena is full, and what comes first
 * was written.
 */
void cow_read(const struct cow *cow, uint64_t offset, void *out, uint64_t len);
MUST_CHECK enum status cow_write(struct cow *cow, uint64_t offset, const void *data, uint64_t len);
MUST_CHECK enum status cow_zero(struct cow *cow, uint64_t offset, uint64_t len);

/* Whole blocks of it become zero and give their memory back; the rest stays. */
void cow_discard(struct cow *cow, uint64_t offset, uint64_t len);

#endif
