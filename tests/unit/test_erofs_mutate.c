/* SPDX-License-Identifier: MIT */
/*
 * Images of mkfs.erofs with bytes changed or their end cut off. What the reader
 * answers does not matter; that it stays inside the image and ends does, and
 * erofs_walk() and the sanitizers see to that. Runs from the top of the tree.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "include/abi/erofs.h"
#include "tests/fuzz/erofs_walk.h"

#define SEEDS     "build/x86/seed/erofs"
#define MUTATIONS 1500 /* of each image */
#define BUDGET    3000

static glob_t seeds;

static int make_seeds(void **state)
{
	(void)state;
	if (system("sh tests/fuzz/seed_erofs.sh " SEEDS) != 0)
		return -1;
	return glob(SEEDS "/*.img", 0, NULL, &seeds);
}

static int forget_seeds(void **state)
{
	(void)state;
	globfree(&seeds);
	return 0;
}

static uint8_t *load(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long end;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	end = ftell(file);
	assert_true(end > 0);
	*size = (size_t)end;
	rewind(file);
	data = malloc(*size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, file), *size);
	fclose(file);
	return data;
}

/* A copy of its own, so that a byte past the end is seen. */
static struct erofs_walk walk_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + !size);
	struct erofs_walk walk;

	memcpy(copy, data, size);
	walk = erofs_walk(copy, size, BUDGET);
	free(copy);
	return walk;
}

static uint32_t next(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 8;
}

/* A byte that matters: of the super block, or not zero (so mostly of metadata). */
static size_t pick(const uint8_t *data, size_t size, uint32_t *random)
{
	size_t at = EROFS_SUPER_OFFSET + next(random) % sizeof(struct erofs_disk_super);

	if (next(random) % 8 == 0)
		return at;
	for (int tries = 0; tries < 100; tries++) {
		at = next(random) % size;
		if (data[at] && data[at] != 'x')
			break;
	}
	return at;
}

static void mutate(const uint8_t *good, size_t size, uint32_t *random)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	uint8_t *bad = malloc(size);

	memcpy(bad, good, size);
	for (uint32_t n = 1 + next(random) % 4; n; n--) {
		size_t at = pick(good, size, random);

		if (next(random) % 2)
			bad[at] = (uint8_t)next(random);
		else
			bad[at] = values[next(random) % sizeof(values)];
	}
	erofs_walk(bad, size, BUDGET);
	free(bad);
}

static void each_image_is_walked(void **state)
{
	(void)state;
	assert_true(seeds.gl_pathc >= 7);
	for (size_t i = 0; i < seeds.gl_pathc; i++) {
		size_t size;
		uint8_t *data = load(seeds.gl_pathv[i], &size);
		struct erofs_walk walk = walk_copy(data, size);

		assert_true(walk.inodes >= 8 && walk.entries >= 15 && walk.spans >= 6);
		assert_true(walk.budget > 0);
		free(data);
	}
}

static void changed_bytes(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < seeds.gl_pathc; i++) {
		size_t size;
		uint8_t *data = load(seeds.gl_pathv[i], &size);

		for (int n = 0; n < MUTATIONS; n++)
			mutate(data, size, &random);
		free(data);
	}
}

static void cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < seeds.gl_pathc; i++) {
		size_t size;
		uint8_t *data = load(seeds.gl_pathv[i], &size);
		unsigned whole = walk_copy(data, size).inodes;

		for (size_t len = 0; len < size; len += len < 2 * 4096 ? 7 : 97)
			assert_true(walk_copy(data, len).inodes <= whole);
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_image_is_walked),
		cmocka_unit_test(changed_bytes),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, make_seeds, forget_seeds);
}
