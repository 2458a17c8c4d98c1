/* SPDX-License-Identifier: MIT */
/*
 * The protocol: a request's header is copied, its length checked, the
 * opcode's struct and names copied; only then a handler runs, on the copies.
 * A reply that does not fit is refused before anything is done.
 */
#include "devices/fs/fuse.h"

#include <string.h>

enum op_flags {
	OP_DATA = 1,     /* data follows the struct and stays in guest memory */
	OP_DIRECT = 2,   /* the handler writes the reply's payload to guest memory */
	OP_NO_REPLY = 4, /* not even an error */
};

struct op {
	fuse_handler *handle;
	uint8_t arg_size;   /* of the struct; a shorter request is -EINVAL */
	uint8_t names;      /* strings behind it */
	uint8_t reply_size; /* the least that the reply needs behind its header */
	uint8_t flags;
};

static int forget(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_forget_in *in = rq->arg;

	node_forget(&fs->tree, rq->head.nodeid, in->nlookup);
	return 0;
}

/* At most as many as fs->args holds: no client sends more. */
static int batch_forget(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_batch_forget_in *in = rq->arg;
	struct fuse_forget_one one;

	for (size_t i = 0; i < in->count && (i + 1) * sizeof(one) <= rq->rest_len; i++) {
		memcpy(&one, rq->rest + i * sizeof(one), sizeof(one));
		node_forget(&fs->tree, one.nodeid, one.nlookup);
	}
	return 0;
}

/* Nothing is ever pending: the request to interrupt has its reply already. */
static int interrupt(struct fs *fs, const struct fuse_request *rq)
{
	(void)fs;
	(void)rq;
	return 0;
}

#define ARG(type)   sizeof(struct type)
#define ENTRY_SIZE  sizeof(struct fuse_entry_out)
#define ATTR_SIZE   sizeof(struct fuse_attr_out)
#define INIT_IN_MIN 16 /* without flags2 */

static const struct op ops[] = {
	[FUSE_LOOKUP] = {fuse_lookup, 0, 1, ENTRY_SIZE, 0},
	[FUSE_FORGET] = {forget, ARG(fuse_forget_in), 0, 0, OP_NO_REPLY},
	[FUSE_GETATTR] = {fuse_getattr, ARG(fuse_getattr_in), 0, ATTR_SIZE, 0},
	[FUSE_SETATTR] = {fuse_setattr, ARG(fuse_setattr_in), 0, ATTR_SIZE, 0},
	[FUSE_READLINK] = {fuse_readlink, 0, 0, 0, 0},
	[FUSE_SYMLINK] = {fuse_symlink, 0, 2, ENTRY_SIZE, 0},
	[FUSE_MKNOD] = {fuse_mknod, ARG(fuse_mknod_in), 1, ENTRY_SIZE, 0},
	[FUSE_MKDIR] = {fuse_mkdir, ARG(fuse_mkdir_in), 1, ENTRY_SIZE, 0},
	[FUSE_UNLINK] = {fuse_unlink, 0, 1, 0, 0},
	[FUSE_RMDIR] = {fuse_rmdir, 0, 1, 0, 0},
	[FUSE_RENAME] = {fuse_rename, ARG(fuse_rename_in), 2, 0, 0},
	[FUSE_LINK] = {fuse_link, ARG(fuse_link_in), 1, ENTRY_SIZE, 0},
	[FUSE_OPEN] = {fuse_open, ARG(fuse_open_in), 0, ARG(fuse_open_out), 0},
	[FUSE_READ] = {fuse_read, ARG(fuse_read_in), 0, 0, OP_DIRECT},
	[FUSE_WRITE] = {fuse_write, ARG(fuse_write_in), 0, ARG(fuse_write_out), OP_DATA},
	[FUSE_STATFS] = {fuse_statfs, 0, 0, ARG(fuse_statfs_out), 0},
	[FUSE_RELEASE] = {fuse_release, ARG(fuse_release_in), 0, 0, 0},
	[FUSE_FSYNC] = {fuse_fsync, ARG(fuse_fsync_in), 0, 0, 0},
	[FUSE_SETXATTR] = {fuse_setxattr, ARG(fuse_setxattr_in), 1, 0, 0},
	[FUSE_GETXATTR] = {fuse_getxattr, ARG(fuse_getxattr_in), 1, 0, 0},
	[FUSE_LISTXATTR] = {fuse_listxattr, ARG(fuse_getxattr_in), 0, 0, 0},
	[FUSE_REMOVEXATTR] = {fuse_removexattr, 0, 1, 0, 0},
	[FUSE_FLUSH] = {fuse_flush, ARG(fuse_flush_in), 0, 0, 0},
	[FUSE_INIT] = {fuse_init, INIT_IN_MIN, 0, ARG(fuse_init_out), 0},
	[FUSE_OPENDIR] = {fuse_opendir, ARG(fuse_open_in), 0, ARG(fuse_open_out), 0},
	[FUSE_READDIR] = {fuse_readdir, ARG(fuse_read_in), 0, 0, 0},
	[FUSE_RELEASEDIR] = {fuse_release, ARG(fuse_release_in), 0, 0, 0},
	[FUSE_FSYNCDIR] = {fuse_fsync, ARG(fuse_fsync_in), 0, 0, 0},
	[FUSE_ACCESS] = {fuse_access, ARG(fuse_access_in), 0, 0, 0},
	[FUSE_CREATE] = {fuse_create, ARG(fuse_create_in), 1, ARG(fuse_create_out), 0},
	[FUSE_INTERRUPT] = {interrupt, 0, 0, 0, OP_NO_REPLY},
	[FUSE_DESTROY] = {fuse_destroy, 0, 0, 0, 0},
	[FUSE_BATCH_FORGET] = {batch_forget, ARG(fuse_batch_forget_in), 0, 0, OP_NO_REPLY},
	[FUSE_FALLOCATE] = {fuse_fallocate, ARG(fuse_fallocate_in), 0, 0, 0},
	[FUSE_READDIRPLUS] = {fuse_readdirplus, ARG(fuse_read_in), 0, 0, 0},
	[FUSE_RENAME2] = {fuse_rename2, ARG(fuse_rename2_in), 2, 0, 0},
	[FUSE_LSEEK] = {fuse_lseek, ARG(fuse_lseek_in), 0, ARG(fuse_lseek_out), 0},
};

