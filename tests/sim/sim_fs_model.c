/* SPDX-License-Identifier: MIT */
/*
 * Random operations on the server and on a model: every result and, now and
 * then, the whole tree must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/fs_image.h"
#include "tests/sim/fs_model.h"
#include "tests/sim/fuse_client.h"

#define STEPS 60000

static struct fuse_server server;
static struct fuse_client *c = &server.client;
static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static unsigned pick_dir(void)
{
	unsigned i;

	do
		i = pick(INODES);
	while (!inodes[i].used || !inodes[i].dir);
	return i;
}

static void drop_link(struct link *link)
{
	struct inode *inode = &inodes[link->to];

	link->used = false;
	if (--inode->nlink == 0) {
		fc_forget(c, inode->id, inode->lookups);
		memset(inode, 0, sizeof(*inode));
	}
}

/* The part of the image's root that the model's names can reach. */
static void adopt_image(void)
{
	memset(inodes, 0, sizeof(inodes));
	memset(links, 0, sizeof(links));
	model_set_inode(0, true, FUSE_ROOT_ID, 0);
	inodes[0].nlink = 1;
	for (unsigned name = 0; name < NAMES; name++) {
		struct fuse_entry_out out;
		unsigned i = model_free_inode();
		uint64_t fh;

		if (fc_lookup(c, FUSE_ROOT_ID, model_name(name), &out))
			continue;
		model_set_inode(i, (out.attr.mode & FUSE_S_IFMT) == FUSE_S_IFDIR, out.nodeid, 0);
		inodes[i].nlink = inodes[i].dir ? 0 : out.attr.nlink - 1; /* names elsewhere */
		model_add_link(0, name, i);
		if (inodes[i].dir)
			continue;
		if (out.attr.size > FILE_MAX)
			assert_int_equal(fc_truncate(c, out.nodeid, FILE_MAX), 0);
		inodes[i].size = out.attr.size > FILE_MAX ? FILE_MAX : out.attr.size;
		assert_int_equal(fc_open(c, out.nodeid, FUSE_O_RDONLY, &fh), 0);
		assert_int_equal(
			fc_read(c, out.nodeid, fh, 0, inodes[i].data, FILE_MAX), inodes[i].size);
		assert_int_equal(fc_release(c, out.nodeid, fh), 0);
	}
}

static void step_make(bool make_dir)
{
	unsigned dir = pick_dir(), name = pick(NAMES), i = model_free_inode();
	struct fuse_entry_out out;
	int err;

	if (!i || model_count_links() == LINKS)
		return;
	err = make_dir
		      ? fc_mkdir(c, inodes[dir].id, model_name(name), 0755, &out)
		      : fc_mknod(c, inodes[dir].id, model_name(name), FUSE_S_IFREG | 0644, 0, &out);
	assert_int_equal(err, model_find(dir, name) ? -FUSE_EEXIST : 0);
	if (err)
		return;
	model_set_inode(i, make_dir, out.nodeid, 0);
	model_add_link(dir, name, i);
}

static void step_remove(bool rmdir)
{
	unsigned dir = pick_dir(), name = pick(NAMES);
	struct link *link = model_find(dir, name);
	int err = rmdir ? fc_rmdir(c, inodes[dir].id, model_name(name))
			: fc_unlink(c, inodes[dir].id, model_name(name));

	if (!link)
		assert_int_equal(err, -FUSE_ENOENT);
	else if (rmdir != inodes[link->to].dir)
		assert_int_equal(err, rmdir ? -FUSE_ENOTDIR : -FUSE_EISDIR);
	else if (rmdir && !model_is_empty(link->to))
		assert_int_equal(err, -FUSE_ENOTEMPTY);
	else
		assert_int_equal(err, 0);
	if (!err)
		drop_link(link);
}

static void step_link(void)
{
	unsigned i = pick(INODES), dir = pick_dir(), name = pick(NAMES);
	struct fuse_entry_out out;
	int err;

	if (!inodes[i].used || model_count_links() == LINKS)
		return;
	err = fc_link(c, inodes[i].id, inodes[dir].id, model_name(name), &out);
	if (inodes[i].dir)
		assert_int_equal(err, -FUSE_EPERM);
	else
		assert_int_equal(err, model_find(dir, name) ? -FUSE_EEXIST : 0);
	if (err)
		return;
	inodes[i].lookups++;
	model_add_link(dir, name, i);
	assert_int_equal(out.attr.nlink, inodes[i].nlink);
}

