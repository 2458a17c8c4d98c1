/* SPDX-License-Identifier: MIT */
/*
 * The writable tree over an image: what changes names, opens and closes.
 * Inodes are nodeids, as a guest sends them; each function checks them, and
 * checks everything else before it changes anything. Errors are negative
 * errnos; -ENOSPC leaves the tree as it was.
 */
#ifndef VESPER_DEVICES_FS_TREE_H
#define VESPER_DEVICES_FS_TREE_H

#include "devices/fs/node.h"

struct tree_name {
	uint64_t dir; /* nodeid */
	const char *text;
	size_t len; /* 1..FUSE_NAME_MAX, checked by tree_name_check() */
};

/* -ENAMETOOLONG, or -EINVAL for what cannot be a name. */
int tree_name_check(const char *text, size_t len);

/* ERR_INVALID: not an image. The arena is empty then. */
MUST_CHECK enum status tree_init(
	struct tree *t, const struct blob *image, void *arena, size_t size, struct host *host);

/* The guest starts anew: nothing is open, no nodeid is remembered. The files stay. */
void tree_forget_guest(struct tree *t);

int tree_lookup(const struct tree *t, const struct tree_name *name, struct node *scratch,
	const struct node **out);

struct tree_new {
	uint32_t mode; /* with its type */
	uint32_t rdev;
	const char *target; /* of a symlink */
	struct node_owner owner;
};

int tree_create(struct tree *t, const struct tree_name *name, const struct tree_new *what,
	struct node **out);
int tree_link(struct tree *t, uint64_t id, const struct tree_name *name, struct node **out);
int tree_unlink(struct tree *t, const struct tree_name *name);
int tree_rmdir(struct tree *t, const struct tree_name *name);
int tree_rename(
	struct tree *t, const struct tree_name *from, const struct tree_name *to, uint32_t flags);

/* A name of `node` in `dir` is gone; the second: so is a directory that was in `dir`. */
void tree_drop_link(struct tree *t, struct node *node, struct node *dir);
void tree_subdir_left(struct node *dir);

/* `access` is FUSE_O_RDONLY, FUSE_O_WRONLY or FUSE_O_RDWR. The type is the caller's to check. */
int tree_open(struct tree *t, uint64_t id, uint32_t access, struct handle **out);
void tree_close(struct tree *t, struct handle *handle);

/* The open file `fh` of the inode `id`; NULL: none. */
struct handle *tree_handle(const struct tree *t, uint64_t id, uint64_t fh);

#endif
