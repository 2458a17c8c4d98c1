/* SPDX-License-Identifier: MIT */
/* Names: what POSIX says of creating, linking, renaming and removing, on an image's and new files. */
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

static struct fuse_attr attr_of(const char *path)
{
	struct fuse_attr attr;
	uint64_t id = fc_id(c, path);

	assert_int_not_equal(id, 0);
	assert_int_equal(fc_getattr(c, id, &attr), 0);
	return attr;
}

static uint64_t make_file(uint64_t dir, const char *name)
{
	struct fuse_entry_out out;

	assert_int_equal(fc_mknod(c, dir, name, FUSE_S_IFREG | 0644, 0, &out), 0);
	return out.nodeid;
}

static uint64_t make_dir(uint64_t dir, const char *name)
{
	struct fuse_entry_out out;

	assert_int_equal(fc_mkdir(c, dir, name, 0755, &out), 0);
	return out.nodeid;
}

static void test_lookup(void **state)
{
	struct fuse_entry_out out;
	char name[300];

	(void)state;
	assert_int_equal(fc_lookup(c, ROOT, "hello", &out), 0);
	assert_int_equal(out.attr.mode, FUSE_S_IFREG | 0644);
	assert_int_equal(out.attr.size, 6);
	assert_true(out.entry_valid >= 3600 && out.attr_valid >= 3600);
	assert_int_equal(fc_lookup(c, ROOT, "none", &out), -FUSE_ENOENT);
	assert_int_equal(fc_lookup(c, fc_id(c, "hello"), "x", &out), -FUSE_ENOTDIR);
	assert_int_equal(fc_lookup(c, 12345, "x", &out), -FUSE_ESTALE);
	assert_int_equal(fc_lookup(c, UINT64_MAX, "x", &out), -FUSE_ESTALE);
	memset(name, 'n', sizeof(name));
	name[256] = 0;
	assert_int_equal(fc_lookup(c, ROOT, name, &out), -FUSE_ENAMETOOLONG);
	assert_int_equal(fc_mkdir(c, ROOT, name, 0755, &out), -FUSE_ENAMETOOLONG);
	name[255] = 0;
	assert_int_equal(fc_mkdir(c, ROOT, name, 0755, &out), 0);
	assert_int_equal(fc_rmdir(c, ROOT, name), 0);
	assert_int_equal(fc_mkdir(c, ROOT, "a/b", 0755, &out), -FUSE_EINVAL);
	assert_int_equal(fc_mkdir(c, ROOT, "..", 0755, &out), -FUSE_EINVAL);
	assert_int_equal(fc_mkdir(c, ROOT, "", 0755, &out), -FUSE_EINVAL);
}

static void test_create_kinds(void **state)
{
	struct fuse_entry_out out;
	char target[5000];
	uint32_t before;

	(void)state;
	c->uid = 10;
	c->gid = 20;
	assert_int_equal(fc_mknod(c, ROOT, "fifo", FUSE_S_IFIFO | 0600, 77, &out), 0);
	assert_int_equal(out.attr.rdev, 0);
	assert_int_equal(fc_mknod(c, ROOT, "null", FUSE_S_IFCHR | 0666, 0x103, &out), 0);
	assert_int_equal(out.attr.rdev, 0x103);
	assert_int_equal(out.attr.mode, FUSE_S_IFCHR | 0666);
	assert_int_equal(out.attr.uid, 10);
	assert_int_equal(out.attr.gid, 20);
	assert_int_equal(fc_mknod(c, ROOT, "sock", FUSE_S_IFSOCK | 0600, 0, &out), 0);
	assert_int_equal(fc_mknod(c, ROOT, "dir?", FUSE_S_IFDIR | 0600, 0, &out), -FUSE_EINVAL);
	assert_int_equal(fc_mknod(c, ROOT, "hello", FUSE_S_IFREG, 0, &out), -FUSE_EEXIST);
	assert_int_equal(fc_symlink(c, ROOT, "sym", "some/where", &out), 0);
	assert_int_equal(out.attr.size, 10);
	assert_int_equal(fc_readlink(c, out.nodeid, target, sizeof(target)), 10);
	assert_string_equal(target, "some/where");
	assert_int_equal(fc_readlink(c, fc_id(c, "link"), target, sizeof(target)), 5);
	assert_string_equal(target, "hello");
	assert_int_equal(fc_readlink(c, ROOT, target, sizeof(target)), -FUSE_EINVAL);
	memset(target, 't', 4096);
	target[4096] = 0;
	assert_int_equal(fc_symlink(c, ROOT, "long", target, &out), -FUSE_ENAMETOOLONG);
	target[4000] = 0;
	assert_int_equal(fc_symlink(c, ROOT, "long", target, &out), 0);
	assert_int_equal(fc_readlink(c, out.nodeid, target, sizeof(target)), 4000);
	before = fuse_server_free(&server);
	assert_int_equal(fc_unlink(c, ROOT, "long"), 0);
	fc_forget(c, out.nodeid, 1);
	assert_true(fuse_server_free(&server) > before);
}

