/* SPDX-License-Identifier: MIT */
/*
 * Where inodes come from and when they go. See node.h for who lives how long.
 */
#include "devices/fs/node.h"

#include <string.h>

#include "devices/fs/dir.h"
#include "devices/fs/file.h"
#include "devices/fs/xattr.h"

#define NS_PER_S        1000000000u
#define GENERATION_MASK 0x7fffffffu /* bit 63 of a nodeid is NODE_IMAGE */

uint64_t node_id_of_nid(const struct tree *t, uint64_t nid)
{
	return nid == t->image.root_nid ? FUSE_ROOT_ID : nid | NODE_IMAGE;
}

/* 0 is no inode number. */
uint64_t node_ino_of_nid(uint64_t nid)
{
	return nid + 1;
}

static bool nid_of_id(const struct tree *t, uint64_t id, uint64_t *nid)
{
	*nid = id == FUSE_ROOT_ID ? t->image.root_nid : id & ~NODE_IMAGE;
	return id == FUSE_ROOT_ID || id & NODE_IMAGE;
}

static bool from_image(const struct tree *t, uint64_t nid, struct node *node)
{
	memset(node, 0, sizeof(*node));
	if (erofs_inode(&t->image, nid, &node->base) != OK)
		return false;
	node->id = node_id_of_nid(t, nid);
	node->ino = node_ino_of_nid(nid);
	node->image = true;
	node->mode = node->base.mode;
	node->nlink = node->base.nlink ? node->base.nlink : 1;
	node->uid = node->base.uid;
	node->gid = node->base.gid;
	node->rdev = node->base.rdev;
	node->size = node->base.size;
	node->base_size = node->base.size;
	node->mtime = (struct node_time){node->base.mtime, node->base.mtime_ns};
	node->atime = node->mtime;
	node->ctime = node->mtime;
	return true;
}

static struct node *live_by_nid(const struct tree *t, uint64_t nid)
{
	struct trie_leaf *leaf = trie_find(&t->by_nid, nid);

	if (!leaf)
		return NULL;
	return (struct node *)((char *)leaf - offsetof(struct node, by_nid));
}

static struct node *created(const struct tree *t, uint64_t id)
{
	struct node *node = arena_find(&t->arena, ARENA_NODE, (uint32_t)id);

	return node && id && node->id == id ? node : NULL;
}

const struct node *node_get(const struct tree *t, uint64_t id, struct node *scratch)
{
	const struct node *node;
	uint64_t nid;

	if (!nid_of_id(t, id, &nid))
		return created(t, id);
	node = live_by_nid(t, nid);
	if (node)
		return node;
	return from_image(t, nid, scratch) ? scratch : NULL;
}

struct node *node_own(struct tree *t, uint64_t id)
{
	struct node *node;
	uint64_t nid;

	if (!nid_of_id(t, id, &nid))
		return created(t, id);
	node = live_by_nid(t, nid);
	if (node)
		return node;
	node = arena_new(&t->arena, ARENA_NODE);
	if (!from_image(t, nid, node)) {
		arena_delete(&t->arena, node);
		return NULL;
	}
	node->live = true;
	node->by_nid.key = nid;
	trie_insert(&t->by_nid, &node->by_nid);
	return node;
}

uint64_t node_make_id(struct tree *t, const void *object)
{
	t->generation = (t->generation + 1) & GENERATION_MASK;
	if (!t->generation)
		t->generation = 1;
	return (uint64_t)t->generation << 32 | arena_ref(&t->arena, object);
}

struct node *node_new(struct tree *t, uint32_t mode, struct node_owner owner)
{
	struct node *node = arena_new(&t->arena, ARENA_NODE);

	node->id = node_make_id(t, node);
	node->ino = t->next_ino++;
	node->live = true;
	node->mode = mode;
	node->uid = owner.uid;
	node->gid = owner.gid;
	node_modified(t, node);
	node->atime = node->mtime;
	return node;
}

static void free_contents(struct tree *t, struct node *node)
{
	if (node_type(node) == FUSE_S_IFREG)
		file_clear(t, node);
	dir_clear(t, node);
	xattr_clear(t, node);
	if (node->target)
		arena_delete(&t->arena, node->target);
	node->target = NULL;
}

void node_settle(struct tree *t, struct node *node)
{
	if (node->opens || node->lookups)
		return;
	if (!node->nlink)
		free_contents(t, node);
	if (node->image ? node->changed : node->nlink)
		return;
	if (node->image)
		trie_remove(&t->by_nid, &node->by_nid);
	arena_delete(&t->arena, node);
}

void node_remember(struct tree *t, uint64_t id)
{
	struct node *node = id & NODE_IMAGE ? NULL : created(t, id);

	if (node)
		node->lookups++;
}

void node_forget(struct tree *t, uint64_t id, uint64_t lookups)
{
	struct node *node;
	uint64_t nid;

	node = nid_of_id(t, id, &nid) ? live_by_nid(t, nid) : created(t, id);
	if (!node)
		return;
	node->lookups -= lookups < node->lookups ? lookups : node->lookups;
	node_settle(t, node);
}

void node_changed(struct tree *t, struct node *node)
{
	uint64_t now = host_time_ns(t->host);

	node->ctime = (struct node_time){now / NS_PER_S, (uint32_t)(now % NS_PER_S)};
	node->changed = true;
}

void node_modified(struct tree *t, struct node *node)
{
	node_changed(t, node);
	node->mtime = node->ctime;
}

void node_kill_suidgid(struct node *node)
{
	node->mode &= ~FUSE_S_ISUID;
	if (node->mode & FUSE_S_IXGRP)
		node->mode &= ~FUSE_S_ISGID;
}
