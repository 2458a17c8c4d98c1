/* SPDX-License-Identifier: MIT */
/* Bytes of files: image and arena side by side, holes, cuts, and files without a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ROOT FUSE_ROOT_ID

static struct fuse_server server;
static struct fuse_client *c = &server.client;
static uint8_t buf[FUSE_CLIENT_MAX / 2];

static int setup_with(struct blob image, size_t piece)
{
	fuse_server_open(&server, image, 4 << 20);
	server.piece = piece;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(fs_image(), 0);
}

static int setup_chunked(void **state)
{
	(void)state;
	return setup_with(fs_image_chunked(), 1000);
}

static int teardown(void **state)
{
	(void)state;
	assert_true(fuse_server_check(&server));
	fuse_server_close(&server);
	return 0;
}

static uint64_t open_path(const char *path, uint32_t flags, uint64_t *id)
{
	uint64_t fh;

	*id = fc_id(c, path);
	assert_int_equal(fc_open(c, *id, flags, &fh), 0);
	return fh;
}

static struct fuse_create_out create(const char *name)
{
	struct fuse_create_out out;

	assert_int_equal(fc_create(c, ROOT, name, FUSE_O_RDWR, 0644, &out), 0);
	return out;
}

static uint64_t size_of(uint64_t id)
{
	struct fuse_attr attr;

	assert_int_equal(fc_getattr(c, id, &attr), 0);
	return attr.size;
}

/* What "big" holds, with [from, to) as `fill`, is what is read of `len` bytes. */
static void expect_big(uint64_t id, uint64_t fh, size_t len, size_t from, size_t to, uint8_t fill)
{
	assert_int_equal(fc_read(c, id, fh, 0, buf, sizeof(buf)), len);
	for (size_t i = 0; i < len; i++)
		if (buf[i] != (i >= from && i < to ? fill : fs_image_big(i)))
			fail_msg("byte %zu is %u", i, buf[i]);
}

static void test_read_image(void **state)
{
	uint64_t id, fh = open_path("big", FUSE_O_RDONLY, &id);

	(void)state;
	expect_big(id, fh, FS_IMAGE_BIG, 0, 0, 0);
	assert_int_equal(fc_read(c, id, fh, FS_IMAGE_BIG - 3, buf, 100), 3);
	assert_int_equal(buf[2], fs_image_big(FS_IMAGE_BIG - 1));
	assert_int_equal(fc_read(c, id, fh, FS_IMAGE_BIG, buf, 100), 0);
	assert_int_equal(fc_read(c, id, fh, UINT64_MAX, buf, 100), 0);
	assert_int_equal(fc_write(c, id, fh, 0, "x", 1), -FUSE_EBADF);
	assert_int_equal(fc_read(c, id, fh + 1, 0, buf, 1), -FUSE_EBADF);
	assert_int_equal(fc_read(c, ROOT, fh, 0, buf, 1), -FUSE_EBADF);
	assert_int_equal(fc_release(c, id, fh), 0);
	assert_int_equal(fc_release(c, id, fh), -FUSE_EBADF);
	assert_int_equal(fc_read(c, id, fh, 0, buf, 1), -FUSE_EBADF);
}

/* Only the pages that were written are copied. */
static void test_write_image(void **state)
{
	uint64_t id, fh = open_path("big", FUSE_O_RDWR, &id), other;
	uint32_t before = fuse_server_free(&server);

	(void)state;
	memset(buf, 0x55, 6000);
	assert_int_equal(fc_write(c, id, fh, 5000, buf, 6000), 6000);
	assert_true(before - fuse_server_free(&server) <= 3 + 2);
	expect_big(id, fh, FS_IMAGE_BIG, 5000, 11000, 0x55);
	assert_int_equal(fc_release(c, id, fh), 0);
	fh = open_path("big", FUSE_O_RDONLY, &other);
	assert_int_equal(other, id);
	expect_big(id, fh, FS_IMAGE_BIG, 5000, 11000, 0x55);
	assert_int_equal(fc_release(c, id, fh), 0);
}

static void test_truncate_image(void **state)
{
	uint64_t id, fh = open_path("big", FUSE_O_RDWR, &id);

	(void)state;
	assert_int_equal(fc_truncate(c, id, 5001), 0);
	expect_big(id, fh, 5001, 0, 0, 0);
	assert_int_equal(fc_truncate(c, id, 20000), 0);
	expect_big(id, fh, 20000, 5001, 20000, 0);
	assert_int_equal(fc_write(c, id, fh, 5500, "", 1), 1);
	expect_big(id, fh, 20000, 5001, 20000, 0);
	assert_int_equal(fc_truncate(c, id, UINT64_MAX), -FUSE_EFBIG);
	assert_int_equal(fc_truncate(c, ROOT, 0), -FUSE_EISDIR);
	assert_int_equal(fc_release(c, id, fh), 0);
	fh = open_path("big", FUSE_O_RDWR | FUSE_O_TRUNC, &id);
	assert_int_equal(size_of(id), 0);
	assert_int_equal(fc_read(c, id, fh, 0, buf, 100), 0);
	assert_int_equal(fc_release(c, id, fh), 0);
}

