/* SPDX-License-Identifier: MIT */
/* Any operations on an image with a small arena, beside a plain copy; and blocks in use are counted right. */
#include <stdlib.h>

#include "backends/cow.h"
#include "tests/fuzz/input.h"

#define BLOCKS 6
#define SIZE   (BLOCKS * COW_BLOCK - 1000u)
#define DISK   ((SIZE + 511) / 512 * 512)
#define ARENA  4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cow cow;
static uint8_t model[DISK];

static void require(int what)
{
	if (!what)
		abort();
}

static void check(void)
{
	static uint8_t out[DISK];
	unsigned used = 0;

	cow_read(&cow, 0, out, DISK);
	require(memcmp(out, model, DISK) == 0);
	for (unsigned i = 0; i < BLOCKS; i++)
		used += cow.index[i] > 1;
	require(used == cow.used && used <= ARENA);
}

/* When the arena is full a part may have been written: the model takes over what is there. */
static void adopt(uint64_t offset, size_t len, enum status status)
{
	if (status == OK)
		return;
	require(status == ERR_NO_SPACE && cow.used == ARENA);
	cow_read(&cow, offset, model + offset, len);
}

static void step(struct input *in)
{
	static uint8_t bytes[DISK];
	uint8_t op = (uint8_t)input_number(in, 1);
	uint64_t offset = input_number(in, 1) * 512 % DISK;
	size_t len = input_number(in, 1) % 24 * 512;

	len = len < DISK - offset ? len : (size_t)(DISK - offset);
	switch (op & 3) {
	case 0:
		cow_discard(&cow, offset, len);
		for (uint64_t b = (offset + COW_BLOCK - 1) / COW_BLOCK * COW_BLOCK;
			b + COW_BLOCK <= offset + len; b += COW_BLOCK)
			memset(model + b, 0, COW_BLOCK);
		break;
	case 1:
		memset(model + offset, 0, len);
		adopt(offset, len, cow_zero(&cow, offset, len));
		break;
	default:
		memset(bytes, op, len);
		memset(model + offset, op, len);
		adopt(offset, len, cow_write(&cow, offset, bytes, len));
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t *image = malloc(SIZE);
	uint8_t *memory = calloc(1, cow_memory_needed(SIZE, ARENA * COW_BLOCK));

	memset(model, 0, sizeof(model));
	for (size_t i = 0; i < SIZE; i++)
		image[i] = model[i] = (uint8_t)(i / 100 + 1);
	cow_init(&cow, image, SIZE, ARENA * COW_BLOCK, memory);
	check();
	for (unsigned i = 0; i < 200 && in.left > 0; i++)
		step(&in);
	free(image);
	free(memory);
	return 0;
}