static void test_setgid_directory(void **state)
{
	struct fuse_setattr_in in = {
		.valid = FUSE_SET_MODE | FUSE_SET_GID, .mode = 02755, .gid = 7};
	struct fuse_entry_out out;
	uint64_t dir = make_dir(ROOT, "g");

	(void)state;
	assert_int_equal(fc_setattr(c, dir, &in), 0);
	assert_int_equal(fc_mkdir(c, dir, "d", 0755, &out), 0);
	assert_int_equal(out.attr.gid, 7);
	assert_int_equal(out.attr.mode, FUSE_S_IFDIR | 02755);
	assert_int_equal(fc_mknod(c, dir, "f", FUSE_S_IFREG | 0644, 0, &out), 0);
	assert_int_equal(out.attr.gid, 7);
	assert_int_equal(out.attr.mode, FUSE_S_IFREG | 0644);
}

static void test_directory_links(void **state)
{
	uint64_t dir = make_dir(ROOT, "d");

	(void)state;
	assert_int_equal(attr_of("d").nlink, 2);
	make_dir(dir, "e");
	assert_int_equal(attr_of("d").nlink, 3);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), -FUSE_ENOTEMPTY);
	assert_int_equal(fc_unlink(c, ROOT, "d"), -FUSE_EISDIR);
	assert_int_equal(fc_rmdir(c, ROOT, "hello"), -FUSE_ENOTDIR);
	assert_int_equal(fc_rmdir(c, dir, "e"), 0);
	assert_int_equal(attr_of("d").nlink, 2);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	assert_int_equal(fc_id(c, "d"), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), -FUSE_ENOENT);
}

static void test_image_directory_removed(void **state)
{
	uint64_t dir = fc_id(c, "dir"), sub = fc_id(c, "dir/sub");
	struct fuse_entry_out out;
	struct fuse_attr attr;

	(void)state;
	assert_int_equal(fc_rmdir(c, ROOT, "dir"), -FUSE_ENOTEMPTY);
	assert_int_equal(fc_unlink(c, sub, "c"), 0);
	assert_int_equal(fc_rmdir(c, dir, "sub"), 0);
	assert_int_equal(fc_getattr(c, sub, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(fc_mkdir(c, sub, "x", 0755, &out), -FUSE_ENOENT);
	assert_int_equal(fc_unlink(c, dir, "a"), 0);
	make_file(dir, "a");
	assert_int_equal(fc_unlink(c, dir, "a"), 0);
	assert_int_equal(fc_unlink(c, dir, "b"), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "dir"), -FUSE_ENOTEMPTY);
	assert_int_equal(fc_unlink(c, dir, "hard2"), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "dir"), 0);
	assert_int_equal(fc_id(c, "dir"), 0);
	/* The same name again has nothing of the old one. */
	dir = make_dir(ROOT, "dir");
	assert_int_equal(fc_lookup(c, dir, "a", &out), -FUSE_ENOENT);
	assert_int_equal(fc_rmdir(c, ROOT, "dir"), 0);
	assert_int_equal(fc_id(c, "dir"), 0);
}

static void test_hard_links(void **state)
{
	struct fuse_entry_out out;
	uint64_t id = fc_id(c, "hard1"), file = make_file(ROOT, "f");

	(void)state;
	assert_int_equal(id, fc_id(c, "dir/hard2"));
	assert_int_equal(attr_of("hard1").nlink, 2);
	assert_int_equal(attr_of("hard1").ino, attr_of("dir/hard2").ino);
	assert_int_equal(fc_link(c, id, ROOT, "hard3", &out), 0);
	assert_int_equal(attr_of("dir/hard2").nlink, 3);
	assert_int_equal(fc_unlink(c, ROOT, "hard1"), 0);
	assert_int_equal(fc_unlink(c, ROOT, "hard3"), 0);
	assert_int_equal(attr_of("dir/hard2").nlink, 1);
	assert_int_equal(fc_link(c, file, ROOT, "f2", &out), 0);
	assert_int_equal(out.nodeid, file);
	assert_int_equal(out.attr.nlink, 2);
	assert_int_equal(fc_link(c, file, ROOT, "f2", &out), -FUSE_EEXIST);
	assert_int_equal(fc_link(c, ROOT, ROOT, "f3", &out), -FUSE_EPERM);
	assert_int_equal(fc_unlink(c, ROOT, "f"), 0);
	assert_int_equal(fc_unlink(c, ROOT, "f2"), 0);
	assert_int_equal(fc_link(c, file, ROOT, "f", &out), -FUSE_ENOENT);
}

