/* SPDX-License-Identifier: MIT */
/* Many files, a full arena, and every block given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ROOT FUSE_ROOT_ID
#define MANY 5000

static struct fuse_server server;
static struct fuse_client *c = &server.client;
static uint8_t page[4096];

static int teardown(void **state)
{
	(void)state;
	assert_true(fuse_server_check(&server));
	fuse_server_close(&server);
	return 0;
}

static int setup_large(void **state)
{
	(void)state;
	fuse_server_open(&server, fs_image(), 64 << 20);
	return 0;
}

static int setup_small(void **state)
{
	(void)state;
	fuse_server_open(&server, fs_image(), 64 * 4096);
	return 0;
}

/* Numbers of the names seen, and how often. */
struct seen {
	unsigned count[MANY];
	unsigned others;
	char last[256];
	uint64_t dir;
	bool remove;
};

static void note(void *ctx, const struct fuse_dirent *dirent, const char *name,
	const struct fuse_entry_out *entry)
{
	struct seen *seen = ctx;
	unsigned i;

	(void)entry;
	assert_int_not_equal(dirent->ino, 0);
	if (sscanf(name, "f%u", &i) == 1 && i < MANY)
		seen->count[i]++;
	else
		seen->others++;
	if (seen->remove && name[0] != '.')
		assert_int_equal(fc_unlink(c, seen->dir, name), 0);
}

/* Reads all of a directory in pieces of `size` bytes. */
static void read_all(uint64_t dir, uint32_t size, bool plus, struct seen *seen)
{
	uint64_t fh, offset = 0;

	assert_int_equal(fc_opendir(c, dir, &fh), 0);
	while (fc_readdir(c, dir, fh, &offset, size, plus, note, seen) > 0)
		;
	assert_int_equal(fc_release(c, dir, fh), 0);
}

static void make_many(uint64_t dir)
{
	struct fuse_create_out out;
	char name[32];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(fc_create(c, dir, name, FUSE_O_RDWR, 0644, &out), 0);
		assert_int_equal(fc_write(c, out.entry.nodeid, out.open.fh, 0, name, 32), 32);
		assert_int_equal(fc_release(c, out.entry.nodeid, out.open.fh), 0);
		fc_forget(c, out.entry.nodeid, 1);
	}
}

static void expect_each_once(const struct seen *seen, unsigned others)
{
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(seen->count[i], 1);
	assert_int_equal(seen->others, others);
}

/* Removes while it reads, as rm -rf does; nothing is skipped, nothing told twice. */
static void test_many(void **state)
{
	static struct seen seen, plus, removed, none;
	struct fuse_entry_out out;
	uint32_t before = fuse_server_free(&server);
	char from[32], to[32];

	(void)state;
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	make_many(out.nodeid);
	read_all(out.nodeid, 4096, false, &seen);
	expect_each_once(&seen, 2);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(from, sizeof(from), "f%u", i);
		snprintf(to, sizeof(to), "f%u.new", i);
		assert_int_equal(fc_rename(c, out.nodeid, from, out.nodeid, to, 0), 0);
	}
	removed.dir = out.nodeid;
	removed.remove = true;
	read_all(out.nodeid, 2000, false, &removed);
	expect_each_once(&removed, 2);
	read_all(out.nodeid, 4096, true, &none);
	assert_int_equal(none.others, 2);
	make_many(out.nodeid);
	read_all(out.nodeid, 65536, true, &plus);
	expect_each_once(&plus, 2);
	read_all(out.nodeid, 65536, false, &removed);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	fc_forget(c, out.nodeid, 1);
	/* READDIRPLUS told each nodeid, and none was forgotten. */
	assert_true(before - fuse_server_free(&server) > MANY / 20);
	assert_int_equal(fc_init(c), 0);
	assert_true(before - fuse_server_free(&server) <= 1);
}

/* Removing some of an image's files and adding others while its directory is read. */
static void test_image_directory(void **state)
{
	static struct seen seen, again;
	uint64_t dir = fc_id(c, "many"), fh, offset = 0;
	struct fuse_entry_out out;

	(void)state;
	assert_int_equal(fc_opendir(c, dir, &fh), 0);
	assert_true(fc_readdir(c, dir, fh, &offset, 4096, false, note, &seen) > 10);
	assert_int_equal(fc_unlink(c, dir, "file101"), 0);
	assert_int_equal(fc_unlink(c, dir, "file399"), 0);
	assert_int_equal(fc_mknod(c, dir, "file101", FUSE_S_IFREG, 0, &out), 0);
	assert_int_equal(fc_mknod(c, dir, "f1", FUSE_S_IFREG, 0, &out), 0);
	while (fc_readdir(c, dir, fh, &offset, 4096, true, note, &seen) > 0)
		;
	assert_int_equal(seen.others, FS_IMAGE_MANY + 2 - 1);
	assert_int_equal(seen.count[1], 1);
	read_all(dir, 4096, true, &again);
	assert_int_equal(again.others, FS_IMAGE_MANY + 2 - 1);
	offset = UINT64_MAX;
	assert_int_equal(fc_readdir(c, dir, fh, &offset, 4096, false, note, &seen), 0);
	offset = 3; /* never was one */
	assert_true(fc_readdir(c, dir, fh, &offset, 4096, false, note, &seen) < 0);
	offset = 0;
	assert_int_equal(fc_readdir(c, dir, fh, &offset, 8, false, note, &seen), -FUSE_EINVAL);
}

