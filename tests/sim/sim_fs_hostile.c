/* SPDX-License-Identifier: MIT */
/* A guest that means harm: names that collide, requests that fail half way, work without an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ROOT       FUSE_ROOT_ID
#define PAIRS      6
#define PIECE      11 /* bytes */
#define COLLIDING  (1u << PAIRS)
#define SAME_NAMES (COLLIDING - 1) /* with one hash, that a directory takes */

static struct fuse_server server;
static struct fuse_client *c = &server.client;
static uint8_t page[4096];

static int setup(void **state)
{
	(void)state;
	fuse_server_open(&server, fs_image(), 64 * 4096);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(fuse_server_check(&server));
	fuse_server_close(&server);
	return 0;
}

/*
 * Name i of COLLIDING that all have the FNV-1a hash of "hello": after either piece of a pair the
 * hash is the same, and the last piece leads to that of "hello".
 */
static const char *colliding(unsigned i)
{
	static const char pair[PAIRS][2][PIECE + 1] = {
		{"aaaaaaaaaaa", "\x6d\xd4\x57\x41\x01\x36\x05\x09\x0d\x9b\x1f"},
		{"bbbbbbbbbbb", "\x79\x48\x59\x29\x13\xb7\x5b\x17\x56\xa9\x08"},
		{"ccccccccccc", "\x07\x6f\x16\x49\x58\x09\x11\x5d\x47\xb6\x56"},
		{"ddddddddddd", "\x3b\x21\x77\xb7\x2c\xef\xf4\x78\x54\x62\x19"},
		{"eeeeeeeeeee", "\x1a\x19\x2c\x16\x01\x20\x3e\xe9\xfa\x51\x19"},
		{"fffffffffff", "\x18\x5d\x7f\x48\x59\x62\x0f\x34\x16\xdd\x37"},
	};
	static char name[(PAIRS + 1) * PIECE + 1];

	for (unsigned p = 0; p < PAIRS; p++)
		memcpy(name + p * PIECE, pair[p][i >> p & 1], PIECE);
	memcpy(name + PAIRS * PIECE, "\x28\xca\x75\x21\x24\xf7\x06\x3b\x41\x06\x70", PIECE);
	return name;
}

static void count(void *ctx, const struct fuse_dirent *dirent, const char *name,
	const struct fuse_entry_out *entry)
{
	(void)dirent;
	(void)name;
	(void)entry;
	++*(unsigned *)ctx;
}

static unsigned count_entries(uint64_t dir)
{
	uint64_t fh, offset = 0;
	unsigned n = 0;

	assert_int_equal(fc_opendir(c, dir, &fh), 0);
	while (fc_readdir(c, dir, fh, &offset, 4096, false, count, &n) > 0)
		;
	assert_int_equal(fc_release(c, dir, fh), 0);
	return n;
}

/* A rename of an image's file takes a key for the old name as for the new one. */
static void test_colliding_names(void **state)
{
	unsigned before = count_entries(ROOT);
	struct fuse_entry_out out;

	(void)state;
	for (unsigned i = 1; i < SAME_NAMES; i++)
		assert_int_equal(fc_mknod(c, ROOT, colliding(i), FUSE_S_IFREG, 0, &out), 0);
	assert_int_equal(fc_rename(c, ROOT, "hello", ROOT, colliding(0), 0), 0);
	assert_int_equal(fc_id(c, "hello"), 0);
	assert_int_equal(fc_mknod(c, ROOT, "hello", FUSE_S_IFREG, 0, &out), 0);
	assert_int_equal(
		fc_mknod(c, ROOT, colliding(SAME_NAMES), FUSE_S_IFREG, 0, &out), -FUSE_ENOSPC);
	assert_int_equal(count_entries(ROOT), before + SAME_NAMES);
	for (unsigned i = 0; i < SAME_NAMES; i++)
		assert_int_equal(fc_unlink(c, ROOT, colliding(i)), 0);
	assert_int_equal(count_entries(ROOT), before);
}

static void test_rename_needs_two_keys(void **state)
{
	unsigned before = count_entries(ROOT);
	struct fuse_entry_out out;

	(void)state;
	for (unsigned i = 0; i < SAME_NAMES; i++)
		assert_int_equal(fc_mknod(c, ROOT, colliding(i), FUSE_S_IFREG, 0, &out), 0);
	assert_int_equal(fc_rename(c, ROOT, "hello", ROOT, colliding(SAME_NAMES), 0), -FUSE_ENOSPC);
	for (unsigned i = 0; i < SAME_NAMES; i++)
		assert_int_equal(fc_unlink(c, ROOT, colliding(i)), 0);
	assert_int_equal(count_entries(ROOT), before);
	assert_int_equal(fc_rename(c, ROOT, "hello", ROOT, colliding(0), 0), 0);
	assert_int_equal(count_entries(ROOT), before);
}

/* Fills the arena to the last block that a guest may have for data. */
static void fill(void)
{
	struct fuse_create_out f;
	uint64_t offset = 0;

	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	while (fc_write(c, f.entry.nodeid, f.open.fh, offset, page, 4096) == 4096)
		offset += 4096;
}

/* What a request took before it failed still belongs to a file when that is closed. */
static void test_failed_punch(void **state)
{
	uint64_t id = fc_id(c, "big"), fh;
	uint32_t mode = FUSE_FALLOC_PUNCH_HOLE | FUSE_FALLOC_KEEP_SIZE;
	int failed = 0;

	(void)state;
	fill();
	for (uint64_t size = 1 << 20; size && !failed; size -= 4096) {
		assert_int_equal(fc_truncate(c, fc_id(c, "f"), size), 0);
		assert_int_equal(fc_open(c, id, FUSE_O_RDWR, &fh), 0);
		failed = fc_fallocate(c, id, fh, mode, 100, 3 * 4096 + 50) == -FUSE_ENOSPC &&
			 fc_read(c, id, fh, 100, page, 1) == 1 && page[0] == 0;
		assert_int_equal(fc_release(c, id, fh), 0);
	}
	assert_true(failed);
	assert_true(fuse_server_check(&server));
}

/* A write of nothing that takes an image file's capabilities away leaves a mark in the arena. */
static void test_kill_and_write_nothing(void **state)
{
	struct fuse_write_in write = {.write_flags = FUSE_WRITE_KILL_SUIDGID};
	uint64_t id = fc_id(c, "suid"), fh;
	struct fuse_write_out out;
	struct fuse_attr attr;

	(void)state;
	assert_int_equal(fc_open(c, id, FUSE_O_RDWR, &fh), 0);
	write.fh = fh;
	assert_int_equal(
		fuse_call(c, FUSE_WRITE, id, &write, sizeof(write), NULL, 0, &out, sizeof(out)), 8);
	assert_int_equal(fc_release(c, id, fh), 0);
	assert_int_equal(fc_getattr(c, id, &attr), 0);
	assert_int_equal(attr.mode & FUSE_S_PERM, 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_colliding_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename_needs_two_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_punch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_and_write_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
