/* SPDX-License-Identifier: MIT */
/* FUSE requests on extended attributes. */
#include "devices/fs/xattr.h"

#include <string.h>

#include "devices/fs/fuse.h"

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
