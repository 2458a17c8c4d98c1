/* SPDX-License-Identifier: MIT */
/* Guest-physical page tables: the largest leaves that fit, nothing beside them, all tables come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/gstage.h"
#include "core/page.h"
#include "include/abi/csr.h"
#include "tests/unit/stub_core.h"

static struct machine machine;
static struct gstage g;

static int setup(void **state)
{
	(void)state;
	stub_memory(&machine, 4, false);
	return page_init(&machine, NULL, 0) == OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	stub_memory_free();
	return 0;
}

static void expect(uint64_t from, uint64_t to, uint64_t leaf)
{
	hpa_t out;
	uint64_t size;

	assert_true(gstage_lookup(&g, gpa(from), &out, &size));
	assert_int_equal(out.a, to);
	assert_int_equal(size, leaf);
}

static void expect_nothing(uint64_t from)
{
	hpa_t out;
	uint64_t size;

	assert_false(gstage_lookup(&g, gpa(from), &out, &size));
}

static void leaves(void **state)
{
	(void)state;
	for (uint64_t mode = ATP_SV39; mode <= ATP_SV57; mode++) {
		assert_int_equal(gstage_init(&g, mode), OK);
		assert_int_equal((uintptr_t)g.root % (16 * 1024), 0);
		/* 4 KiB below 1 GiB, 1 GiB itself, 2 MiB and 4 KiB after it */
		assert_int_equal(gstage_map(&g, gpa(GIB(4) - 4096), hpa(GIB(9) - 4096),
					 4096 + GIB(1) + MIB(2) + 4096, GSTAGE_RWX),
			OK);
		expect(GIB(4) - 1, GIB(9) - 1, 4096);
		expect(GIB(4) + 5, GIB(9) + 5, GIB(1));
		expect(GIB(5) + 7, GIB(10) + 7, MIB(2));
		expect(GIB(5) + MIB(2), GIB(10) + MIB(2), 4096);
		expect_nothing(GIB(5) + MIB(2) + 4096);
		expect_nothing(GIB(4) - 4097);
		expect_nothing(0);
		expect_nothing(UINT64_MAX);
		gstage_unmap(&g, gpa(GIB(4)), GIB(1));
		expect_nothing(GIB(4) + 5);
		expect(GIB(5) + 7, GIB(10) + 7, MIB(2));
		gstage_destroy(&g);
		assert_int_equal(g.tables, 0);
		assert_int_equal(page_free_bytes(), 4 * BLOCK_SIZE);
	}
}

static void misaligned_targets_get_small_leaves(void **state)
{
	(void)state;
	assert_int_equal(gstage_init(&g, ATP_SV39), OK);
	assert_int_equal(gstage_map(&g, gpa(GIB(2)), hpa(GIB(3) + 4096), MIB(2), GSTAGE_RWX), OK);
	expect(GIB(2), GIB(3) + 4096, 4096);
	expect(GIB(2) + MIB(2) - 1, GIB(3) + MIB(2) + 4095, 4096);
	gstage_destroy(&g);
}

static void entry_bits(void **state)
{
	(void)state;
	assert_int_equal(gstage_init(&g, ATP_SV39), OK);
	assert_int_equal(gstage_map(&g, gpa(GIB(2)), hpa(GIB(3)), GIB(1), PTE_R | PTE_X), OK);
	assert_int_equal(
		g.root[2], GIB(3) >> 12 << 10 | PTE_V | PTE_R | PTE_X | PTE_U | PTE_A | PTE_D);
	assert_int_equal(gstage_hgatp(&g, 5), 8ull << 60 | 5ull << 44 | (uintptr_t)g.root >> 12);
	/* The whole 2^41 space of Sv39x4: the last GiB is the last of the root's 2048 entries. */
	assert_int_equal(gstage_map(&g, gpa(GIB(2047)), hpa(GIB(1)), GIB(1), GSTAGE_RWX), OK);
	assert_int_not_equal(g.root[2047], 0);
	assert_int_equal(gstage_map(&g, gpa(GIB(2048)), hpa(0), 4096, GSTAGE_RWX), ERR_INVALID);
	gstage_destroy(&g);
}

static void the_narrowest_mode_that_reaches(void **state)
{
	const uint64_t sv39 = 1 << ATP_SV39, sv48 = 1 << ATP_SV48, sv57 = 1 << ATP_SV57;

	(void)state;
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, GIB(2)), ATP_SV39);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, 1ull << 41), ATP_SV39);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, (1ull << 41) + 1), ATP_SV48);
	assert_int_equal(gstage_mode(sv39 | sv57, (1ull << 41) + 1), ATP_SV57);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, 1ull << 50), ATP_SV48);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, (1ull << 50) + 1), ATP_SV57);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, 1ull << 59), ATP_SV57);
	assert_int_equal(gstage_mode(sv39 | sv48 | sv57, (1ull << 59) + 1), 0);
	assert_int_equal(gstage_mode(sv39, (1ull << 41) + 1), 0);
	assert_int_equal(gstage_mode(sv48, GIB(2)), ATP_SV48);
	assert_int_equal(gstage_mode(sv57, GIB(2)), ATP_SV57);
	assert_int_equal(gstage_mode(0, GIB(2)), 0);
	assert_int_equal(gstage_mode(1 | 1 << 1 | 1 << 11, GIB(2)), 0);
}

static void running_out_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(gstage_init(&g, ATP_SV39), OK);
	while (page_alloc(1))
		;
	assert_int_equal(gstage_map(&g, gpa(GIB(2)), hpa(0), 4096, GSTAGE_RWX), ERR_NO_MEMORY);
	expect_nothing(GIB(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(
			misaligned_targets_get_small_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_bits, setup, teardown),
		cmocka_unit_test(the_narrowest_mode_that_reaches),
		cmocka_unit_test_setup_teardown(running_out_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
