/* SPDX-License-Identifier: MIT */
/* The physical page allocator: no page is given out twice, all of it comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/page.h"
#include "tests/unit/stub_core.h"

#define BLOCKS 6

static struct machine machine;

static int setup(void **state)
{
	(void)state;
	stub_memory(&machine, BLOCKS, false);
	return page_init(&machine, NULL, 0) == OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	stub_memory_free();
	return 0;
}

static void all_blocks_once(void **state)
{
	void *block[BLOCKS];

	(void)state;
	assert_int_equal(page_free_bytes(), BLOCKS * BLOCK_SIZE);
	for (unsigned i = 0; i < BLOCKS; i++) {
		block[i] = page_alloc_block();
		assert_non_null(block[i]);
		assert_int_equal((uintptr_t)block[i] % BLOCK_SIZE, 0);
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(block[i], block[j]);
		memset(block[i], 0xaa, BLOCK_SIZE);
	}
	assert_null(page_alloc_block());
	assert_null(page_alloc(1));
	for (unsigned i = 0; i < BLOCKS; i++)
		page_free_block(block[i]);
	assert_int_equal(page_free_bytes(), BLOCKS * BLOCK_SIZE);
}

static void pages_are_zeroed_aligned_and_apart(void **state)
{
	static const unsigned size[] = {1, 4, 2, 1, 2, 4, 4, 1};
	uint8_t *pages[512];
	unsigned total = 0;

	(void)state;
	void *dirty = page_alloc_block();
	assert_non_null(dirty);
	memset(dirty, 0x55, BLOCK_SIZE);
	page_free_block(dirty);
	for (unsigned i = 0; i < 512; i++) {
		unsigned n = size[i % 8];

		pages[i] = page_alloc(n);
		assert_non_null(pages[i]);
		assert_int_equal((uintptr_t)pages[i] % (n * PAGE_SIZE), 0);
		for (unsigned b = 0; b < n * PAGE_SIZE; b++)
			assert_int_equal(pages[i][b], 0);
		memset(pages[i], 0xff, n * PAGE_SIZE);
		total += n;
	}
	assert_true(page_overhead() >= total * PAGE_SIZE);
	for (unsigned i = 0; i < 512; i++)
		page_free(pages[(i * 37) % 512], size[(i * 37) % 512 % 8]);
	assert_int_equal(page_free_bytes(), BLOCKS * BLOCK_SIZE);
}

static void a_full_block_takes_pages_again(void **state)
{
	void *first, *other;

	(void)state;
	first = page_alloc(1);
	for (unsigned i = 1; i < 512; i++)
		assert_non_null(page_alloc(1));
	other = page_alloc(1); /* from a second block */
	assert_true((uintptr_t)other / BLOCK_SIZE != (uintptr_t)first / BLOCK_SIZE);
	page_free(first, 1);
	page_free(other, 1);
	assert_ptr_equal(page_alloc(1), first);
	assert_int_equal(page_free_bytes(), (BLOCKS - 1) * BLOCK_SIZE);
}

static void blocks_zeroed_ahead_are_zero_and_counted(void **state)
{
	static const uint8_t zero[4096];

	(void)state;
	for (unsigned i = 0; i < BLOCKS; i++)
		memset((void *)(machine.ram[0].base + (i + 1) * BLOCK_SIZE), 0x77, BLOCK_SIZE);
	page_zero_ahead(2);
	assert_int_equal(page_free_bytes(), BLOCKS * BLOCK_SIZE);
	assert_true(page_reserve(3));
	for (unsigned i = 0; i < 3; i++) { /* two that are ready, one that is made so */
		uint8_t *block = page_take_reserved_zeroed();

		for (unsigned at = 0; at < BLOCK_SIZE; at += sizeof(zero))
			assert_memory_equal(block + at, zero, sizeof(zero));
	}
	page_zero_ahead(BLOCKS);
	for (unsigned i = 3; i < BLOCKS; i++)
		assert_non_null(page_alloc_block()); /* a zeroed one serves when no other is left */
	assert_null(page_alloc_block());
	assert_false(page_reserve(1));
	assert_int_equal(page_free_bytes(), 0);
}

static void what_is_reserved_is_kept(void **state)
{
	void *taken;

	(void)state;
	assert_true(page_reserve(BLOCKS - 1));
	assert_false(page_reserve(2));
	assert_int_equal(page_free_bytes(), BLOCK_SIZE);
	assert_non_null(page_alloc_block());
	assert_null(page_alloc_block()); /* those that are left are spoken for */
	taken = page_take_reserved();
	for (unsigned i = 2; i < BLOCKS - 1; i++)
		assert_ptr_not_equal(page_take_reserved(), taken);
	page_return_reserved(taken); /* free and reserved still: nobody else gets it */
	assert_null(page_alloc_block());
	page_unreserve(2);
	assert_int_equal(page_free_bytes(), 2 * BLOCK_SIZE);
	assert_non_null(page_alloc_block());
}

static void page_tables_may_use_what_is_reserved(void **state)
{
	(void)state;
	assert_true(page_reserve(BLOCKS));
	assert_non_null(page_alloc(1));
	assert_int_equal(page_free_bytes(), 0);
}

static void used_and_reserved_ranges_are_left_alone(void **state)
{
	struct machine_range used = {machine.ram[0].base + 3 * BLOCK_SIZE + 5, 10};
	unsigned n = 0;

	(void)state;
	machine.n_reserved = 1;
	machine.reserved[0] =
		(struct machine_range){machine.ram[0].base + 5 * BLOCK_SIZE, BLOCK_SIZE};
	assert_int_equal(page_init(&machine, &used, 1), OK);
	for (uint64_t block; (block = (uintptr_t)page_alloc_block()); n++) {
		assert_false(used.base >= block && used.base < block + BLOCK_SIZE);
		assert_int_not_equal(block, machine.reserved[0].base);
	}
	assert_in_range(n, 1, BLOCKS - 2);
}

static void no_memory_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(page_init(&machine, machine.ram, 1), ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_blocks_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pages_are_zeroed_aligned_and_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_block_takes_pages_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_zeroed_ahead_are_zero_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_reserved_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
			page_tables_may_use_what_is_reserved, setup, teardown),
		cmocka_unit_test_setup_teardown(
			used_and_reserved_ranges_are_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(no_memory_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