static const struct op *find_op(uint32_t opcode)
{
	if (opcode >= sizeof(ops) / sizeof(ops[0]) || !ops[opcode].handle)
		return NULL;
	return &ops[opcode];
}

/* Copies what follows the header; for OP_DATA only the struct. */
static bool read_args(struct fs *fs, const struct op *op, struct fuse_request *rq)
{
	size_t len = rq->head.len - sizeof(rq->head);

	if (len < op->arg_size)
		return false;
	if (op->flags & OP_DATA)
		len = op->arg_size;
	if (len > sizeof(fs->args))
		len = sizeof(fs->args);
	if (vq_chain_read(rq->chain, sizeof(rq->head), fs->args, len) != len)
		return false;
	rq->arg = fs->args;
	rq->rest = fs->args + op->arg_size;
	rq->rest_len = len - op->arg_size;
	return true;
}

static bool split_names(const struct op *op, struct fuse_request *rq)
{
	for (unsigned i = 0; i < op->names; i++) {
		const uint8_t *nul = memchr(rq->rest, 0, rq->rest_len);

		if (!nul)
			return false;
		rq->name[i] = (const char *)rq->rest;
		rq->name_len[i] = (size_t)(nul - rq->rest);
		rq->rest_len -= rq->name_len[i] + 1;
		rq->rest = nul + 1;
	}
	return true;
}

static int dispatch(struct fs *fs, struct fuse_request *rq, const struct op *op)
{
	if (!op)
		return -FUSE_ENOSYS;
	if (rq->room < op->reply_size || !read_args(fs, op, rq) || !split_names(op, rq))
		return -FUSE_EINVAL;
	return op->handle(fs, rq);
}

static uint32_t reply(struct fs *fs, const struct fuse_request *rq, const struct op *op, int result)
{
	size_t payload = result > 0 ? (size_t)result : 0;
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + payload),
		.error = result < 0 ? result : 0,
		.unique = rq->head.unique,
	};

	if (payload && !(op->flags & OP_DIRECT))
		vq_chain_write(rq->chain, sizeof(head), fs->reply, payload);
	vq_chain_write(rq->chain, 0, &head, sizeof(head));
	return head.len;
}

uint32_t fuse_serve(struct fs *fs, const struct vq_chain *chain)
{
	struct fuse_request rq = {.chain = chain};
	const struct op *op;
	int result;

	if (vq_chain_read(chain, 0, &rq.head, sizeof(rq.head)) != sizeof(rq.head))
		return 0;
	op = find_op(rq.head.opcode);
	if (op && op->flags & OP_NO_REPLY) {
		if (rq.head.len >= sizeof(rq.head) && rq.head.len <= chain->out_len)
			(void)dispatch(fs, &rq, op);
		return 0;
	}
	if (chain->in_len < sizeof(struct fuse_out_header))
		return 0;
	rq.room = chain->in_len - sizeof(struct fuse_out_header);
	if (rq.head.len < sizeof(rq.head) || rq.head.len > chain->out_len)
		result = -FUSE_EINVAL;
	else
		result = dispatch(fs, &rq, op);
	return reply(fs, &rq, op, result);
}