static int expected_rename(
	const struct link *from, const struct link *to, unsigned new_dir, uint32_t flags)
{
	if (!from || (flags & FUSE_RENAME_EXCHANGE && !to))
		return -FUSE_ENOENT;
	if (to && to->to == from->to && !(flags & FUSE_RENAME_NOREPLACE))
		return 0;
	if (to && flags & FUSE_RENAME_NOREPLACE)
		return -FUSE_EEXIST;
	if (inodes[from->to].dir && model_is_inside(new_dir, from->to))
		return -FUSE_EINVAL;
	if (flags & FUSE_RENAME_EXCHANGE)
		return inodes[to->to].dir && model_is_inside(from->dir, to->to) ? -FUSE_EINVAL : 0;
	if (!to)
		return 0;
	if (inodes[from->to].dir != inodes[to->to].dir)
		return inodes[to->to].dir ? -FUSE_EISDIR : -FUSE_ENOTDIR;
	return inodes[to->to].dir && !model_is_empty(to->to) ? -FUSE_ENOTEMPTY : 0;
}

static void step_rename(void)
{
	static const uint32_t all_flags[] = {0, 0, FUSE_RENAME_NOREPLACE, FUSE_RENAME_EXCHANGE};
	unsigned dir = pick_dir(), new_dir = pick(2) ? pick_dir() : dir;
	unsigned name = pick(NAMES), new_name = pick(NAMES), moved;
	uint32_t flags = all_flags[pick(4)];
	struct link *from = model_find(dir, name), *to = model_find(new_dir, new_name);
	int err = fc_rename(c, inodes[dir].id, model_name(name), inodes[new_dir].id,
		model_name(new_name), flags);

	assert_int_equal(err, expected_rename(from, to, new_dir, flags));
	if (err || (to && to->to == from->to))
		return;
	if (flags & FUSE_RENAME_EXCHANGE) {
		moved = from->to;
		from->to = to->to;
		to->to = moved;
		return;
	}
	if (to)
		drop_link(to);
	from->dir = new_dir;
	from->name = new_name;
}

static unsigned pick_file(void)
{
	unsigned i = pick(INODES);

	for (unsigned n = 0; n < INODES; n++, i = (i + 1) % INODES)
		if (inodes[i].used && !inodes[i].dir)
			return i;
	return 0;
}

static void step_write(void)
{
	struct inode *f = &inodes[pick_file()];
	unsigned offset = pick(FILE_MAX), len = pick(pick(4) ? 500 : 20000);
	static uint8_t data[20000];
	uint64_t fh;

	if (f == inodes)
		return;
	len = len < FILE_MAX - offset ? len : FILE_MAX - offset;
	memset(data, (int)pick(256), len);
	assert_int_equal(fc_open(c, f->id, FUSE_O_RDWR, &fh), 0);
	assert_int_equal(fc_write(c, f->id, fh, offset, data, len), len);
	memcpy(f->data + offset, data, len);
	if (len && f->size < offset + len)
		f->size = offset + len;
	assert_int_equal(fc_release(c, f->id, fh), 0);
}

static void step_punch(void)
{
	static const uint32_t modes[] = {FUSE_FALLOC_KEEP_SIZE, FUSE_FALLOC_ZERO_RANGE,
		FUSE_FALLOC_KEEP_SIZE | FUSE_FALLOC_PUNCH_HOLE};
	struct inode *f = &inodes[pick_file()];
	unsigned offset = pick(FILE_MAX - 1), len = 1 + pick(20000), mode = pick(3);
	uint64_t fh;

	if (f == inodes)
		return;
	len = len < FILE_MAX - offset ? len : FILE_MAX - offset;
	assert_int_equal(fc_open(c, f->id, FUSE_O_RDWR, &fh), 0);
	assert_int_equal(fc_fallocate(c, f->id, fh, modes[mode], offset, len), 0);
	if (mode)
		memset(f->data + offset, 0, len);
	if (mode == 1 && f->size < offset + len)
		f->size = offset + len;
	assert_int_equal(fc_release(c, f->id, fh), 0);
}

