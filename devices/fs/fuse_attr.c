/* SPDX-License-Identifier: MIT */
/* FUSE requests on attributes, extended ones too, and on the session and the file system. */
#include "devices/fs/fuse.h"

#include <string.h>

#include "devices/fs/file.h"
#include "devices/fs/xattr.h"

#define NS_PER_S     1000000000u
#define CAPABILITIES "security.capability"
#define INIT_FLAGS                                                                           \
	(FUSE_INIT_ASYNC_READ | FUSE_INIT_ATOMIC_O_TRUNC | FUSE_INIT_BIG_WRITES |            \
		FUSE_INIT_DO_READDIRPLUS | FUSE_INIT_READDIRPLUS_AUTO |                      \
		FUSE_INIT_PARALLEL_DIROPS | FUSE_INIT_MAX_PAGES | FUSE_INIT_CACHE_SYMLINKS | \
		FUSE_INIT_KILLPRIV_V2)

/*
 * No write-back cache: a write that does not fit must fail when it is made,
 * not when the guest's kernel gets round to it.
 */
int fuse_init(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_init_in *in = rq->arg;
	struct fuse_init_out *out = (struct fuse_init_out *)fs->reply;

	if (in->major < FUSE_MAJOR || (in->major == FUSE_MAJOR && in->minor < FUSE_MINOR_MIN))
		return -FUSE_EPROTO;
	tree_forget_guest(&fs->tree);
	*out = (struct fuse_init_out){
		.major = FUSE_MAJOR,
		.minor = FUSE_MINOR,
		.max_readahead = in->max_readahead,
		.flags = in->flags & INIT_FLAGS,
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = FUSE_PAGES_MAX * ARENA_BLOCK,
		.time_gran = 1,
		.max_pages = FUSE_PAGES_MAX,
	};
	return sizeof(*out);
}

int fuse_destroy(struct fs *fs, const struct fuse_request *rq)
{
	(void)rq;
	tree_forget_guest(&fs->tree);
	return 0;
}

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

/* The image's blocks count as used, the arena's reserve as not available. */
int fuse_statfs(struct fs *fs, const struct fuse_request *rq)
{
	struct fuse_statfs_out *out = (struct fuse_statfs_out *)fs->reply;
	const struct arena *arena = &fs->tree.arena;

	(void)rq;
	*out = (struct fuse_statfs_out){
		.blocks = arena->n_blocks + fs->tree.image.size / ARENA_BLOCK,
		.bfree = arena->n_free,
		.bavail = arena->n_free > arena->reserve ? arena->n_free - arena->reserve : 0,
		.files = fs->tree.image.inodes + arena->n_blocks,
		.ffree = arena->n_free,
		.bsize = ARENA_BLOCK,
		.namelen = FUSE_NAME_MAX,
		.frsize = ARENA_BLOCK,
	};
	return sizeof(*out);
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

static int check_xattr_name(const struct fuse_request *rq)
{
	return rq->name_len[0] && rq->name_len[0] <= FUSE_NAME_MAX ? 0 : -FUSE_ERANGE;
}

/* The inode in the arena, to change its attributes. */
static int own_for_xattr(struct fs *fs, const struct fuse_request *rq, struct node **out)
{
	struct node scratch;
	int err = check_xattr_name(rq);

	if (err)
		return err;
	if (!node_get(&fs->tree, rq->head.nodeid, &scratch))
		return -FUSE_ESTALE;
	if (!arena_room(&fs->tree.arena, 2, ARENA_LAST))
		return -FUSE_ENOSPC;
	*out = node_own(&fs->tree, rq->head.nodeid);
	return 0;
}

static int xattr_done(struct fs *fs, struct node *node, int err)
{
	if (!err)
		node_changed(&fs->tree, node);
	node_settle(&fs->tree, node);
	return err;
}

int fuse_setxattr(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_setxattr_in *in = rq->arg;
	struct node *node;
	int err;

	if (in->size > ARENA_OBJECT_MAX)
		return -FUSE_ENOSPC;
	if (in->size > rq->rest_len || in->flags & ~(FUSE_XATTR_CREATE | FUSE_XATTR_REPLACE))
		return -FUSE_EINVAL;
	err = own_for_xattr(fs, rq, &node);
	if (err)
		return err;
	err = xattr_set(
		&fs->tree, node, rq->name[0], (struct xattr_value){rq->rest, in->size}, in->flags);
	return xattr_done(fs, node, err);
}

int fuse_removexattr(struct fs *fs, const struct fuse_request *rq)
{
	struct node *node;
	int err = own_for_xattr(fs, rq, &node);

	if (err)
		return err;
	return xattr_done(fs, node, xattr_remove(&fs->tree, node, rq->name[0]));
}

/* `size` 0 asks for the size; else the bytes must fit it and the reply. */
static int xattr_reply(
	struct fs *fs, const struct fuse_request *rq, const void *data, size_t len, uint32_t size)
{
	struct fuse_getxattr_out *out = (struct fuse_getxattr_out *)fs->reply;

	if (size == 0 && rq->room >= sizeof(*out)) {
		*out = (struct fuse_getxattr_out){.size = (uint32_t)len};
		return sizeof(*out);
	}
	if (len > size || len > rq->room)
		return -FUSE_ERANGE;
	if (len > sizeof(fs->reply))
		return -FUSE_E2BIG;
	memmove(fs->reply, data, len);
	return (int)len;
}

int fuse_getxattr(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_getxattr_in *in = rq->arg;
	struct node scratch;
	const struct node *node = node_get(&fs->tree, rq->head.nodeid, &scratch);
	struct xattr_value value;
	int err = check_xattr_name(rq);

	if (!node)
		return -FUSE_ESTALE;
	if (!err)
		err = xattr_get(&fs->tree, node, rq->name[0], &value);
	return err ? err : xattr_reply(fs, rq, value.data, value.len, in->size);
}

int fuse_listxattr(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_getxattr_in *in = rq->arg;
	struct node scratch;
	const struct node *node = node_get(&fs->tree, rq->head.nodeid, &scratch);
	uint32_t size = in->size;
	int len;

	if (!node)
		return -FUSE_ESTALE;
	len = xattr_list(&fs->tree, node, (char *)fs->reply, sizeof(fs->reply));
	return len < 0 ? len : xattr_reply(fs, rq, fs->reply, (size_t)len, size);
}
