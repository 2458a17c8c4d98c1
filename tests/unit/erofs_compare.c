/* SPDX-License-Identifier: MIT */
/*
 * The comparison: each name of the host is looked up and its neighbours are
 * not found; each name the image lists is looked up too, and as many must be
 * on both sides.
 */
#include "tests/unit/erofs_compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

/* One step of erofs_data() against the host's bytes; returns how far it went. */
static size_t compare_span(struct erofs_compare *c, const struct erofs_inode *inode,
	const uint8_t *want, uint64_t offset)
{
	const uint8_t *data;
	size_t len = erofs_data(c->fs, inode, offset, &data);

	assert_true(len > 0 && len <= inode->size - offset);
	if (data) {
		assert_memory_equal(data, want + offset, len);
		return len;
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(want[offset + i], 0);
	c->holes++;
	c->hole_bytes += len;
	return len;
}

static void compare_bytes(
	struct erofs_compare *c, const struct erofs_inode *inode, const uint8_t *want)
{
	static const uint64_t odd[] = {1, 4095, 4096, 65535, 65536, 131073};
	const uint8_t *data;

	for (uint64_t offset = 0; offset < inode->size;)
		offset += compare_span(c, inode, want, offset);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (odd[i] < inode->size)
			compare_span(c, inode, want, odd[i]);
	assert_int_equal(erofs_data(c->fs, inode, inode->size, &data), 0);
	assert_int_equal(erofs_data(c->fs, inode, UINT64_MAX, &data), 0);
}

static void compare_content(
	struct erofs_compare *c, const char *path, const struct erofs_inode *inode)
{
	size_t size = (size_t)inode->size;
	uint8_t *want = malloc(size + 1);
	ssize_t n;
	int fd;

	if (S_ISLNK(inode->mode)) {
		n = readlink(path, (char *)want, size + 1);
	} else {
		fd = open(path, O_RDONLY);
		n = read(fd, want, size + 1);
		close(fd);
	}
	assert_int_equal(n, size);
	compare_bytes(c, inode, want);
	free(want);
}

static void compare_xattrs(
	struct erofs_compare *c, const char *path, const struct erofs_inode *inode)
{
	char names[4096], value[4096];
	ssize_t len = llistxattr(path, names, sizeof(names));
	struct erofs_xattr xattr;
	unsigned n = 0, i;

	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		n++;
	for (i = 0; erofs_xattr(c->fs, inode, i, &xattr) == OK; i++) {
		assert_int_equal(
			lgetxattr(path, xattr.name, value, sizeof(value)), xattr.value_len);
		assert_memory_equal(value, xattr.value, xattr.value_len);
	}
	assert_int_equal(i, n);
	assert_int_equal(erofs_xattr(c->fs, inode, i, &xattr), ERR_NOT_FOUND);
	c->xattrs += n;
}

static void compare_stat(
	struct erofs_compare *c, const struct stat *st, const struct erofs_inode *inode)
{
	assert_int_equal(inode->mode, st->st_mode);
	assert_int_equal(inode->uid, st->st_uid);
	assert_int_equal(inode->gid, st->st_gid);
	assert_int_equal(inode->nlink, st->st_nlink);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		assert_int_equal(inode->size, st->st_size);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		assert_int_equal(inode->rdev, (minor(st->st_rdev) & 0xff) |
						      major(st->st_rdev) << 8 |
						      (minor(st->st_rdev) & ~0xffu) << 12);
	if (c->mtimes) {
		assert_int_equal(inode->mtime, st->st_mtim.tv_sec);
		assert_int_equal(inode->mtime_ns, st->st_mtim.tv_nsec);
	}
}

static void compare_dir(struct erofs_compare *c, const char *path, const struct erofs_inode *inode);

void erofs_compare(struct erofs_compare *c, const char *path, uint64_t nid)
{
	struct erofs_inode inode;
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(erofs_inode(c->fs, nid, &inode), OK);
	compare_stat(c, &st, &inode);
	compare_xattrs(c, path, &inode);
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
		compare_content(c, path, &inode);
	if (S_ISDIR(st.st_mode))
		compare_dir(c, path, &inode);
	c->files++;
}

static void absent(
	struct erofs_compare *c, const struct erofs_inode *dir, const char *name, size_t len)
{
	struct erofs_dirent found;

	assert_int_equal(erofs_lookup(c->fs, dir, name, len, &found), ERR_NOT_FOUND);
}

/* Finds the host's entry in the image, and not its neighbours. */
static void compare_entry(struct erofs_compare *c, const char *path, const struct erofs_inode *dir,
	const struct dirent *want)
{
	size_t len = strlen(want->d_name);
	char child[PATH_MAX], longer[300];
	struct erofs_dirent found;

	assert_int_equal(erofs_lookup(c->fs, dir, want->d_name, len, &found), OK);
	assert_int_equal(found.name_len, len);
	assert_memory_equal(found.name, want->d_name, len);
	assert_int_equal(found.type, want->d_type);
	snprintf(longer, sizeof(longer), "%s~", want->d_name);
	absent(c, dir, longer, len + 1);
	if (len > 10)
		absent(c, dir, want->d_name, len - 1);
	if (!strcmp(want->d_name, ".") || !strcmp(want->d_name, ".."))
		return;
	snprintf(child, sizeof(child), "%s/%s", path, want->d_name);
	erofs_compare(c, child, found.nid);
}

static unsigned count_entries(struct erofs_compare *c, const struct erofs_inode *dir)
{
	struct erofs_dirent entry, found;
	uint64_t pos = 0, before;
	unsigned n = 0;
	enum status status;

	while (before = pos, (status = erofs_readdir(c->fs, dir, &pos, &entry)) == OK) {
		assert_true(pos > before);
		assert_int_equal(erofs_lookup(c->fs, dir, entry.name, entry.name_len, &found), OK);
		assert_int_equal(found.nid, entry.nid);
		n++;
	}
	assert_int_equal(status, ERR_NOT_FOUND);
	pos = 1;
	assert_int_equal(erofs_readdir(c->fs, dir, &pos, &entry), ERR_INVALID);
	return n;
}

static void compare_dir(struct erofs_compare *c, const char *path, const struct erofs_inode *inode)
{
	unsigned n = 0;
	struct dirent *want;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	for (; (want = readdir(dir)); n++)
		compare_entry(c, path, inode, want);
	closedir(dir);
	assert_int_equal(count_entries(c, inode), n);
	absent(c, inode, "", 0);
	absent(c, inode, "\xff", 1);
	absent(c, inode, "\1", 1);
}
