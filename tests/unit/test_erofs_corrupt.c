/* SPDX-License-Identifier: MIT */
/*
 * EROFS images that lie in their super block, an inode, a chunk table or an
 * attribute: the handmade image, broken in one place at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/erofs_handmade.h"

/* An inline last block may be a full one, which mkfs.erofs 1.5 does not make. */
static void inline_full_block(void **state)
{
	const uint8_t *data;

	(void)state;
	handmade_inode(FILE_NID, EROFS_LAYOUT_INLINE, 0100644, 2 * BLOCK, 3);
	assert_int_equal(handmade_read(), OK);
	assert_int_equal(erofs_data(&fs, &file, 5, &data), BLOCK - 5);
	assert_ptr_equal(data, handmade.bytes + 3 * BLOCK + 5);
	assert_int_equal(erofs_data(&fs, &file, BLOCK + 5, &data), BLOCK - 5);
	assert_ptr_equal(data, (uint8_t *)COMPACT(FILE_NID + 1) + 5);
}

static void bad_super(void **state)
{
	(void)state;
	for (size_t size = 0; size < BLOCK; size += 13)
		assert_int_equal(erofs_open(&fs, handmade.bytes, size), ERR_INVALID);
	for (unsigned bit = 0; bit < 32; bit++) {
		SUPER->feature_incompat = 1u << bit;
		assert_int_equal(handmade_open(), bit == 2 ? OK : ERR_INVALID);
	}
	SUPER->feature_incompat = 0;
	SUPER->dir_block_bits = 1;
	assert_int_equal(handmade_open(), ERR_INVALID);
	SUPER->dir_block_bits = 0;
	for (unsigned bits = 0; bits < 256; bits++) {
		SUPER->block_bits = (uint8_t)bits;
		assert_true(bits == 12 || handmade_open() == ERR_INVALID);
	}
	SUPER->block_bits = 12;
	assert_int_equal(handmade_open(), OK);
	COMPACT(0)->mode = 0100755;
	assert_int_equal(handmade_open(), ERR_INVALID);
	SUPER->magic++;
	assert_int_equal(handmade_open(), ERR_INVALID);
}

static void bad_nid(void **state)
{
	static const uint64_t nids[] = {
		1, 3 * BLOCK / 32, 3 * BLOCK / 32 - 1, UINT64_MAX, UINT64_MAX / 32, 1ull << 59};

	(void)state;
	assert_int_equal(handmade_open(), OK);
	for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++)
		assert_int_equal(erofs_inode(&fs, nids[i], &file), ERR_INVALID);
}

static void bad_inode(void **state)
{
	(void)state;
	assert_int_equal(handmade_read(), OK);
	for (unsigned format = 0; format < 65536; format++) {
		unsigned layout = format >> 1;

		COMPACT(FILE_NID)->format = (uint16_t)format;
		COMPACT(FILE_NID)->size = 1;
		assert_int_equal(handmade_read() == OK, layout == 0 || layout == 2 || layout == 4);
	}
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0100644, BLOCK + 1, 3); /* past the image */
	assert_int_equal(handmade_read(), ERR_INVALID);
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0100644, 1, UINT32_MAX);
	assert_int_equal(handmade_read(), ERR_INVALID);
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0100644, UINT32_MAX, 0);
	assert_int_equal(handmade_read(), ERR_INVALID);
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0170644, 0, 0); /* no such type */
	assert_int_equal(handmade_read(), ERR_INVALID);
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0100644, 0, 0);
	COMPACT(FILE_NID)->xattr_count = UINT16_MAX;
	assert_int_equal(handmade_read(), ERR_INVALID);
}