static void test_punch_image(void **state)
{
	const uint32_t punch = FUSE_FALLOC_PUNCH_HOLE | FUSE_FALLOC_KEEP_SIZE;
	uint64_t id, fh = open_path("big", FUSE_O_RDWR, &id);

	(void)state;
	assert_int_equal(fc_fallocate(c, id, fh, punch, 1000, 20000), 0);
	expect_big(id, fh, FS_IMAGE_BIG, 1000, 21000, 0);
	assert_int_equal(fc_lseek(c, id, fh, 0, FUSE_SEEK_HOLE), 4096);
	assert_int_equal(fc_lseek(c, id, fh, 4096, FUSE_SEEK_DATA), 20480);
	assert_int_equal(fc_fallocate(c, id, fh, punch, 200, 100), 0);
	assert_int_equal(fc_read(c, id, fh, 199, buf, 3), 3);
	assert_true(buf[0] == fs_image_big(199) && !buf[1] && !buf[2]);
	assert_int_equal(fc_fallocate(c, id, fh, punch, 40960, 1 << 20), 0);
	assert_int_equal(size_of(id), FS_IMAGE_BIG);
	assert_int_equal(fc_lseek(c, id, fh, 40960, FUSE_SEEK_DATA), -FUSE_ENXIO);
	assert_int_equal(fc_lseek(c, id, fh, FS_IMAGE_BIG, FUSE_SEEK_HOLE), -FUSE_ENXIO);
	assert_int_equal(fc_fallocate(c, id, fh, FUSE_FALLOC_ZERO_RANGE, 0, 400000), 0);
	assert_int_equal(size_of(id), 400000);
	assert_int_equal(fc_lseek(c, id, fh, 0, FUSE_SEEK_HOLE), 0);
	assert_int_equal(fc_fallocate(c, id, fh, FUSE_FALLOC_PUNCH_HOLE, 0, 1), -FUSE_EOPNOTSUPP);
	assert_int_equal(fc_fallocate(c, id, fh, 0, 0, 0), -FUSE_EINVAL);
	assert_int_equal(fc_fallocate(c, id, fh, 0, 1, UINT64_MAX), -FUSE_EFBIG);
	assert_int_equal(fc_release(c, id, fh), 0);
}

static void test_sparse(void **state)
{
	const uint64_t far = FS_IMAGE_BIG * 1000000ull;
	uint32_t before = fuse_server_free(&server);
	struct fuse_create_out f = create("sparse");
	uint64_t id = f.entry.nodeid, fh = f.open.fh;
	struct fuse_attr attr;

	(void)state;
	assert_int_equal(fc_write(c, id, fh, far, "end", 3), 3);
	assert_int_equal(fc_write(c, id, fh, 1ull << 42, "x", 1), -FUSE_EFBIG);
	assert_int_equal(fc_getattr(c, id, &attr), 0);
	assert_int_equal(attr.size, far + 3);
	assert_int_equal(attr.blocks, 8);
	assert_int_equal(fc_lseek(c, id, fh, 5, FUSE_SEEK_DATA), far / 4096 * 4096);
	assert_int_equal(fc_lseek(c, id, fh, 5, FUSE_SEEK_HOLE), 5);
	assert_int_equal(fc_read(c, id, fh, far - 1, buf, 10), 4);
	assert_memory_equal(buf, "\0end", 4);
	assert_int_equal(fc_truncate(c, id, 1), 0);
	assert_int_equal(fc_release(c, id, fh), 0);
	assert_int_equal(fc_unlink(c, ROOT, "sparse"), 0);
	fc_forget(c, id, 1);
	/* The root is changed and stays. */
	assert_true(before - fuse_server_free(&server) <= 1);
}

