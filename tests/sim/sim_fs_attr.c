/* SPDX-License-Identifier: MIT */
/* Attributes, extended ones too, on files of the image and new ones. */
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
#define NOW  1800000000u /* seconds; the server's clock starts here */

static struct fuse_server server;
static struct fuse_client *c = &server.client;

static int setup(void **state)
{
	(void)state;
	fuse_server_open(&server, fs_image(), 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_true(fuse_server_check(&server));
	fuse_server_close(&server);
	return 0;
}

static struct fuse_attr attr_of(uint64_t id)
{
	struct fuse_attr attr;

	assert_int_equal(fc_getattr(c, id, &attr), 0);
	return attr;
}

static void test_setattr(void **state)
{
	uint64_t id = fc_id(c, "hello");
	struct fuse_setattr_in in = {
		.valid = FUSE_SET_MODE | FUSE_SET_UID | FUSE_SET_ATIME | FUSE_SET_MTIME,
		.mode = 0100600,
		.uid = 5,
		.gid = 6,
		.atime = 1,
		.mtime = 2,
		.mtime_ns = 999999999};
	struct fuse_attr attr = attr_of(id);

	(void)state;
	assert_int_equal(attr.mtime, 1700000000);
	assert_int_equal(fc_setattr(c, id, &in), 0);
	attr = attr_of(id);
	assert_int_equal(attr.mode, FUSE_S_IFREG | 0600);
	assert_int_equal(attr.uid, 5);
	assert_int_equal(attr.gid, 0);
	assert_int_equal(attr.atime, 1);
	assert_int_equal(attr.mtime, 2);
	assert_int_equal(attr.mtime_ns, 999999999);
	assert_true(attr.ctime >= NOW && attr.size == 6);
	in.mtime_ns = 1000000000;
	assert_int_equal(fc_setattr(c, id, &in), -FUSE_EINVAL);
	in = (struct fuse_setattr_in){.valid = FUSE_SET_MTIME_NOW | FUSE_SET_ATIME_NOW};
	assert_int_equal(fc_setattr(c, id, &in), 0);
	assert_true(attr_of(id).mtime >= NOW && attr_of(id).atime >= NOW);
	in = (struct fuse_setattr_in){.valid = FUSE_SET_SIZE, .size = 3};
	assert_int_equal(fc_setattr(c, fc_id(c, "link"), &in), -FUSE_EINVAL);
	assert_int_equal(fc_setattr(c, 99, &in), -FUSE_ESTALE);
}

static void test_times(void **state)
{
	uint64_t id = fc_id(c, "hello"), fh;
	struct fuse_entry_out out;

	(void)state;
	assert_true(attr_of(ROOT).mtime < NOW);
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0700, &out), 0);
	assert_true(out.attr.mtime >= NOW && out.attr.atime >= NOW && out.attr.ctime >= NOW);
	assert_true(attr_of(ROOT).mtime >= NOW && attr_of(ROOT).ctime >= NOW);
	assert_int_equal(fc_open(c, id, FUSE_O_RDWR, &fh), 0);
	assert_true(attr_of(id).mtime < NOW);
	assert_int_equal(fc_write(c, id, fh, 0, "x", 0), 0);
	assert_true(attr_of(id).mtime < NOW);
	assert_int_equal(fc_write(c, id, fh, 0, "x", 1), 1);
	assert_true(attr_of(id).mtime >= NOW && attr_of(id).ctime >= NOW);
	id = fc_id(c, "big");
	assert_int_equal(fc_rename(c, ROOT, "big", ROOT, "larger", 0), 0);
	assert_true(attr_of(id).mtime < NOW && attr_of(id).ctime >= NOW);
}

static void test_kill_suidgid(void **state)
{
	struct fuse_setattr_in in = {.valid = FUSE_SET_UID, .uid = 9};
	uint64_t id = fc_id(c, "suid"), fh;
	struct fuse_write_in write = {.size = 1, .write_flags = FUSE_WRITE_KILL_SUIDGID};
	struct fuse_write_out out;

	(void)state;
	assert_int_equal(attr_of(id).mode & FUSE_S_PERM, 06755);
	assert_int_equal(fc_open(c, id, FUSE_O_RDWR, &fh), 0);
	assert_int_equal(fc_write(c, id, fh, 0, "r", 1), 1);
	assert_int_equal(attr_of(id).mode & FUSE_S_PERM, 06755);
	assert_int_equal(fc_setxattr(c, id, "security.capability", "cap", 3, 0), 0);
	write.fh = fh;
	assert_int_equal(
		fuse_call(c, FUSE_WRITE, id, &write, sizeof(write), "r", 1, &out, sizeof(out)), 8);
	assert_int_equal(attr_of(id).mode & FUSE_S_PERM, 0755);
	assert_int_equal(fc_getxattr(c, id, "security.capability", NULL, 0), -FUSE_ENODATA);
	in.valid |= FUSE_SET_MODE;
	in.mode = 06745; /* no execution by the group: the bit means something else */
	assert_int_equal(fc_setattr(c, id, &in), 0);
	in.valid = FUSE_SET_UID;
	assert_int_equal(fc_setattr(c, id, &in), 0);
	assert_int_equal(attr_of(id).mode & FUSE_S_PERM, 02745);
}

