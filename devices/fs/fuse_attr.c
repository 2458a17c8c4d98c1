/* SPDX-License-Identifier: MIT */
/* FUSE requests on attributes, and how replies tell them. */
#include "devices/fs/file.h"
#include "devices/fs/fuse.h"
#include "devices/fs/xattr.h"

#define NS_PER_S     1000000000u
#define CAPABILITIES "security.capability"

void fuse_fill_attr(const struct node *node, struct fuse_attr *out)
{
	*out = (struct fuse_attr){
		.ino = node->ino,
		.size = node->size,
		.blocks = file_sectors(node),
		.atime = node->atime.s,
		.mtime = node->mtime.s,
		.ctime = node->ctime.s,
		.atime_ns = node->atime.ns,
		.mtime_ns = node->mtime.ns,
		.ctime_ns = node->ctime.ns,
		.mode = node->mode,
		.nlink = node->nlink,
		.uid = node->uid,
		.gid = node->gid,
		.rdev = node->rdev,
		.blksize = ARENA_BLOCK,
	};
}

void fuse_fill_entry(struct fs *fs, const struct node *node, struct fuse_entry_out *out)
{
	*out = (struct fuse_entry_out){
		.nodeid = node->id,
		.entry_valid = FUSE_VALID_S,
		.attr_valid = FUSE_VALID_S,
	};
	fuse_fill_attr(node, &out->attr);
	node_remember(&fs->tree, node->id);
}

static int attr_reply(struct fs *fs, const struct node *node)
{
	struct fuse_attr_out *out = (struct fuse_attr_out *)fs->reply;

	*out = (struct fuse_attr_out){.attr_valid = FUSE_VALID_S};
	fuse_fill_attr(node, &out->attr);
	return sizeof(*out);
}

int fuse_getattr(struct fs *fs, const struct fuse_request *rq)
{
	struct node scratch;
	const struct node *node = node_get(&fs->tree, rq->head.nodeid, &scratch);

	return node ? attr_reply(fs, node) : -FUSE_ESTALE;
}

int fuse_kill_privileges(struct fs *fs, struct node *node)
{
	int err = xattr_remove(&fs->tree, node, CAPABILITIES);

	if (err && err != -FUSE_ENODATA)
		return err;
	node_kill_suidgid(node);
	node_changed(&fs->tree, node);
	return 0;
}

static int check_setattr(const struct node *node, const struct fuse_setattr_in *in)
{
	if ((in->valid & FUSE_SET_ATIME && in->atime_ns >= NS_PER_S) ||
		(in->valid & FUSE_SET_MTIME && in->mtime_ns >= NS_PER_S) ||
		(in->valid & FUSE_SET_CTIME && in->ctime_ns >= NS_PER_S))
		return -FUSE_EINVAL;
	if (!(in->valid & FUSE_SET_SIZE))
		return 0;
	if (node_type(node) != FUSE_S_IFREG)
		return node_is_dir(node) ? -FUSE_EISDIR : -FUSE_EINVAL;
	return in->size > FILE_SIZE_MAX ? -FUSE_EFBIG : 0;
}

static void set_owner(struct node *node, const struct fuse_setattr_in *in)
{
	if (in->valid & FUSE_SET_UID)
		node->uid = in->uid;
	if (in->valid & FUSE_SET_GID)
		node->gid = in->gid;
	if (in->valid & FUSE_SET_MODE)
		node->mode = node_type(node) | (in->mode & FUSE_S_PERM);
}

/* After node_changed(): ctime is now. */
static void set_times(struct node *node, const struct fuse_setattr_in *in)
{
	if (in->valid & (FUSE_SET_ATIME_NOW))
		node->atime = node->ctime;
	else if (in->valid & FUSE_SET_ATIME)
		node->atime = (struct node_time){in->atime, in->atime_ns};
	if (in->valid & (FUSE_SET_MTIME_NOW | FUSE_SET_SIZE))
		node->mtime = node->ctime;
	if (in->valid & FUSE_SET_MTIME && !(in->valid & FUSE_SET_MTIME_NOW))
		node->mtime = (struct node_time){in->mtime, in->mtime_ns};
	if (in->valid & FUSE_SET_CTIME)
		node->ctime = (struct node_time){in->ctime, in->ctime_ns};
}

/* A new owner gets no program that runs as the old one; so for a truncation, where asked. */
static bool kills_privileges(const struct node *node, const struct fuse_setattr_in *in)
{
	if (in->valid & (FUSE_SET_UID | FUSE_SET_GID))
		return !node_is_dir(node);
	return in->valid & FUSE_SET_KILL_SUIDGID;
}

/* Room for the inode and for the mark that hides an attribute is there. */
static void set_all(struct fs *fs, struct node *node, const struct fuse_setattr_in *in)
{
	if (kills_privileges(node, in))
		(void)fuse_kill_privileges(fs, node);
	if (in->valid & FUSE_SET_SIZE)
		file_resize(&fs->tree, node, in->size);
	set_owner(node, in);
	node_changed(&fs->tree, node);
	set_times(node, in);
}

int fuse_setattr(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_setattr_in *in = rq->arg;
	const struct node *node;
	struct node scratch, *own;
	int err;

	node = node_get(&fs->tree, rq->head.nodeid, &scratch);
	if (!node)
		return -FUSE_ESTALE;
	err = check_setattr(node, in);
	if (!err && !arena_room(&fs->tree.arena, 2, ARENA_LAST))
		err = -FUSE_ENOSPC;
	if (err)
		return err;
	own = node_own(&fs->tree, rq->head.nodeid);
	set_all(fs, own, in);
	return attr_reply(fs, own);
}

/* By the mode bits alone: a client that knows more checks by itself. */
int fuse_access(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_access_in *in = rq->arg;
	struct node scratch;
	const struct node *node = node_get(&fs->tree, rq->head.nodeid, &scratch);
	uint32_t granted;

	if (!node)
		return -FUSE_ESTALE;
	if (in->mask > 7)
		return -FUSE_EINVAL;
	if (rq->head.uid == 0)
		granted = node_is_dir(node) || node->mode & 0111 ? 7 : 6;
	else if (rq->head.uid == node->uid)
		granted = node->mode >> 6;
	else if (rq->head.gid == node->gid)
		granted = node->mode >> 3;
	else
		granted = node->mode;
	return in->mask & ~granted ? -FUSE_EACCES : 0;
}
