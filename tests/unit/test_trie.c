/* SPDX-License-Identifier: MIT */
/* The trie against a plain array, with keys far apart, side by side and at both ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/fs/trie.h"

#define LEAVES 200
#define STEPS  200000

static struct trie_leaf leaves[LEAVES];
static uint8_t present[LEAVES];
static struct trie trie;
static uint64_t seed = 1;

static uint64_t next(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 16;
}

static void set_keys(void)
{
	for (uint64_t i = 0; i < LEAVES; i++) {
		leaves[i].key = i * 3; /* close together */
		if (i % 4 == 1)
			leaves[i].key = UINT64_MAX - i;
		if (i % 4 == 2)
			leaves[i].key = i << 40 | 1;
		if (i % 4 == 3)
			leaves[i].key = (i + 1) * 0x9e3779b97f4a7c15u;
	}
}

static const struct trie_leaf *expected_from(uint64_t key)
{
	const struct trie_leaf *best = NULL;

	for (unsigned i = 0; i < LEAVES; i++)
		if (present[i] && leaves[i].key >= key && (!best || leaves[i].key < best->key))
			best = &leaves[i];
	return best;
}

static void test_random(void **state)
{
	(void)state;
	set_keys();
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = (unsigned)(next() % LEAVES), j = (unsigned)(next() % LEAVES);
		uint64_t key = leaves[j].key + next() % 3 - 1;

		if (present[i])
			trie_remove(&trie, &leaves[i]);
		else
			trie_insert(&trie, &leaves[i]);
		present[i] = !present[i];
		assert_ptr_equal(trie_find(&trie, leaves[j].key), present[j] ? &leaves[j] : NULL);
		if (step % 16 == 0)
			assert_ptr_equal(trie_from(&trie, key), expected_from(key));
	}
	for (unsigned i = 0; i < LEAVES; i++)
		if (present[i])
			trie_remove(&trie, &leaves[i]);
	assert_null(trie.root);
}

static void test_empty(void **state)
{
	struct trie none = {0};

	(void)state;
	assert_null(trie_from(&none, 0));
	assert_null(trie_find(&none, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