static void step_truncate(void)
{
	struct inode *f = &inodes[pick_file()];
	unsigned size = pick(FILE_MAX);

	if (f == inodes)
		return;
	assert_int_equal(fc_truncate(c, f->id, size), 0);
	if (size < f->size)
		memset(f->data + size, 0, FILE_MAX - size);
	f->size = size;
}

static void check_file(const struct inode *f)
{
	static uint8_t data[FILE_MAX];
	struct fuse_attr attr;
	uint64_t fh;

	assert_int_equal(fc_getattr(c, f->id, &attr), 0);
	assert_int_equal(attr.size, f->size);
	assert_int_equal(attr.nlink, f->nlink);
	assert_int_equal(fc_open(c, f->id, FUSE_O_RDONLY, &fh), 0);
	assert_int_equal(fc_read(c, f->id, fh, 0, data, FILE_MAX), f->size);
	assert_memory_equal(data, f->data, f->size);
	assert_int_equal(fc_release(c, f->id, fh), 0);
}

struct listing {
	unsigned dir, found;
};

static void check_entry(void *ctx, const struct fuse_dirent *dirent, const char *name,
	const struct fuse_entry_out *entry)
{
	struct listing *listing = ctx;
	unsigned i = 0;

	(void)entry;
	while (i < NAMES && strcmp(name, model_name(i)))
		i++;
	if (i == NAMES)
		return; /* not of the model */
	assert_non_null(model_find(listing->dir, i));
	assert_int_equal(dirent->type == 4, inodes[model_find(listing->dir, i)->to].dir);
	listing->found++;
}

static void check_dir(unsigned dir)
{
	struct listing listing = {dir, 0};
	unsigned names = 0;
	uint64_t fh, offset = 0;

	assert_int_equal(fc_opendir(c, inodes[dir].id, &fh), 0);
	while (fc_readdir(c, inodes[dir].id, fh, &offset, 300, false, check_entry, &listing) > 0)
		;
	assert_int_equal(fc_release(c, inodes[dir].id, fh), 0);
	for (unsigned name = 0; name < NAMES; name++)
		names += model_find(dir, name) != NULL;
	assert_int_equal(listing.found, names);
}

static void check_all(void)
{
	assert_true(fuse_server_check(&server));
	for (unsigned i = 0; i < INODES; i++) {
		if (inodes[i].used && inodes[i].dir)
			check_dir(i);
		else if (inodes[i].used)
			check_file(&inodes[i]);
	}
}

static void step(void)
{
	switch (pick(12)) {
	case 0:
		step_make(true);
		break;
	case 1:
	case 2:
		step_make(false);
		break;
	case 3:
		step_remove(true);
		break;
	case 4:
		step_remove(false);
		break;
	case 5:
		step_link();
		break;
	case 6:
	case 7:
		step_rename();
		break;
	case 8:
		step_punch();
		break;
	case 9:
		step_truncate();
		break;
	default:
		step_write();
	}
}

static void remove_all(void)
{
	unsigned left;

	do {
		left = 0;
		for (unsigned i = 0; i < LINKS; i++) {
			struct link *l = &links[i];

			if (!l->used || (inodes[l->to].dir && !model_is_empty(l->to))) {
				left += l->used;
				continue;
			}
			assert_int_equal((inodes[l->to].dir ? fc_rmdir : fc_unlink)(
						 c, inodes[l->dir].id, model_name(l->name)),
				0);
			drop_link(l);
		}
	} while (left);
}

static void run_model(struct blob image, uint64_t first_seed)
{
	uint32_t start;

	seed = first_seed;
	fuse_server_open(&server, image, 32 << 20);
	start = fuse_server_free(&server);
	adopt_image();
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		if (i % 2000 == 0)
			check_all();
	}
	remove_all();
	assert_true(fuse_server_check(&server));
	/* What stays: that names of the image are hidden, and "hard1", which has a name elsewhere. */
	assert_true(start - fuse_server_free(&server) <= 40);
	fuse_server_close(&server);
}

static void test_model(void **state)
{
	(void)state;
	run_model(fs_image(), 1);
}

static void test_model_chunked(void **state)
{
	(void)state;
	run_model(fs_image_chunked(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_model_chunked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