static void test_rename(void **state)
{
	uint64_t a = make_file(ROOT, "a"), b = make_file(ROOT, "b"), dir = fc_id(c, "dir");

	(void)state;
	assert_int_equal(fc_rename(c, ROOT, "a", ROOT, "b", FUSE_RENAME_NOREPLACE), -FUSE_EEXIST);
	assert_int_equal(fc_rename(c, ROOT, "a", ROOT, "b", 0), 0);
	assert_int_equal(fc_id(c, "a"), 0);
	assert_int_equal(fc_id(c, "b"), a);
	fc_forget(c, b, 1);
	assert_int_equal(fc_rename(c, ROOT, "b", dir, "a", 0), 0); /* over a file of the image */
	assert_int_equal(fc_id(c, "dir/a"), a);
	assert_int_equal(fc_rename(c, ROOT, "hello", dir, "hello", 0), 0);
	assert_int_equal(fc_id(c, "hello"), 0);
	assert_int_equal(attr_of("dir/hello").size, 6);
	assert_int_equal(fc_rename(c, ROOT, "none", dir, "x", 0), -FUSE_ENOENT);
	assert_int_equal(fc_rename(c, dir, "hello", ROOT, "empty", 0), -FUSE_EISDIR);
	assert_int_equal(fc_rename(c, ROOT, "empty", dir, "hello", 0), -FUSE_ENOTDIR);
	assert_int_equal(fc_rename(c, ROOT, "empty", ROOT, "many", 0), -FUSE_ENOTEMPTY);
	assert_int_equal(fc_rename(c, ROOT, "many", ROOT, "empty", 0), 0);
	assert_int_equal(fc_id(c, "many"), 0);
	assert_int_not_equal(fc_id(c, "empty/file250"), 0);
	assert_int_equal(fc_rename(c, ROOT, "suid", ROOT, "x", 4), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, ROOT, "suid", ROOT, "x", 3), -FUSE_EINVAL);
	/* Two names of one inode: nothing happens. */
	assert_int_equal(fc_rename(c, ROOT, "hard1", dir, "hard2", 0), 0);
	assert_int_equal(attr_of("hard1").nlink, 2);
}

static void test_rename_directories(void **state)
{
	uint64_t d = make_dir(ROOT, "d"), e = make_dir(d, "e"), dir = fc_id(c, "dir");
	uint64_t sub = fc_id(c, "dir/sub");

	(void)state;
	assert_int_equal(fc_rename(c, ROOT, "d", e, "x", 0), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, ROOT, "d", d, "x", 0), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, ROOT, "dir", sub, "x", 0), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, dir, "sub", d, "sub", 0), 0);
	assert_int_equal(attr_of("dir").nlink, 2);
	assert_int_equal(attr_of("d").nlink, 4);
	assert_int_not_equal(fc_id(c, "d/sub/c"), 0);
	assert_int_equal(fc_rename(c, ROOT, "d", sub, "x", 0), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, ROOT, "dir", sub, "x", 0), 0);
	assert_int_not_equal(fc_id(c, "d/sub/x/a"), 0);
	assert_int_equal(fc_rename(c, d, "e", ROOT, "empty", 0), 0);
	assert_int_equal(fc_id(c, "empty"), e);
	assert_int_equal(attr_of("d").nlink, 3);
}

static void test_exchange(void **state)
{
	uint64_t d = make_dir(ROOT, "d"), f = make_file(d, "f"), dir = fc_id(c, "dir");
	uint32_t root_links = attr_of("").nlink;

	(void)state;
	assert_int_equal(fc_rename(c, d, "f", ROOT, "none", FUSE_RENAME_EXCHANGE), -FUSE_ENOENT);
	assert_int_equal(fc_rename(c, d, "f", ROOT, "dir", FUSE_RENAME_EXCHANGE), 0);
	assert_int_equal(fc_id(c, "dir"), f);
	assert_int_equal(fc_id(c, "d/f"), dir);
	assert_int_equal(attr_of("").nlink, root_links - 1);
	assert_int_equal(attr_of("d").nlink, 3);
	assert_int_not_equal(fc_id(c, "d/f/sub/c"), 0);
	assert_int_equal(fc_rename(c, ROOT, "d", dir, "sub", FUSE_RENAME_EXCHANGE), -FUSE_EINVAL);
	assert_int_equal(fc_rename(c, dir, "sub", ROOT, "d", FUSE_RENAME_EXCHANGE), -FUSE_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lookup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_setgid_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_image_directory_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hard_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
