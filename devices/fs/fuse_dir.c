/* SPDX-License-Identifier: MIT */
/* FUSE requests on names: they check the names, call the tree and fill replies. */
#include "devices/fs/fuse.h"

#include <string.h>

#include "devices/fs/dir.h"

#define PATH_MAX 4096u

static int name_of(const struct fuse_request *rq, unsigned i, uint64_t dir, struct tree_name *out)
{
	*out = (struct tree_name){dir, rq->name[i], rq->name_len[i]};
	return tree_name_check(out->text, out->len);
}

static struct node_owner owner_of(const struct fuse_request *rq)
{
	return (struct node_owner){rq->head.uid, rq->head.gid};
}

static int entry_reply(struct fs *fs, const struct node *node)
{
	fuse_fill_entry(fs, node, (struct fuse_entry_out *)fs->reply);
	return sizeof(struct fuse_entry_out);
}

/* That there is no such name is worth remembering. */
static int no_entry_reply(struct fs *fs)
{
	struct fuse_entry_out *out = (struct fuse_entry_out *)fs->reply;

	*out = (struct fuse_entry_out){.entry_valid = FUSE_VALID_S};
	return sizeof(*out);
}

int fuse_lookup(struct fs *fs, const struct fuse_request *rq)
{
	const struct node *node;
	struct tree_name name;
	struct node scratch;
	int err = name_of(rq, 0, rq->head.nodeid, &name);

	if (!err)
		err = tree_lookup(&fs->tree, &name, &scratch, &node);
	if (err == -FUSE_ENOENT)
		return no_entry_reply(fs);
	return err ? err : entry_reply(fs, node);
}

static int create(struct fs *fs, const struct fuse_request *rq, const struct tree_new *what)
{
	struct tree_name name;
	struct node *node;
	int err = name_of(rq, 0, rq->head.nodeid, &name);

	if (!err)
		err = tree_create(&fs->tree, &name, what, &node);
	return err ? err : entry_reply(fs, node);
}

int fuse_symlink(struct fs *fs, const struct fuse_request *rq)
{
	struct tree_new what = {FUSE_S_IFLNK | 0777u, 0, rq->name[1], owner_of(rq)};

	if (!rq->name_len[1])
		return -FUSE_ENOENT;
	if (rq->name_len[1] >= PATH_MAX)
		return -FUSE_ENAMETOOLONG;
	return create(fs, rq, &what);
}

int fuse_mknod(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_mknod_in *in = rq->arg;
	uint32_t type = in->mode & FUSE_S_IFMT ? in->mode & FUSE_S_IFMT : FUSE_S_IFREG;
	bool device = type == FUSE_S_IFCHR || type == FUSE_S_IFBLK;
	struct tree_new what = {
		type | (in->mode & FUSE_S_PERM), device ? in->rdev : 0, NULL, owner_of(rq)};

	if (!device && type != FUSE_S_IFREG && type != FUSE_S_IFIFO && type != FUSE_S_IFSOCK)
		return -FUSE_EINVAL;
	return create(fs, rq, &what);
}

int fuse_mkdir(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_mkdir_in *in = rq->arg;
	struct tree_new what = {FUSE_S_IFDIR | (in->mode & FUSE_S_PERM), 0, NULL, owner_of(rq)};

	return create(fs, rq, &what);
}

int fuse_link(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_link_in *in = rq->arg;
	struct tree_name name;
	struct node *node;
	int err = name_of(rq, 0, rq->head.nodeid, &name);

	if (!err)
		err = tree_link(&fs->tree, in->oldnodeid, &name, &node);
	return err ? err : entry_reply(fs, node);
}

int fuse_unlink(struct fs *fs, const struct fuse_request *rq)
{
	struct tree_name name;
	int err = name_of(rq, 0, rq->head.nodeid, &name);

	return err ? err : tree_unlink(&fs->tree, &name);
}

int fuse_rmdir(struct fs *fs, const struct fuse_request *rq)
{
	struct tree_name name;
	int err = name_of(rq, 0, rq->head.nodeid, &name);

	return err ? err : tree_rmdir(&fs->tree, &name);
}

