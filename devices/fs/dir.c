/* SPDX-License-Identifier: MIT */
/*
 * A name in the arena is keyed by 56 bits of hash and 6 bits that tell names
 * with the same hash apart. A name that hides one of the image stays as a
 * whiteout (target 0) when it is removed.
 */
#include "devices/fs/dir.h"

#include <string.h>

#define POS_DOTDOT 1
#define POS_IMAGE  2            /* plus the image's own position */
#define POS_NAMES  (1ull << 62) /* plus a key */
#define SAME_BITS  6
#define SAME_MAX   (1u << SAME_BITS)
#define KEY_BITS   62
#define NO_KEY     UINT64_MAX
#define TYPE_DIR   (FUSE_S_IFDIR >> 12)

struct name {
	struct trie_leaf leaf;
	uint64_t target; /* nodeid; 0: whiteout */
	uint64_t ino;
	uint8_t len, type;
	bool over; /* the image's directory has this name */
	char text[];
};

/* FNV-1a, then a mix so that all bits count. */
static uint64_t first_key(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return hash >> (64 - KEY_BITS) >> SAME_BITS << SAME_BITS;
}

static struct name *name_from(const struct node *dir, uint64_t key)
{
	return (struct name *)trie_from(&dir->names, key);
}

static struct name *find_name(const struct node *dir, const char *text, size_t len)
{
	uint64_t first = first_key(text, len);
	struct name *name = name_from(dir, first);

	while (name && name->leaf.key >> SAME_BITS == first >> SAME_BITS) {
		if (name->len == len && !memcmp(name->text, text, len))
			return name;
		name = name_from(dir, name->leaf.key + 1);
	}
	return NULL;
}

static uint64_t free_key(const struct node *dir, const char *text, size_t len)
{
	uint64_t first = first_key(text, len), key;

	for (key = first; key < first + SAME_MAX; key++)
		if (!trie_find(&dir->names, key))
			return key;
	return NO_KEY;
}

/* How many names have the hash of this one. */
static unsigned count_same(const struct node *dir, const char *text, size_t len)
{
	uint64_t first = first_key(text, len), key;
	unsigned n = 0;

	for (key = first; key < first + SAME_MAX; key++)
		n += trie_find(&dir->names, key) != NULL;
	return n;
}

static bool shows_image(const struct node *dir)
{
	return dir->image && dir->nlink;
}

static void entry_of_name(const struct name *name, struct dir_entry *out)
{
	*out = (struct dir_entry){name->target, name->ino, name->text, name->len, name->type};
}

static void entry_of_image(
	const struct tree *t, const struct erofs_dirent *dirent, struct dir_entry *out)
{
	*out = (struct dir_entry){
		.target = node_id_of_nid(t, dirent->nid),
		.ino = node_ino_of_nid(dirent->nid),
		.name = dirent->name,
		.name_len = dirent->name_len,
		.type = dirent->type,
	};
}

int dir_find(const struct tree *t, const struct node *dir, const char *text, size_t len,
	struct dir_entry *out)
{
	const struct name *name = find_name(dir, text, len);
	struct erofs_dirent dirent;
	enum status status;

	if (name) {
		entry_of_name(name, out);
		return name->target ? 0 : -FUSE_ENOENT;
	}
	if (!shows_image(dir))
		return -FUSE_ENOENT;
	status = erofs_lookup(&t->image, &dir->base, text, len, &dirent);
	if (status != OK)
		return status == ERR_NOT_FOUND ? -FUSE_ENOENT : -FUSE_EIO;
	entry_of_image(t, &dirent, out);
	return 0;
}

int dir_check_set(const struct node *dir, const char *text, size_t len)
{
	/* Two keys are free: the other name may have the same hash. */
	if (find_name(dir, text, len) || count_same(dir, text, len) + 2 <= SAME_MAX)
		return 0;
	return -FUSE_ENOSPC;
}

static struct name *add_name(struct tree *t, struct node *dir, const char *text, size_t len)
{
	struct name *name = arena_new_sized(&t->arena, sizeof(*name) + len);
	struct erofs_dirent ignored;

	name->leaf.key = free_key(dir, text, len);
	name->len = (uint8_t)len;
	name->over = dir->image && erofs_lookup(&t->image, &dir->base, text, len, &ignored) == OK;
	memcpy(name->text, text, len);
	trie_insert(&dir->names, &name->leaf);
	return name;
}

static void delete_name(struct tree *t, struct node *dir, struct name *name)
{
	trie_remove(&dir->names, &name->leaf);
	arena_delete(&t->arena, name);
}