static void test_xattr(void **state)
{
	uint64_t id = fc_id(c, "hello");
	struct fuse_getxattr_in in = {100, 0};
	char buf[100], large[5000] = {0};

	(void)state;
	assert_int_equal(fc_getxattr(c, id, "user.color", NULL, 0), 5);
	assert_int_equal(fc_getxattr(c, id, "user.color", buf, 4), -FUSE_ERANGE);
	assert_int_equal(fc_getxattr(c, id, "user.color", buf, 100), 5);
	assert_memory_equal(buf, "green", 5);
	assert_int_equal(
		fuse_call(c, FUSE_LISTXATTR, id, &in, sizeof(in), NULL, 0, buf, sizeof(buf)), 11);
	assert_memory_equal(buf, "user.color", 11);
	assert_int_equal(fc_setxattr(c, id, "user.color", "b", 1, FUSE_XATTR_CREATE), -FUSE_EEXIST);
	assert_int_equal(
		fc_setxattr(c, id, "user.none", "b", 1, FUSE_XATTR_REPLACE), -FUSE_ENODATA);
	assert_int_equal(fc_setxattr(c, id, "user.color", "blue", 4, FUSE_XATTR_REPLACE), 0);
	assert_int_equal(fc_setxattr(c, id, "user.a", "", 0, 0), 0);
	assert_int_equal(fc_getxattr(c, id, "user.color", buf, 100), 4);
	assert_int_equal(
		fuse_call(c, FUSE_LISTXATTR, id, &in, sizeof(in), NULL, 0, buf, sizeof(buf)), 18);
	assert_memory_equal(buf, "user.color\0user.a\0", 18);
	assert_int_equal(fuse_call(c, FUSE_REMOVEXATTR, id, NULL, 0, "user.color", 11, NULL, 0), 0);
	assert_int_equal(fuse_call(c, FUSE_REMOVEXATTR, id, NULL, 0, "user.color", 11, NULL, 0),
		-FUSE_ENODATA);
	assert_int_equal(fc_getxattr(c, id, "user.color", buf, 100), -FUSE_ENODATA);
	assert_int_equal(
		fuse_call(c, FUSE_LISTXATTR, id, &in, sizeof(in), NULL, 0, buf, sizeof(buf)), 7);
	assert_int_equal(fc_setxattr(c, id, "user.color", "red", 3, FUSE_XATTR_CREATE), 0);
	assert_int_equal(fc_getxattr(c, id, "user.color", buf, 100), 3);
	assert_int_equal(
		fc_setxattr(c, id, "system.posix_acl_access", "x", 1, 0), -FUSE_EOPNOTSUPP);
	assert_int_equal(fc_setxattr(c, id, "user.", "x", 1, 0), -FUSE_EOPNOTSUPP);
	assert_int_equal(fc_setxattr(c, id, "", "x", 1, 0), -FUSE_ERANGE);
	assert_int_equal(fc_setxattr(c, id, "user.large", large, 4000, 0), 0);
	assert_int_equal(fc_setxattr(c, id, "user.larger", large, 5000, 0), -FUSE_ENOSPC);
}

static void test_xattr_freed(void **state)
{
	uint32_t before;
	struct fuse_entry_out out;
	char value[1000] = {0}, name[] = "user.a";

	(void)state;
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	fc_forget(c, out.nodeid, 1);
	before = fuse_server_free(&server);
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	for (; name[5] <= 'z'; name[5]++)
		assert_int_equal(fc_setxattr(c, out.nodeid, name, value, sizeof(value), 0), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	fc_forget(c, out.nodeid, 1);
	assert_int_equal(fuse_server_free(&server), before);
}

static void test_access(void **state)
{
	struct fuse_access_in in = {4, 0};
	uint64_t id = fc_id(c, "hello");

	(void)state;
	c->uid = c->gid = 1000;
	assert_int_equal(fuse_call(c, FUSE_ACCESS, id, &in, sizeof(in), NULL, 0, NULL, 0), 0);
	in.mask = 2;
	assert_int_equal(
		fuse_call(c, FUSE_ACCESS, id, &in, sizeof(in), NULL, 0, NULL, 0), -FUSE_EACCES);
	c->uid = 0;
	assert_int_equal(fuse_call(c, FUSE_ACCESS, id, &in, sizeof(in), NULL, 0, NULL, 0), 0);
	in.mask = 1;
	assert_int_equal(
		fuse_call(c, FUSE_ACCESS, id, &in, sizeof(in), NULL, 0, NULL, 0), -FUSE_EACCES);
	in.mask = 8;
	assert_int_equal(
		fuse_call(c, FUSE_ACCESS, id, &in, sizeof(in), NULL, 0, NULL, 0), -FUSE_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_setattr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_suidgid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xattr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xattr_freed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