static int do_rename(struct fs *fs, const struct fuse_request *rq, uint64_t newdir, uint32_t flags)
{
	struct tree_name from, to;
	int err = name_of(rq, 0, rq->head.nodeid, &from);

	if (!err)
		err = name_of(rq, 1, newdir, &to);
	return err ? err : tree_rename(&fs->tree, &from, &to, flags);
}

int fuse_rename(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_rename_in *in = rq->arg;

	return do_rename(fs, rq, in->newdir, 0);
}

int fuse_rename2(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_rename2_in *in = rq->arg;

	return do_rename(fs, rq, in->newdir, in->flags);
}

/* The image's bytes may lie in two pieces. */
static int read_image_link(struct fs *fs, const struct node *node, size_t room)
{
	uint64_t done = 0, run;
	const uint8_t *data;

	if (node->size > room)
		return -FUSE_EIO;
	for (; done < node->size; done += run) {
		run = erofs_data(&fs->tree.image, &node->base, done, &data);
		if (!run || !data)
			return -FUSE_EIO;
		memcpy(fs->reply + done, data, run);
	}
	return (int)done;
}

int fuse_readlink(struct fs *fs, const struct fuse_request *rq)
{
	size_t room = rq->room < sizeof(fs->reply) ? rq->room : sizeof(fs->reply);
	struct node scratch;
	const struct node *node = node_get(&fs->tree, rq->head.nodeid, &scratch);

	if (!node)
		return -FUSE_ESTALE;
	if (node_type(node) != FUSE_S_IFLNK)
		return -FUSE_EINVAL;
	if (!node->target)
		return read_image_link(fs, node, room);
	if (node->size > room)
		return -FUSE_EINVAL;
	memcpy(fs->reply, node->target, node->size);
	return (int)node->size;
}

static void put_dirent(uint8_t *at, size_t len, const struct dir_entry *entry, uint64_t next)
{
	struct fuse_dirent dirent = {entry->ino, next, entry->name_len, entry->type};
	size_t end = sizeof(dirent) + entry->name_len;

	memcpy(at, &dirent, sizeof(dirent));
	memcpy(at + sizeof(dirent), entry->name, entry->name_len);
	memset(at + end, 0, len - end);
}

/* "." and ".." are told without a nodeid, and so is what the image has corrupt. */
static void put_entry(struct fs *fs, uint8_t *at, const struct dir_entry *entry)
{
	const struct node *node = NULL;
	struct fuse_entry_out out = {0};
	struct node scratch;

	if (entry->target)
		node = node_get(&fs->tree, entry->target, &scratch);
	if (node)
		fuse_fill_entry(fs, node, &out);
	memcpy(at, &out, sizeof(out));
}

/* As many entries as fit; `head` bytes of each are its entry_out. */
static int put_entries(
	struct fs *fs, const struct node *dir, uint64_t pos, size_t room, size_t head)
{
	struct dir_entry entry;
	size_t at = 0;
	int err;

	while ((err = dir_next(&fs->tree, dir, &pos, &entry)) == 0) {
		size_t len = (sizeof(struct fuse_dirent) + entry.name_len + 7) & ~(size_t)7;

		if (head + len > room - at)
			break;
		if (head)
			put_entry(fs, fs->reply + at, &entry);
		put_dirent(fs->reply + at + head, len, &entry, pos);
		at += head + len;
	}
	return at || err == -FUSE_ENOENT ? (int)at : err ? err : -FUSE_EINVAL;
}

static int readdir(struct fs *fs, const struct fuse_request *rq, size_t head)
{
	const struct fuse_read_in *in = rq->arg;
	const struct handle *handle = tree_handle(&fs->tree, rq->head.nodeid, in->fh);
	size_t room = in->size < rq->room ? in->size : rq->room;

	if (!handle)
		return -FUSE_EBADF;
	if (!node_is_dir(handle->node))
		return -FUSE_ENOTDIR;
	if (room > sizeof(fs->reply))
		room = sizeof(fs->reply);
	return put_entries(fs, handle->node, in->offset, room, head);
}

int fuse_readdir(struct fs *fs, const struct fuse_request *rq)
{
	return readdir(fs, rq, 0);
}

int fuse_readdirplus(struct fs *fs, const struct fuse_request *rq)
{
	return readdir(fs, rq, sizeof(struct fuse_entry_out));
}
