/* SPDX-License-Identifier: MIT */
/*
 * A FUSE client for tests: one function a request, over whatever carries it.
 * Results are 0 (or a count) or a negative errno; a reply that breaks the
 * protocol aborts.
 */
#ifndef VESPER_TESTS_SIM_FUSE_CLIENT_H
#define VESPER_TESTS_SIM_FUSE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "include/abi/fuse.h"
#include "tests/sim/host.h"

#define FUSE_CLIENT_MAX (1u << 20) /* bytes of a request or a reply */

struct fuse_client {
	/* Carries a request; returns the bytes written to `in`, or -1. */
	int64_t (*carry)(void *carrier, const void *out, size_t out_len, void *in, size_t in_len);
	void *carrier;
	uint64_t unique;
	uint32_t uid, gid;
	uint8_t out[FUSE_CLIENT_MAX], in[FUSE_CLIENT_MAX];
};

/* A server without a device around it, to be looked into. */
struct fuse_server {
	struct fuse_client client;
	struct fs *fs;
	struct host host; /* only its clock is used */
	void *mem;
	struct vm_device *spec;
	size_t piece; /* bytes of a segment of guest memory; 0: all */
};

void fuse_server_open(struct fuse_server *s, struct blob image, size_t arena_size);
void fuse_server_close(struct fuse_server *s);
bool fuse_server_check(const struct fuse_server *s); /* do arena, inodes and names agree? */
uint32_t fuse_server_free(const struct fuse_server *s);

/* Any request: the opcode's struct, more bytes, and the reply's payload. Returns its length. */
int fuse_call(struct fuse_client *c, uint32_t opcode, uint64_t id, const void *arg, size_t arg_len,
	const void *more, size_t more_len, void *reply, size_t reply_len);

int fc_init(struct fuse_client *c);
int fc_lookup(struct fuse_client *c, uint64_t dir, const char *name, struct fuse_entry_out *out);
uint64_t fc_id(struct fuse_client *c, const char *path); /* 0: no such path */
void fc_forget(struct fuse_client *c, uint64_t id, uint64_t n);
int fc_getattr(struct fuse_client *c, uint64_t id, struct fuse_attr *out);
int fc_setattr(struct fuse_client *c, uint64_t id, const struct fuse_setattr_in *in);
int fc_truncate(struct fuse_client *c, uint64_t id, uint64_t size);
int fc_create(struct fuse_client *c, uint64_t dir, const char *name, uint32_t flags, uint32_t mode,
	struct fuse_create_out *out);
int fc_mknod(struct fuse_client *c, uint64_t dir, const char *name, uint32_t mode, uint32_t rdev,
	struct fuse_entry_out *out);
int fc_mkdir(struct fuse_client *c, uint64_t dir, const char *name, uint32_t mode,
	struct fuse_entry_out *out);
int fc_symlink(struct fuse_client *c, uint64_t dir, const char *name, const char *target,
	struct fuse_entry_out *out);
int fc_readlink(struct fuse_client *c, uint64_t id, char *out, size_t size);
int fc_link(struct fuse_client *c, uint64_t id, uint64_t dir, const char *name,
	struct fuse_entry_out *out);
int fc_unlink(struct fuse_client *c, uint64_t dir, const char *name);
int fc_rmdir(struct fuse_client *c, uint64_t dir, const char *name);
int fc_rename(struct fuse_client *c, uint64_t dir, const char *name, uint64_t new_dir,
	const char *new_name, uint32_t flags);
int fc_open(struct fuse_client *c, uint64_t id, uint32_t flags, uint64_t *fh);
int fc_opendir(struct fuse_client *c, uint64_t id, uint64_t *fh);
int fc_release(struct fuse_client *c, uint64_t id, uint64_t fh);
int fc_read(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, void *buf, size_t n);
int fc_write(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, const void *buf,
	size_t n);
int fc_fallocate(struct fuse_client *c, uint64_t id, uint64_t fh, uint32_t mode, uint64_t offset,
	uint64_t len);
int64_t fc_lseek(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, uint32_t whence);
int fc_setxattr(struct fuse_client *c, uint64_t id, const char *name, const void *value, size_t len,
	uint32_t flags);
int fc_getxattr(struct fuse_client *c, uint64_t id, const char *name, void *value, size_t size);
int fc_statfs(struct fuse_client *c, struct fuse_statfs_out *out);

/* One READDIR (or READDIRPLUS): calls `each` for its entries, moves *offset. The number of entries. */
typedef void fc_each(void *ctx, const struct fuse_dirent *dirent, const char *name,
	const struct fuse_entry_out *entry);
int fc_readdir(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t *offset, uint32_t size,
	bool plus, fc_each *each, void *ctx);

#endif
