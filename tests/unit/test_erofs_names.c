/* SPDX-License-Identifier: MIT */
/*
 * Directories of EROFS images that lie: the handmade image, broken in one
 * place at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/erofs_handmade.h"

static enum status list(unsigned *n)
{
	struct erofs_dirent entry;
	uint64_t pos = 0;
	enum status status;

	assert_int_equal(handmade_read(), OK);
	for (*n = 0; (status = erofs_readdir(&fs, &root, &pos, &entry)) == OK; ++*n)
		assert_true(*n < 5);
	return status;
}

static enum status find(const char *name)
{
	struct erofs_dirent entry;

	assert_int_equal(handmade_read(), OK);
	return erofs_lookup(&fs, &root, name, strlen(name), &entry);
}

static void handmade_is_good(void **state)
{
	char name[257] = "";
	unsigned n;

	(void)state;
	assert_int_equal(list(&n), ERR_NOT_FOUND);
	assert_int_equal(n, 4);
	memset(name, 'a', 256);
	assert_int_equal(find(name), ERR_NOT_FOUND);
	name[255] = 0;
	assert_int_equal(find(name), OK);
	name[254] = 0;
	assert_int_equal(find(name), ERR_NOT_FOUND);
	assert_int_equal(find("b"), OK);
}

static void bad_directory(void **state)
{
	static const uint16_t first[] = {0, 11, 13, 4092, 4096, UINT16_MAX};
	static const uint16_t second[] = {0, NAMES - 1, NAMES, 4097, UINT16_MAX};
	unsigned n;

	(void)state;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		DIRENTS[0].name_offset = first[i];
		assert_int_equal(list(&n), ERR_INVALID);
		assert_int_equal(find("a"), ERR_INVALID);
	}
	DIRENTS[0].name_offset = NAMES;
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		DIRENTS[1].name_offset = second[i];
		assert_int_equal(list(&n), ERR_INVALID);
		assert_int_equal(n, 0);
	}
	DIRENTS[1].name_offset = NAMES + 1;
	COMPACT(0)->size = 11;
	assert_int_equal(find("b"), ERR_INVALID);
}

static void bad_names(void **state)
{
	uint8_t *last = (uint8_t *)DIRENTS + NAMES + 258;
	unsigned n;

	(void)state;
	memcpy(last, "b/", 2);
	assert_int_equal(list(&n), ERR_INVALID);
	assert_int_equal(n, 3);
	assert_int_equal(find("b/"), ERR_INVALID);
	memcpy(last, "a", 2); /* not above its neighbour */
	assert_int_equal(list(&n), ERR_INVALID);
	assert_int_equal(n, 3);
	*last = 0;
	assert_int_equal(list(&n), ERR_INVALID);
	memset(last, 'b', 256);
	assert_int_equal(list(&n), ERR_INVALID);
	assert_int_equal(n, 3);
	last[255] = 0;
	assert_int_equal(list(&n), ERR_NOT_FOUND);
	*(last - 100) = 0;
	assert_int_equal(list(&n), ERR_INVALID);
	assert_int_equal(n, 2);
}

/* The second block of a directory must go on where the first ended. */
static void bad_order_of_blocks(void **state)
{
	unsigned n;

	(void)state;
	COMPACT(0)->size = 2 * BLOCK;
	memcpy((uint8_t *)DIRENTS + BLOCK, DIRENTS, BLOCK);
	assert_int_equal(list(&n), ERR_INVALID);
	assert_int_equal(n, 4);
	*(struct erofs_disk_dirent *)((uint8_t *)DIRENTS + BLOCK) =
		(struct erofs_disk_dirent){.name_offset = sizeof(struct erofs_disk_dirent)};
	strcpy((char *)DIRENTS + BLOCK + sizeof(struct erofs_disk_dirent), "c");
	assert_int_equal(list(&n), ERR_NOT_FOUND);
	assert_int_equal(n, 5);
	assert_int_equal(find("c"), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDMADE_TEST(handmade_is_good),
		HANDMADE_TEST(bad_directory),
		HANDMADE_TEST(bad_names),
		HANDMADE_TEST(bad_order_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
