/* SPDX-License-Identifier: MIT */
/* The tree's beginning, lookups, new and lost names, open files. Renames are in rename.c. */
#include "devices/fs/tree.h"

#include <string.h>

#include "devices/fs/dir.h"

#define LINK_MAX 65000u

enum status tree_init(
	struct tree *t, const struct blob *image, void *arena, size_t size, struct host *host)
{
	memset(t, 0, sizeof(*t));
	t->host = host;
	arena_init(&t->arena, arena, size);
	/* Above all inode numbers of the image: an inode of it takes up at least 32 bytes. */
	t->next_ino = image->size / 32 + 2;
	return erofs_open(&t->image, image->data, image->size);
}

void tree_forget_guest(struct tree *t)
{
	struct handle *handle;
	struct node *node;

	for (uint32_t ref = 0; (handle = arena_next(&t->arena, ARENA_HANDLE, &ref)); ref++)
		if (handle->id)
			tree_close(t, handle);
	for (uint32_t ref = 0; (node = arena_next(&t->arena, ARENA_NODE, &ref)); ref++)
		if (node->id) {
			node->lookups = 0;
			node_settle(t, node);
		}
}

int tree_name_check(const char *text, size_t len)
{
	if (len > FUSE_NAME_MAX)
		return -FUSE_ENAMETOOLONG;
	if (!len || memchr(text, '/', len) || (text[0] == '.' && len == 1) ||
		(text[0] == '.' && text[1] == '.' && len == 2))
		return -FUSE_EINVAL;
	return 0;
}

/* The directory that a name is in, as long as it has not been removed. */
static int get_dir(const struct tree *t, uint64_t id, struct node *scratch, const struct node **out)
{
	*out = node_get(t, id, scratch);
	if (!*out)
		return -FUSE_ESTALE;
	if (!node_is_dir(*out))
		return -FUSE_ENOTDIR;
	return (*out)->nlink ? 0 : -FUSE_ENOENT;
}

int tree_lookup(const struct tree *t, const struct tree_name *name, struct node *scratch,
	const struct node **out)
{
	const struct node *dir;
	struct dir_entry entry;
	int err = get_dir(t, name->dir, scratch, &dir);

	if (!err)
		err = dir_find(t, dir, name->text, name->len, &entry);
	if (err)
		return err;
	*out = node_get(t, entry.target, scratch);
	return *out ? 0 : -FUSE_EIO;
}

/* Can the directory take this new name? */
static int check_new_name(const struct tree *t, const struct tree_name *name)
{
	const struct node *dir;
	struct dir_entry entry;
	struct node scratch;
	int err = get_dir(t, name->dir, &scratch, &dir);

	if (err)
		return err;
	err = dir_find(t, dir, name->text, name->len, &entry);
	if (err != -FUSE_ENOENT)
		return err ? err : -FUSE_EEXIST;
	return dir_check_set(dir, name->text, name->len);
}

/* A directory with the set-group-ID bit hands on its group, and to directories the bit too. */
static void inherit_group(struct node *node, const struct node *dir)
{
	if (!(dir->mode & FUSE_S_ISGID))
		return;
	node->gid = dir->gid;
	if (node_is_dir(node))
		node->mode |= FUSE_S_ISGID;
}

void tree_drop_link(struct tree *t, struct node *node, struct node *dir)
{
	node_changed(t, node);
	if (node_is_dir(node)) {
		node->nlink = 0;
		tree_subdir_left(dir);
	} else if (node->nlink) { /* an image may have more names than it says */
		node->nlink--;
	}
	if (node->image && !node->nlink)
		node->lookups = 1;
	node_settle(t, node);
}

void tree_subdir_left(struct node *dir)
{
	if (dir->nlink > 2)
		dir->nlink--;
}

static void set_target(struct tree *t, struct node *node, const char *target)
{
	size_t len = strlen(target);

	node->target = arena_new_sized(&t->arena, len + 1);
	memcpy(node->target, target, len + 1);
	node->size = len;
}

int tree_create(struct tree *t, const struct tree_name *name, const struct tree_new *what,
	struct node **out)
{
	struct node *dir, *node;
	int err = check_new_name(t, name);

