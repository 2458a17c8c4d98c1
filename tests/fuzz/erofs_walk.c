/* SPDX-License-Identifier: MIT */
/*
 * The walk: a stack of directories instead of recursion, so that an image
 * whose directories contain each other ends with the budget.
 */
#include "tests/fuzz/erofs_walk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "devices/fs/erofs.h"
#include "lib/addr.h"

#define STACK_MAX 256

struct state {
	struct erofs fs;
	struct erofs_walk count;
	uint64_t stack[STACK_MAX];
	unsigned depth;
};

static volatile uint8_t sink;

static bool step(struct state *w)
{
	return w->count.budget && w->count.budget--;
}

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void touch(const struct state *w, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	must(range_inside((uintptr_t)bytes, len, (uintptr_t)w->fs.base, w->fs.size));
	for (size_t i = 0; i<len; i += len> 4096 ? 509 : 1)
		sum = (uint8_t)(sum + bytes[i]);
	if (len)
		sum = (uint8_t)(sum + bytes[len - 1]);
	sink = sum;
}

static void walk_data(struct state *w, const struct erofs_inode *inode)
{
	const uint8_t *data;
	uint64_t offset = 0;
	size_t len;

	while (step(w) && (len = erofs_data(&w->fs, inode, offset, &data)) > 0) {
		must(len <= inode->size - offset);
		if (data)
			touch(w, data, len);
		w->count.spans++;
		offset += len;
	}
	if (inode->size)
		(void)erofs_data(&w->fs, inode, inode->size - 1, &data);
	must(erofs_data(&w->fs, inode, inode->size, &data) == 0);
	must(erofs_data(&w->fs, inode, UINT64_MAX, &data) == 0);
}

static void walk_xattrs(struct state *w, const struct erofs_inode *inode)
{
	struct erofs_xattr xattr;

	for (unsigned i = 0; step(w) && erofs_xattr(&w->fs, inode, i, &xattr) == OK; i++) {
		must(strlen(xattr.name) <= EROFS_NAME_MAX);
		touch(w, xattr.value, xattr.value_len);
		w->count.xattrs++;
	}
	if (erofs_xattr(&w->fs, inode, UINT32_MAX, &xattr) == OK)
		abort();
}

static void look_up(
	struct state *w, const struct erofs_inode *dir, const struct erofs_dirent *entry)
{
	struct erofs_dirent found;

	if (erofs_lookup(&w->fs, dir, entry->name, entry->name_len, &found) == OK)
		must(found.name_len == entry->name_len &&
			!memcmp(found.name, entry->name, entry->name_len));
}

static void push(struct state *w, const struct erofs_dirent *entry)
{
	bool dots = (entry->name_len == 1 && entry->name[0] == '.') ||
		    (entry->name_len == 2 && !memcmp(entry->name, "..", 2));

	if (!dots && w->depth < STACK_MAX)
		w->stack[w->depth++] = entry->nid;
}

static void walk_dir(struct state *w, const struct erofs_inode *dir)
{
	struct erofs_dirent entry;
	uint64_t pos = 0, before = 0;

	while (step(w) && erofs_readdir(&w->fs, dir, &pos, &entry) == OK) {
		must(pos > before && pos < 1ull << 62);
		must(entry.name_len >= 1 && entry.name_len <= EROFS_NAME_MAX);
		must(!memchr(entry.name, '/', entry.name_len) &&
			!memchr(entry.name, 0, entry.name_len));
		touch(w, entry.name, entry.name_len);
		look_up(w, dir, &entry);
		push(w, &entry);
		w->count.entries++;
		before = pos;
	}
	pos = before + 1;
	if (erofs_readdir(&w->fs, dir, &pos, &entry) == OK)
		must(pos > before);
	must(erofs_lookup(&w->fs, dir, "\xff\xff", 2, &entry) != OK || entry.name_len == 2);
}

static void walk_inode(struct state *w, uint64_t nid)
{
	struct erofs_inode inode;

	if (erofs_inode(&w->fs, nid, &inode) != OK)
		return;
	w->count.inodes++;
	walk_data(w, &inode);
	walk_xattrs(w, &inode);
	if ((inode.mode & 0170000) == 0040000)
		walk_dir(w, &inode);
}

struct erofs_walk erofs_walk(const void *image, size_t size, unsigned budget)
{
	struct state w = {.count.budget = budget};

	if (erofs_open(&w.fs, image, size) != OK)
		return w.count;
	w.stack[w.depth++] = w.fs.root_nid;
	while (w.depth && step(&w))
		walk_inode(&w, w.stack[--w.depth]);
	walk_inode(&w, UINT64_MAX);
	return w.count;
}
