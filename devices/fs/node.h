/* SPDX-License-Identifier: MIT */
/*
 * Inodes of the writable tree, and the tree's state.
 *
 * An inode of the image needs no memory until it is opened or changed: its
 * nodeid is its nid with bit 63 set (the root's is 1), so a guest may remember
 * as many as it likes. A changed one is a struct node, found by nid: all its
 * names in the image lead to it. A removed one stays as a node without links,
 * since a guest may still hold its nodeid; and keeps its contents until the
 * guest, who needed the nodeid to remove it, forgets that.
 * A created inode's nodeid is a generation and a place in the arena; it lives
 * while it has a name, is open or the guest remembers it.
 */
#ifndef VESPER_DEVICES_FS_NODE_H
#define VESPER_DEVICES_FS_NODE_H

#include <stdbool.h>

#include "devices/fs/arena.h"
#include "devices/fs/erofs.h"
#include "devices/fs/trie.h"
#include "include/abi/fuse.h"
#include "include/dm.h"

#define NODE_IMAGE (1ull << 63) /* of a nodeid: the rest is a nid */

struct node_time {
	uint64_t s;
	uint32_t ns;
};

struct node {
	uint64_t id; /* first, see arena_delete(); in a node that is not in the arena too */
	struct trie_leaf by_nid; /* image inodes in the arena */
	bool live;               /* in the arena */
	bool image;              /* `base` is valid */
	bool changed;            /* an image inode that differs from the image */
	uint8_t map_height;      /* regular files, see file.h */
	uint32_t map, map_blocks;
	uint32_t opens;
	uint64_t lookups; /* how often the guest was told the nodeid; of the image: 1 if removed */
	uint64_t ino, parent /* directories: nodeid; 0: as in the image */;
	uint64_t size;
	uint64_t base_size; /* regular files: bytes of the image that still show */
	struct node_time atime, mtime, ctime;
	uint32_t mode, nlink, uid, gid, rdev;
	uint32_t hidden, named; /* directories, see dir.h */
	struct trie names;
	char *target; /* created symlinks */
	struct xattr *xattrs;
	struct erofs_inode base;
};

/* An open file or directory. Its fh is `id`. */
struct handle {
	uint64_t id; /* first, see arena_delete() */
	struct node *node;
	uint32_t access; /* FUSE_O_RDONLY, FUSE_O_WRONLY or FUSE_O_RDWR */
};

struct tree {
	struct arena arena;
	struct erofs image;
	struct trie by_nid; /* the image inodes in the arena */
	struct host *host;
	uint64_t next_ino;
	uint32_t generation;
};

/* Who asks: the owner of what is created. */
struct node_owner {
	uint32_t uid, gid;
};

uint64_t node_id_of_nid(const struct tree *t, uint64_t nid);
uint64_t node_ino_of_nid(uint64_t nid);

/* The inode, in the arena or made from the image in *scratch. NULL: no such inode, or a corrupt
 * one. */
const struct node *node_get(const struct tree *t, uint64_t id, struct node *scratch);

/* The inode in the arena. It exists, and there is room for one block. */
struct node *node_own(struct tree *t, uint64_t id);

/* A new inode without a name; there is room for one block. */
struct node *node_new(struct tree *t, uint32_t mode, struct node_owner owner);

/* The place of an object of the arena and a generation that was not used with it yet. */
uint64_t node_make_id(struct tree *t, const void *object);

/* Frees what an inode that lost a name, an opener or a lookup no longer needs; perhaps itself. */
void node_settle(struct tree *t, struct node *node);

/* The guest was told `id`. */
void node_remember(struct tree *t, uint64_t id);

/* Takes back `lookups` of the times that a guest was told `id`. */
void node_forget(struct tree *t, uint64_t id, uint64_t lookups);

/* Sets ctime, and for node_modified() mtime; an image inode becomes changed. */
void node_changed(struct tree *t, struct node *node);
void node_modified(struct tree *t, struct node *node);

/* What a write or a truncation by someone without privilege takes away. */
void node_kill_suidgid(struct node *node);

static inline uint32_t node_type(const struct node *node)
{
	return node->mode & FUSE_S_IFMT;
}

static inline bool node_is_dir(const struct node *node)
{
	return node_type(node) == FUSE_S_IFDIR;
}

#endif