	if (err)
		return err;
	if (what->target && strlen(what->target) >= ARENA_OBJECT_MAX)
		return -FUSE_ENAMETOOLONG;
	if (!arena_room(&t->arena, 4, ARENA_GROW))
		return -FUSE_ENOSPC;
	dir = node_own(t, name->dir);
	node = node_new(t, what->mode, what->owner);
	node->rdev = what->rdev;
	node->nlink = 1;
	inherit_group(node, dir);
	if (what->target)
		set_target(t, node, what->target);
	if (node_is_dir(node)) {
		node->nlink = 2;
		node->parent = dir->id;
		dir->nlink++;
	}
	dir_set(t, dir, name->text, name->len, node);
	node_modified(t, dir);
	*out = node;
	return 0;
}

int tree_link(struct tree *t, uint64_t id, const struct tree_name *name, struct node **out)
{
	struct node scratch, *dir;
	const struct node *old = node_get(t, id, &scratch);
	int err;

	if (!old)
		return -FUSE_ESTALE;
	if (node_is_dir(old))
		return -FUSE_EPERM;
	if (!old->nlink)
		return -FUSE_ENOENT;
	if (old->nlink >= LINK_MAX)
		return -FUSE_EMLINK;
	err = check_new_name(t, name);
	if (err)
		return err;
	if (!arena_room(&t->arena, 3, ARENA_GROW))
		return -FUSE_ENOSPC;
	dir = node_own(t, name->dir);
	*out = node_own(t, id);
	(*out)->nlink++;
	node_changed(t, *out);
	dir_set(t, dir, name->text, name->len, *out);
	node_modified(t, dir);
	return 0;
}

/* Takes away the name of a node that is checked; there is room for three blocks. */
static void remove_name(struct tree *t, const struct tree_name *name, uint64_t id)
{
	struct node *dir = node_own(t, name->dir);
	struct node *node = node_own(t, id);

	dir_unset(t, dir, name->text, name->len);
	node_modified(t, dir);
	tree_drop_link(t, node, dir);
}

static int remove_checked(struct tree *t, const struct tree_name *name, const struct node *node)
{
	uint64_t id = node->id;
	struct node scratch;
	const struct node *dir = node_get(t, name->dir, &scratch);

	if (dir_check_set(dir, name->text, name->len) || !arena_room(&t->arena, 3, ARENA_LAST))
		return -FUSE_ENOSPC;
	remove_name(t, name, id);
	return 0;
}

int tree_unlink(struct tree *t, const struct tree_name *name)
{
	const struct node *node;
	struct node scratch;
	int err = tree_lookup(t, name, &scratch, &node);

	if (err)
		return err;
	if (node_is_dir(node))
		return -FUSE_EISDIR;
	return remove_checked(t, name, node);
}

int tree_rmdir(struct tree *t, const struct tree_name *name)
{
	const struct node *node;
	struct node scratch;
	int err = tree_lookup(t, name, &scratch, &node);

	if (err)
		return err;
	if (!node_is_dir(node))
		return -FUSE_ENOTDIR;
	if (node->id == FUSE_ROOT_ID || node->id == name->dir)
		return -FUSE_EBUSY;
	if (!dir_is_empty(t, node))
		return -FUSE_ENOTEMPTY;
	return remove_checked(t, name, node);
}

int tree_open(struct tree *t, uint64_t id, uint32_t access, struct handle **out)
{
	struct handle *handle;
	struct node scratch;

	if (!node_get(t, id, &scratch))
		return -FUSE_ESTALE;
	if (!arena_room(&t->arena, 2, ARENA_LAST))
		return -FUSE_ENOSPC;
	handle = arena_new(&t->arena, ARENA_HANDLE);
	handle->id = node_make_id(t, handle);
	handle->node = node_own(t, id);
	handle->node->opens++;
	handle->access = access;
	*out = handle;
	return 0;
}

void tree_close(struct tree *t, struct handle *handle)
{
	struct node *node = handle->node;

	arena_delete(&t->arena, handle);
	node->opens--;
	node_settle(t, node);
}

struct handle *tree_handle(const struct tree *t, uint64_t id, uint64_t fh)
{
	struct handle *handle = arena_find(&t->arena, ARENA_HANDLE, (uint32_t)fh);

	if (!handle || !fh || handle->id != fh || handle->node->id != id)
		return NULL;
	return handle;
}
