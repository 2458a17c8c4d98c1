/* SPDX-License-Identifier: MIT */
/*
 * Rename: all checks on both names first, then a commit that cannot fail.
 * The nodes found while checking may be scratch copies of the image's inodes;
 * the commit takes each into the arena by its nodeid.
 */
#include "devices/fs/dir.h"
#include "devices/fs/tree.h"

#define DEPTH_MAX   16384 /* directories inside each other, where one of them moves */
#define RENAME_ROOM 8     /* four inodes and two names */

struct end {
	const struct tree_name *name;
	uint64_t id; /* 0: no such name */
	bool is_dir;
};

static int find_end(const struct tree *t, const struct tree_name *name, struct end *end)
{
	const struct node *node;
	struct node scratch;
	int err = tree_lookup(t, name, &scratch, &node);

	*end = (struct end){.name = name};
	if (err)
		return err;
	end->id = node->id;
	end->is_dir = node_is_dir(node);
	return 0;
}

/* -EINVAL: the directory `id` is above `dir`, or `dir` itself. */
static int check_not_above(const struct tree *t, uint64_t id, uint64_t dir)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct node *node;
		struct node scratch;

		if (dir == id)
			return -FUSE_EINVAL;
		if (dir == FUSE_ROOT_ID)
			return 0;
		node = node_get(t, dir, &scratch);
		if (!node || !node_is_dir(node))
			return -FUSE_EIO;
		dir = dir_parent(t, node);
	}
	return -FUSE_ELOOP;
}

static int check_exchange(const struct tree *t, const struct end *from, const struct end *to)
{
	return to->is_dir ? check_not_above(t, to->id, from->name->dir) : 0;
}

static int check_replace(const struct tree *t, const struct end *from, const struct end *to)
{
	const struct node *node;
	struct node scratch;

	if (!to->is_dir)
		return from->is_dir ? -FUSE_ENOTDIR : 0;
	if (!from->is_dir)
		return -FUSE_EISDIR;
	node = node_get(t, to->id, &scratch);
	if (!node || !dir_is_empty(t, node))
		return -FUSE_ENOTEMPTY;
	return to->id == from->name->dir || to->id == to->name->dir ? -FUSE_ENOTEMPTY : 0;
}

static int check_dir(const struct tree *t, const struct tree_name *name)
{
	struct node scratch;
	const struct node *dir = node_get(t, name->dir, &scratch);

	if (!dir || !dir->nlink)
		return -FUSE_ENOENT;
	return dir_check_set(dir, name->text, name->len);
}

static int check_ends(
	const struct tree *t, const struct end *from, const struct end *to, uint32_t flags)
{
	int err = 0;

	if (from->id == FUSE_ROOT_ID || to->id == FUSE_ROOT_ID)
		return -FUSE_EBUSY;
	if (to->id && flags & FUSE_RENAME_NOREPLACE)
		return -FUSE_EEXIST;
	if (from->is_dir)
		err = check_not_above(t, from->id, to->name->dir);
	if (!err && flags & FUSE_RENAME_EXCHANGE)
		err = check_exchange(t, from, to);
	else if (!err && to->id)
		err = check_replace(t, from, to);
	if (!err)
		err = check_dir(t, from->name);
	if (!err)
		err = check_dir(t, to->name);
	if (!err && !arena_room(&t->arena, RENAME_ROOM, ARENA_LAST))
		err = -FUSE_ENOSPC;
	return err;
}

/* A directory that goes from one directory to another takes its ".." along. */
static void move_dotdot(struct node *node, struct node *old_dir, struct node *new_dir)
{
	if (!node_is_dir(node))
		return;
	tree_subdir_left(old_dir);
	new_dir->nlink++;
	node->parent = new_dir->id;
}

static void set_name(struct tree *t, struct node *dir, const struct end *at, struct node *node)
{
	dir_set(t, dir, at->name->text, at->name->len, node);
	node_modified(t, dir);
	node_changed(t, node);
}

static void commit(struct tree *t, const struct end *from, const struct end *to, bool exchange)
{
	struct node *from_dir = node_own(t, from->name->dir);
	struct node *to_dir = node_own(t, to->name->dir);
	struct node *node = node_own(t, from->id);
	struct node *other = to->id ? node_own(t, to->id) : NULL;

	set_name(t, to_dir, to, node);
	move_dotdot(node, from_dir, to_dir);
	if (exchange && other) {
		set_name(t, from_dir, from, other);
		move_dotdot(other, to_dir, from_dir);
		return;
	}
	dir_unset(t, from_dir, from->name->text, from->name->len);
	node_modified(t, from_dir);
	if (other)
		tree_drop_link(t, other, to_dir);
}

int tree_rename(
	struct tree *t, const struct tree_name *from, const struct tree_name *to, uint32_t flags)
{
	struct end old, new;
	int err;

	if (flags != 0 && flags != FUSE_RENAME_NOREPLACE && flags != FUSE_RENAME_EXCHANGE)
		return -FUSE_EINVAL;
	err = find_end(t, from, &old);
	if (err)
		return err;
	err = find_end(t, to, &new);
	if (err == -FUSE_ENOENT && !(flags & FUSE_RENAME_EXCHANGE))
		err = 0; /* if it is the directory that is gone, check_dir() says so */
	if (err)
		return err;
	if (new.id == old.id && !(flags & FUSE_RENAME_NOREPLACE))
		return 0; /* two names of one inode, or one name */
	err = check_ends(t, &old, &new, flags);
	if (!err)
		commit(t, &old, &new, flags & FUSE_RENAME_EXCHANGE);
	return err;
}