void dir_set(
	struct tree *t, struct node *dir, const char *text, size_t len, const struct node *target)
{
	struct name *name = find_name(dir, text, len);

	if (!name)
		name = add_name(t, dir, text, len);
	else if (!name->target)
		dir->hidden--;
	if (!name->target)
		dir->named++;
	name->target = target->id;
	name->ino = target->ino;
	name->type = (uint8_t)(node_type(target) >> 12);
}

void dir_unset(struct tree *t, struct node *dir, const char *text, size_t len)
{
	struct name *name = find_name(dir, text, len);

	if (!name)
		name = add_name(t, dir, text, len);
	else
		dir->named--;
	name->target = 0;
	if (name->over)
		dir->hidden++;
	else
		delete_name(t, dir, name);
}

static bool is_dot(const struct erofs_dirent *dirent)
{
	return dirent->name[0] == '.' &&
	       (dirent->name_len == 1 || (dirent->name_len == 2 && dirent->name[1] == '.'));
}

/* Stops at `limit`: more are of no interest. */
static uint32_t count_image_names(const struct tree *t, const struct node *dir, uint32_t limit)
{
	struct erofs_dirent dirent;
	uint64_t pos = 0;
	uint32_t n = 0;

	while (n < limit && erofs_readdir(&t->image, &dir->base, &pos, &dirent) == OK)
		n += !is_dot(&dirent);
	return n;
}

bool dir_is_empty(const struct tree *t, const struct node *dir)
{
	if (dir->named)
		return false;
	return !shows_image(dir) || count_image_names(t, dir, dir->hidden + 1) == dir->hidden;
}

uint64_t dir_parent(const struct tree *t, const struct node *dir)
{
	struct erofs_dirent dirent;

	if (dir->id == FUSE_ROOT_ID)
		return FUSE_ROOT_ID;
	if (dir->parent)
		return dir->parent;
	if (erofs_lookup(&t->image, &dir->base, "..", 2, &dirent) != OK)
		return FUSE_ROOT_ID;
	return node_id_of_nid(t, dirent.nid);
}

static void dots(const struct tree *t, const struct node *dir, bool parent, struct dir_entry *out)
{
	struct node scratch;
	const struct node *up = parent ? node_get(t, dir_parent(t, dir), &scratch) : dir;

	*out = (struct dir_entry){
		.ino = up ? up->ino : dir->ino,
		.name = "..",
		.name_len = parent ? 2 : 1,
		.type = TYPE_DIR,
	};
}

/* The next name of the image that still shows, with what it stands for now. */
static int next_of_image(
	const struct tree *t, const struct node *dir, uint64_t *pos, struct dir_entry *out)
{
	uint64_t at = *pos - POS_IMAGE;
	struct erofs_dirent dirent;
	enum status status;

	while ((status = erofs_readdir(&t->image, &dir->base, &at, &dirent)) == OK) {
		const struct name *name = find_name(dir, dirent.name, dirent.name_len);

		if (is_dot(&dirent) || (name && !name->target))
			continue;
		if (name)
			entry_of_name(name, out);
		else
			entry_of_image(t, &dirent, out);
		*pos = at + POS_IMAGE;
		return 0;
	}
	return status == ERR_NOT_FOUND ? -FUSE_ENOENT : -FUSE_EIO;
}

static int next_of_names(const struct node *dir, uint64_t *pos, struct dir_entry *out)
{
	const struct name *name = name_from(dir, *pos - POS_NAMES);

	while (name && name->over)
		name = name_from(dir, name->leaf.key + 1);
	if (!name)
		return -FUSE_ENOENT;
	entry_of_name(name, out);
	*pos = POS_NAMES + name->leaf.key + 1;
	return 0;
}

int dir_next(const struct tree *t, const struct node *dir, uint64_t *pos, struct dir_entry *out)
{
	int err;

	if (!dir->nlink)
		return -FUSE_ENOENT;
	if (*pos < POS_IMAGE) {
		dots(t, dir, *pos == POS_DOTDOT, out);
		++*pos;
		return 0;
	}
	if (*pos < POS_NAMES) {
		err = dir->image ? next_of_image(t, dir, pos, out) : -FUSE_ENOENT;
		if (err != -FUSE_ENOENT)
			return err;
		*pos = POS_NAMES;
	}
	return next_of_names(dir, pos, out);
}

void dir_clear(struct tree *t, struct node *dir)
{
	struct name *name;

	while ((name = name_from(dir, 0)))
		delete_name(t, dir, name);
	dir->hidden = 0;
	dir->named = 0;
}
