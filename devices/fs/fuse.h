/* SPDX-License-Identifier: MIT */
/*
 * The FUSE server of one device. fuse.c takes a request apart and finds its
 * handler in a table; the handlers are in fuse_dir.c (names), fuse_file.c
 * (open files), fuse_data.c (their bytes), fuse_attr.c, fuse_xattr.c and
 * fuse_session.c.
 */
#ifndef VESPER_DEVICES_FS_FUSE_H
#define VESPER_DEVICES_FS_FUSE_H

#include "devices/fs/tree.h"
#include "devices/virtqueue.h"

#define FUSE_VALID_S   86400u /* the guest is the only writer: what it knows stays true */
#define FUSE_ARGS_MAX  16384u
#define FUSE_REPLY_MAX 65536u
#define FUSE_PAGES_MAX 240u /* of data in one request: with its headers it fits VIRTQUEUE_MAX */

struct fuse_config {
	uint8_t tag[VM_TAG_MAX];
	uint32_t n_request_queues;
};

/* dev->state */
struct fs {
	struct fuse_config config;
	struct tree tree;
	/* Of the request at hand: what the opcode carries, copied once, and the reply behind its
	 * header. */
	_Alignas(8) uint8_t args[FUSE_ARGS_MAX];
	_Alignas(8) uint8_t reply[FUSE_REPLY_MAX];
};

/* A request as its handler sees it. */
struct fuse_request {
	struct fuse_in_header head;
	const struct vq_chain *chain;
	const void *arg; /* the opcode's struct, in fs->args */
	const char *name[2];
	size_t name_len[2];
	const uint8_t *rest; /* behind struct and names */
	size_t rest_len;
	size_t room; /* for the reply behind its header; at least the table's reply_size */
};

/* Returns the bytes of the reply in fs->reply, or a negative errno. */
typedef int fuse_handler(struct fs *fs, const struct fuse_request *rq);

/* Serves one request and returns the bytes written to the chain. */
uint32_t fuse_serve(struct fs *fs, const struct vq_chain *chain);

fuse_handler fuse_lookup, fuse_readlink, fuse_symlink, fuse_mknod, fuse_mkdir, fuse_unlink,
	fuse_rmdir, fuse_rename, fuse_rename2, fuse_link, fuse_readdir, fuse_readdirplus;
fuse_handler fuse_open, fuse_opendir, fuse_create, fuse_read, fuse_write, fuse_release, fuse_flush,
	fuse_fsync, fuse_fallocate, fuse_lseek;
fuse_handler fuse_init, fuse_destroy, fuse_getattr, fuse_setattr, fuse_statfs, fuse_access,
	fuse_setxattr, fuse_getxattr, fuse_listxattr, fuse_removexattr;

void fuse_fill_attr(const struct node *node, struct fuse_attr *out);

/* The node of an open regular file whose access is not `denied`; NULL: *err says why not. */
struct node *fuse_open_node(
	struct fs *fs, const struct fuse_request *rq, uint64_t fh, uint32_t denied, int *err);

/* The reply that tells a nodeid to the guest, and counts that. */
void fuse_fill_entry(struct fs *fs, const struct node *node, struct fuse_entry_out *out);

/* A write or truncation by someone without privilege takes file capabilities away, too. The node
 * is in the arena; -ENOSPC or 0. */
int fuse_kill_privileges(struct fs *fs, struct node *node);

#endif
