/* SPDX-License-Identifier: MIT */
/* The pool: what is put in counts, and no two reads have anything in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/entropy.c"

static void fresh(const char *seed)
{
	memset(&pool, 0, sizeof(pool));
	entropy_add(seed, strlen(seed));
}

static void test_seeds(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	fresh("one");
	entropy_read(a, sizeof(a));
	fresh("two");
	entropy_read(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	fresh("one");
	entropy_read(b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	/* More of it, later, counts as well. */
	fresh("one");
	entropy_add("", 0);
	entropy_add("x", 1);
	entropy_read(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

/* No 8 bytes of a long series of reads come twice. */
static void test_no_repetition(void **state)
{
	static uint64_t words[4096];
	size_t n = 0;

	(void)state;
	fresh("seed");
	for (size_t len = 1; n + len <= 4096; n += len, len = len % 37 + 1)
		entropy_read(words + n, len * sizeof(words[0]));
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			assert_true(words[i] != words[j]);
}

/* Of what was read before the pool keeps nothing, and of what is read not its own key. */
static void test_pool_moves(void **state)
{
	uint8_t before[32], out[64];

	(void)state;
	fresh("seed");
	memcpy(before, pool.key, sizeof(before));
	entropy_read(out, sizeof(out));
	assert_memory_not_equal(before, pool.key, sizeof(before));
	assert_memory_not_equal(out, pool.key, sizeof(before));
	assert_memory_not_equal(out + 32, pool.key, sizeof(before));
	assert_int_equal(lock.held, 0);
}

static void test_odd_lengths(void **state)
{
	uint8_t out[80];

	(void)state;
	fresh("seed");
	for (size_t len = 0; len < 70; len++) {
		memset(out, 0xee, sizeof(out));
		entropy_read(out, len);
		for (size_t i = len; i < sizeof(out); i++)
			assert_int_equal(out[i], 0xee);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_no_repetition),
		cmocka_unit_test(test_pool_moves),
		cmocka_unit_test(test_odd_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