static void bad_chunks(void **state)
{
	struct erofs_disk_chunk *chunk = (void *)COMPACT(FILE_NID + 1);
	const uint8_t *data;

	(void)state;
	handmade_inode(FILE_NID, EROFS_LAYOUT_CHUNK, 0100644, 2 * BLOCK, EROFS_CHUNK_INDEXES);
	chunk[0] = (struct erofs_disk_chunk){.block = 3};
	chunk[1] = (struct erofs_disk_chunk){.block = 3, .device = 1};
	assert_int_equal(handmade_read(), OK);
	assert_int_equal(erofs_data(&fs, &file, 1, &data), BLOCK - 1);
	assert_int_equal(erofs_data(&fs, &file, BLOCK, &data), 0);
	chunk[1] = (struct erofs_disk_chunk){.block = 4};
	assert_int_equal(erofs_data(&fs, &file, BLOCK, &data), 0);
	chunk[1] = (struct erofs_disk_chunk){.block = EROFS_HOLE - 1};
	assert_int_equal(erofs_data(&fs, &file, BLOCK + 7, &data), 0);
	chunk[1] = (struct erofs_disk_chunk){.block = EROFS_HOLE};
	assert_int_equal(erofs_data(&fs, &file, BLOCK + 7, &data), BLOCK - 7);
	assert_null(data);
	COMPACT(FILE_NID)->u = 0x40;
	assert_int_equal(handmade_read(), ERR_INVALID);
	COMPACT(FILE_NID)->u = 0;
	COMPACT(FILE_NID)->size = UINT32_MAX;
	assert_int_equal(handmade_read(), ERR_INVALID);
}

/* One shared attribute and one inline one, then everything that can be wrong with them. */
static void bad_xattrs(void **state)
{
	struct erofs_disk_xattr_header *header = (void *)COMPACT(FILE_NID + 1);
	uint32_t *ids = (void *)(header + 1);
	struct erofs_disk_xattr *entry = (void *)(ids + 1),
				*shared = (void *)(handmade.bytes + 3 * BLOCK);
	struct erofs_xattr xattr;

	(void)state;
	handmade_inode(FILE_NID, EROFS_LAYOUT_PLAIN, 0100644, 0, 0);
	COMPACT(FILE_NID)->xattr_count = 1 + 1 + 2;
	header->shared_count = 1;
	*entry = (struct erofs_disk_xattr){2, EROFS_XATTR_USER, 2};
	memcpy(entry + 1, "xyvv", 4);
	*shared = (struct erofs_disk_xattr){0, EROFS_XATTR_ACL_ACCESS, 3};
	assert_int_equal(handmade_read(), OK);
	assert_int_equal(erofs_xattr(&fs, &file, 0, &xattr), OK);
	assert_string_equal(xattr.name, "user.xy");
	assert_int_equal(erofs_xattr(&fs, &file, 1, &xattr), OK);
	assert_string_equal(xattr.name, "system.posix_acl_access");
	assert_int_equal(xattr.value_len, 3);
	assert_int_equal(erofs_xattr(&fs, &file, 2, &xattr), ERR_NOT_FOUND);
	shared->value_len = BLOCK - 3;
	assert_int_equal(erofs_xattr(&fs, &file, 1, &xattr), ERR_INVALID);
	*ids = UINT32_MAX;
	assert_int_equal(erofs_xattr(&fs, &file, 1, &xattr), ERR_INVALID);
	entry->prefix = 0;
	assert_int_equal(erofs_xattr(&fs, &file, 0, &xattr), ERR_INVALID);
	entry->prefix = 0x80 | EROFS_XATTR_USER;
	assert_int_equal(erofs_xattr(&fs, &file, 0, &xattr), ERR_INVALID);
	*entry = (struct erofs_disk_xattr){2, EROFS_XATTR_USER, 3};
	assert_int_equal(erofs_xattr(&fs, &file, 0, &xattr), ERR_INVALID);
	assert_int_equal(erofs_xattr(&fs, &file, 1, &xattr), ERR_INVALID);
	header->shared_count = 4;
	assert_int_equal(erofs_xattr(&fs, &file, 0, &xattr), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDMADE_TEST(inline_full_block),
		HANDMADE_TEST(bad_super),
		HANDMADE_TEST(bad_nid),
		HANDMADE_TEST(bad_inode),
		HANDMADE_TEST(bad_chunks),
		HANDMADE_TEST(bad_xattrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
