/* SPDX-License-Identifier: MIT */
/* An image with writes over it, beside a plain copy of it that is simply written to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/cow.h"

#define BLOCKS 8
#define SIZE   (BLOCKS * COW_BLOCK - 1536) /* the last block is not whole */
#define DISK   ((SIZE + 511) / 512 * 512)

static struct cow cow;
static uint8_t *image, *memory, *model;

static void open_cow(unsigned arena_blocks)
{
	size_t size = cow_memory_needed(SIZE, arena_blocks * COW_BLOCK);

	image = malloc(SIZE); /* its own size, so that a byte too far is seen */
	model = calloc(1, DISK);
	memory = malloc(size);
	memset(memory, 0xa5, size);
	for (size_t i = 0; i < SIZE; i++)
		image[i] = model[i] = (uint8_t)(i * 7 + i / 256 + 1);
	cow_init(&cow, image, SIZE, arena_blocks * COW_BLOCK, memory);
}

static int close_cow(void **state)
{
	(void)state;
	free(image);
	free(model);
	free(memory);
	return 0;
}

static void expect_model(void)
{
	uint8_t *out = malloc(DISK);

	cow_read(&cow, 0, out, DISK);
	assert_memory_equal(out, model, DISK);
	free(out);
}

static enum status write_both(uint64_t offset, uint8_t byte, size_t len)
{
	uint8_t data[DISK];

	memset(data, byte, len);
	enum status status = cow_write(&cow, offset, data, len);
	if (status == OK)
		memcpy(model + offset, data, len);
	return status;
}

static void test_image(void **state)
{
	(void)state;
	open_cow(0);
	expect_model();
	assert_int_equal(write_both(0, 1, 1), ERR_NO_SPACE);
	expect_model();
}

static void test_parts_of_blocks(void **state)
{
	(void)state;
	open_cow(BLOCKS);
	assert_int_equal(write_both(512, 0xaa, 512), OK);
	assert_int_equal(cow.used, 1);
	expect_model();
	assert_int_equal(write_both(COW_BLOCK - 512, 0xbb, 1024), OK);
	assert_int_equal(cow.used, 2);
	expect_model();
	assert_int_equal(write_both(DISK - 512, 0xcc, 512), OK);
	expect_model();
	assert_int_equal(write_both(0, 0xdd, DISK), OK);
	assert_int_equal(cow.used, BLOCKS);
	expect_model();
}

static void test_full(void **state)
{
	(void)state;
	open_cow(2);
	assert_int_equal(write_both(0, 1, COW_BLOCK), OK);
	assert_int_equal(write_both(3 * COW_BLOCK, 2, 512), OK);
	assert_int_equal(write_both(5 * COW_BLOCK, 3, 512), ERR_NO_SPACE);
	assert_int_equal(cow_zero(&cow, 5 * COW_BLOCK, 512), ERR_NO_SPACE);
	/* What has its block already can still be written. */
	assert_int_equal(write_both(512, 4, 3 * 512), OK);
	expect_model();
	/* A block that is given back can be used by another. */
	cow_discard(&cow, 0, COW_BLOCK);
	memset(model, 0, COW_BLOCK);
	assert_int_equal(cow.used, 1);
	assert_int_equal(write_both(5 * COW_BLOCK, 3, 512), OK);
	assert_int_equal(write_both(0, 3, 512), ERR_NO_SPACE);
	expect_model();
}

static void test_zeroes(void **state)
{
	(void)state;
	open_cow(2);
	/* Whole blocks take no memory. */
	assert_int_equal(cow_zero(&cow, 0, 4 * COW_BLOCK), OK);
	memset(model, 0, 4 * COW_BLOCK);
	assert_int_equal(cow.used, 0);
	expect_model();
	/* A part of a zero block neither; of another it does. */
	assert_int_equal(cow_zero(&cow, COW_BLOCK + 512, 512), OK);
	assert_int_equal(cow.used, 0);
	assert_int_equal(cow_zero(&cow, 4 * COW_BLOCK + 512, 512), OK);
	memset(model + 4 * COW_BLOCK + 512, 0, 512);
	assert_int_equal(cow.used, 1);
	expect_model();
	/* What is written into a zero block has zeroes around it, whatever the memory held. */
	memset(memory + cow_memory_needed(SIZE, 0), 0x5a, COW_BLOCK);
	memset(model + 4 * COW_BLOCK, 0x5a, COW_BLOCK);
	cow_discard(&cow, 4 * COW_BLOCK, COW_BLOCK);
	memset(model + 4 * COW_BLOCK, 0, COW_BLOCK);
	assert_int_equal(write_both(2 * COW_BLOCK + 1024, 9, 512), OK);
	expect_model();
}

static void test_discard_of_parts(void **state)
{
	(void)state;
	open_cow(BLOCKS);
	assert_int_equal(write_both(0, 1, 3 * COW_BLOCK), OK);
	cow_discard(&cow, 512, 2 * COW_BLOCK);
	memset(model + COW_BLOCK, 0, COW_BLOCK);
	assert_int_equal(cow.used, 2);
	expect_model();
	cow_discard(&cow, 0, 0);
	expect_model();
}

static void random_step(void)
{
	uint64_t offset = (unsigned)rand() % (DISK / 512) * 512;
	size_t len = (unsigned)rand() % 20 * 512;

	len = len < DISK - offset ? len : (size_t)(DISK - offset);
	switch (rand() % 4) {
	case 0:
		assert_int_equal(cow_zero(&cow, offset, len), OK);
		memset(model + offset, 0, len);
		break;
	case 1:
		cow_discard(&cow, offset, len);
		for (uint64_t b = (offset + COW_BLOCK - 1) / COW_BLOCK * COW_BLOCK;
			b + COW_BLOCK <= offset + len; b += COW_BLOCK)
			memset(model + b, 0, COW_BLOCK);
		break;
	default:
		assert_int_equal(write_both(offset, (uint8_t)rand(), len), OK);
	}
}

static void test_random(void **state)
{
	(void)state;
	open_cow(BLOCKS);
	srand(1);
	for (unsigned i = 0; i < 3000; i++) {
		random_step();
		if (i % 10 == 0)
			expect_model();
	}
	cow_discard(&cow, 0, (BLOCKS - 1) * COW_BLOCK);
	assert_true(cow.used <= 1);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(cow_memory_needed(0, 0), 0);
	assert_int_equal(cow_memory_needed(1, 0), COW_BLOCK);
	assert_int_equal(cow_memory_needed(1024 * COW_BLOCK, 0), COW_BLOCK);
	assert_int_equal(cow_memory_needed(1024 * COW_BLOCK + 1, COW_BLOCK), 3 * COW_BLOCK);
	assert_true(cow_memory_needed(1, UINT64_MAX) == UINT64_MAX);
	assert_true(cow_memory_needed(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_image, close_cow),
		cmocka_unit_test_teardown(test_parts_of_blocks, close_cow),
		cmocka_unit_test_teardown(test_full, close_cow),
		cmocka_unit_test_teardown(test_zeroes, close_cow),
		cmocka_unit_test_teardown(test_discard_of_parts, close_cow),
		cmocka_unit_test_teardown(test_random, close_cow),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