static void test_reserve(void **state)
{
	struct fuse_create_out f = create("f");
	uint64_t id = f.entry.nodeid, fh = f.open.fh;
	uint32_t before = fuse_server_free(&server);

	(void)state;
	assert_int_equal(fc_fallocate(c, id, fh, 0, 1ull << 40, 1ull << 40), -FUSE_ENOSPC);
	assert_int_equal(fc_fallocate(c, id, fh, 0, 0, 100ull << 20), -FUSE_ENOSPC);
	assert_int_equal(fuse_server_free(&server), before);
	assert_int_equal(fc_fallocate(c, id, fh, FUSE_FALLOC_KEEP_SIZE, 0, 40960), 0);
	assert_int_equal(size_of(id), 0);
	assert_int_equal(before - fuse_server_free(&server), 11);
	assert_int_equal(fc_fallocate(c, id, fh, 0, 0, 40960), 0);
	assert_int_equal(before - fuse_server_free(&server), 11);
	assert_int_equal(fc_read(c, id, fh, 0, buf, 50000), 40960);
	for (unsigned i = 0; i < 40960; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(fc_truncate(c, id, 0), 0);
	assert_int_equal(fuse_server_free(&server), before);
}

static void test_unlinked_open(void **state)
{
	struct fuse_create_out f = create("gone");
	uint64_t id = f.entry.nodeid, image, fh = open_path("hello", FUSE_O_RDWR, &image);
	struct fuse_attr attr;

	(void)state;
	assert_int_equal(fc_write(c, id, f.open.fh, 0, "still here", 10), 10);
	assert_int_equal(fc_unlink(c, ROOT, "gone"), 0);
	assert_int_equal(fc_read(c, id, f.open.fh, 0, buf, 100), 10);
	fc_forget(c, id, 1);
	assert_int_equal(fc_write(c, id, f.open.fh, 10, "!", 1), 1);
	assert_int_equal(fc_getattr(c, id, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(fc_release(c, id, f.open.fh), 0);
	assert_int_equal(fc_getattr(c, id, &attr), -FUSE_ESTALE);

	assert_int_equal(fc_unlink(c, ROOT, "hello"), 0);
	assert_int_equal(fc_write(c, image, fh, 0, "J", 1), 1);
	assert_int_equal(fc_read(c, image, fh, 0, buf, 100), 6);
	assert_memory_equal(buf, "Jello\n", 6);
	assert_int_equal(fc_release(c, image, fh), 0);
	assert_int_equal(fc_getattr(c, image, &attr), 0);
	assert_int_equal(attr.nlink, 0);
}

/* Like test_unlinked_open(), but only the nodeid is held: as with O_PATH. */
static void test_unlinked_remembered(void **state)
{
	uint64_t id, fh = open_path("hello", FUSE_O_RDWR, &id);

	(void)state;
	assert_int_equal(fc_write(c, id, fh, 0, "J", 1), 1);
	assert_int_equal(fc_release(c, id, fh), 0);
	assert_int_equal(fc_unlink(c, ROOT, "hello"), 0);
	assert_int_equal(fc_open(c, id, FUSE_O_RDONLY, &fh), 0);
	assert_memory_equal(buf, "Jello\n", 6);
	fc_forget(c, id, 1);
	assert_int_equal(fc_read(c, id, fh, 0, buf, 100), 6);
	assert_int_equal(fc_release(c, id, fh), 0);
	assert_int_equal(size_of(id), 0);
}

static void test_create_existing(void **state)
{
	struct fuse_create_out out;
	uint64_t id = fc_id(c, "hello");

	(void)state;
	assert_int_equal(
		fc_create(c, ROOT, "hello", FUSE_O_RDWR | FUSE_O_EXCL, 0644, &out), -FUSE_EEXIST);
	assert_int_equal(fc_create(c, ROOT, "dir", FUSE_O_RDWR, 0644, &out), -FUSE_EISDIR);
	assert_int_equal(fc_create(c, ROOT, "link", FUSE_O_RDWR, 0644, &out), -FUSE_ELOOP);
	assert_int_equal(fc_create(c, ROOT, "hello", FUSE_O_RDWR, 0600, &out), 0);
	assert_int_equal(out.entry.nodeid, id);
	assert_int_equal(out.entry.attr.size, 6);
	assert_int_equal(fc_release(c, id, out.open.fh), 0);
	assert_int_equal(fc_create(c, ROOT, "hello", FUSE_O_WRONLY | FUSE_O_TRUNC, 0600, &out), 0);
	assert_int_equal(out.entry.attr.size, 0);
	assert_int_equal(fc_read(c, id, out.open.fh, 0, buf, 10), -FUSE_EBADF);
	assert_int_equal(fc_release(c, id, open_path("big", FUSE_O_RDONLY | FUSE_O_TRUNC, &id)), 0);
	assert_int_equal(size_of(id), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_CHUNKED(f)                                         \
	{                                                       \
#f " chunked", f, setup_chunked, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_image),
		TEST_CHUNKED(test_read_image),
		TEST(test_write_image),
		TEST_CHUNKED(test_write_image),
		TEST(test_truncate_image),
		TEST_CHUNKED(test_truncate_image),
		TEST(test_punch_image),
		TEST_CHUNKED(test_punch_image),
		TEST(test_sparse),
		TEST(test_reserve),
		TEST(test_unlinked_open),
		TEST(test_unlinked_remembered),
		TEST(test_create_existing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