static unsigned fill(uint64_t id, uint64_t fh, uint64_t from)
{
	unsigned n = 0;
	int got;

	while ((got = fc_write(c, id, fh, from + (uint64_t)n * 4096, page, 4096)) == 4096)
		n++;
	assert_int_equal(got, -FUSE_ENOSPC);
	return n;
}

static void fill_names(void)
{
	struct fuse_entry_out out;
	char name[32];
	unsigned i = 0;
	int err;

	do
		snprintf(name, sizeof(name), "n%u", i++);
	while ((err = fc_mknod(c, ROOT, name, FUSE_S_IFREG, 0, &out)) == 0);
	assert_int_equal(err, -FUSE_ENOSPC);
	assert_int_equal(fc_lookup(c, ROOT, name, &out), -FUSE_ENOENT);
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), -FUSE_ENOSPC);
}

/* What was written stays, what is written may be written again, and room comes back. */
static void test_full(void **state)
{
	struct fuse_create_out f;
	struct fuse_entry_out out;
	struct fuse_statfs_out before, after;
	uint64_t fh;
	unsigned n, m;

	(void)state;
	memset(page, 0x77, sizeof(page));
	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	n = fill(f.entry.nodeid, f.open.fh, 0);
	assert_true(n > 30);
	assert_int_equal(fc_statfs(c, &after), 0);
	assert_true(after.bavail < 8 && after.bfree > 0);
	assert_int_equal(fc_write(c, f.entry.nodeid, f.open.fh, 100, page, 4096), 4096);
	fill_names();
	/* The image still works, and so does removing its files. */
	assert_int_equal(fc_open(c, fc_id(c, "big"), FUSE_O_RDWR, &fh), 0);
	assert_int_equal(fc_write(c, fc_id(c, "big"), fh, 5, page, 1), -FUSE_ENOSPC);
	assert_int_equal(fc_unlink(c, ROOT, "hello"), 0);
	for (m = 0; m < n; m++) {
		memset(page, 0, sizeof(page));
		assert_int_equal(
			fc_read(c, f.entry.nodeid, f.open.fh, m * 4096ull, page, 4096), 4096);
		for (unsigned i = 0; i < sizeof(page); i++)
			assert_int_equal(page[i], 0x77);
	}
	assert_int_equal(fc_unlink(c, ROOT, "f"), 0);
	assert_int_equal(fc_statfs(c, &before), 0);
	assert_true(before.bfree <= after.bfree);
	assert_int_equal(fc_release(c, f.entry.nodeid, f.open.fh), 0);
	fc_forget(c, f.entry.nodeid, 1);
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	assert_int_equal(fc_create(c, out.nodeid, "f", FUSE_O_RDWR, 0644, &f), 0);
	assert_true(fill(f.entry.nodeid, f.open.fh, 0) + 8 > n);
}

/* A short write tells how far it came. */
static void test_short_write(void **state)
{
	struct fuse_create_out f;
	static uint8_t data[400000];
	struct fuse_attr attr;
	int n;

	(void)state;
	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	n = fc_write(c, f.entry.nodeid, f.open.fh, 1, data, sizeof(data));
	assert_true(n > 100000 && n < (int)sizeof(data));
	assert_int_equal(fc_getattr(c, f.entry.nodeid, &attr), 0);
	assert_int_equal(attr.size, n + 1);
}

/* What was reserved can be written when all else is full, and shows zeros until then. */
static void test_reserved(void **state)
{
	struct fuse_create_out f, g;
	uint64_t id;

	(void)state;
	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	assert_int_equal(fc_create(c, ROOT, "g", FUSE_O_RDWR, 0644, &g), 0);
	id = f.entry.nodeid;
	assert_int_equal(fc_fallocate(c, id, f.open.fh, 0, 0, 20000), 0);
	fill(g.entry.nodeid, g.open.fh, 0);
	memset(page, 'w', sizeof(page));
	assert_int_equal(fc_write(c, id, f.open.fh, 4196, page, 100), 100);
	assert_int_equal(fc_read(c, id, f.open.fh, 4096, page, 4096), 4096);
	assert_true(page[99] == 0 && page[100] == 'w' && page[199] == 'w' && page[200] == 0);
	assert_int_equal(fc_lseek(c, id, f.open.fh, 0, FUSE_SEEK_DATA), 4096);
	assert_int_equal(fc_lseek(c, id, f.open.fh, 4096, FUSE_SEEK_HOLE), 8192);
}

/* Nodeids of the image cost nothing, however many a guest is told; handles are bounded. */
static void test_held_by_guest(void **state)
{
	static struct seen seen;
	uint32_t before = fuse_server_free(&server);
	uint64_t id = fc_id(c, "hello"), fh;
	unsigned n = 0;
	int err;

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		read_all(fc_id(c, "many"), 65536, true, &seen);
	assert_int_equal(fuse_server_free(&server), before);
	while ((err = fc_open(c, id, FUSE_O_RDONLY, &fh)) == 0)
		n++;
	assert_int_equal(err, -FUSE_ENOSPC);
	assert_true(n > 5000);
	assert_int_equal(fc_init(c), 0);
	assert_int_equal(fuse_server_free(&server), before);
	assert_int_equal(fc_release(c, id, fh), -FUSE_EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many, setup_large, teardown),
		cmocka_unit_test_setup_teardown(test_image_directory, setup_large, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup_small, teardown),
		cmocka_unit_test_setup_teardown(test_short_write, setup_small, teardown),
		cmocka_unit_test_setup_teardown(test_reserved, setup_small, teardown),
		cmocka_unit_test_setup_teardown(test_held_by_guest, setup_small, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
