/* SPDX-License-Identifier: MIT */
/* Extended attributes of an inode: few, so a list is enough. */
#include "devices/fs/xattr.h"

#include <string.h>

/* What a list may grow to: each request that names an attribute walks it. */
#define XATTR_COUNT_MAX 256

struct xattr {
	struct xattr *next;
	uint16_t value_len;
	uint8_t name_len; /* without the NUL */
	bool removed;     /* and hides the image's */
	char bytes[];     /* the name, a NUL, the value */
};

/* The link to the attribute, or to the NULL at the list's end. */
static struct xattr **find(struct xattr **list, const char *name)
{
	while (*list && strcmp((*list)->bytes, name) != 0)
		list = &(*list)->next;
	return list;
}

static const struct xattr *find_own(const struct node *node, const char *name)
{
	const struct xattr *x = node->xattrs;

	while (x && strcmp(x->bytes, name) != 0)
		x = x->next;
	return x;
}

static int find_base(
	const struct tree *t, const struct node *node, const char *name, struct xattr_value *out)
{
	struct erofs_xattr x;
	enum status status = ERR_NOT_FOUND;

	for (unsigned i = 0; node->image; i++) {
		status = erofs_xattr(&t->image, &node->base, i, &x);
		if (status != OK || !strcmp(x.name, name))
			break;
	}
	if (status != OK)
		return status == ERR_NOT_FOUND ? -FUSE_ENODATA : -FUSE_EIO;
	*out = (struct xattr_value){x.value, x.value_len};
	return 0;
}

int xattr_get(
	const struct tree *t, const struct node *node, const char *name, struct xattr_value *out)
{
	const struct xattr *x = find_own(node, name);

	if (!x)
		return find_base(t, node, name, out);
	*out = (struct xattr_value){x->bytes + x->name_len + 1, x->value_len};
	return x->removed ? -FUSE_ENODATA : 0;
}

/* Appends a name if it fits and returns the length it would take. */
static size_t put_name(char *buf, size_t size, size_t at, const char *name)
{
	size_t len = strlen(name) + 1;

	if (at + len <= size)
		memcpy(buf + at, name, len);
	return len;
}

int xattr_list(const struct tree *t, const struct node *node, char *buf, size_t size)
{
	enum status status = ERR_NOT_FOUND;
	struct erofs_xattr base;
	size_t at = 0;

	for (const struct xattr *x = node->xattrs; x; x = x->next)
		if (!x->removed)
			at += put_name(buf, size, at, x->bytes);
	for (unsigned i = 0; node->image; i++) {
		status = erofs_xattr(&t->image, &node->base, i, &base);
		if (status != OK)
			break;
		if (!find_own(node, base.name))
			at += put_name(buf, size, at, base.name);
	}
	if (status != ERR_NOT_FOUND)
		return -FUSE_EIO;
	return at <= size ? (int)at : -FUSE_ERANGE;
}

/* POSIX ACLs would need their meaning, too. */
static bool is_known_kind(const char *name)
{
	static const char *const prefix[] = {"user.", "trusted.", "security."};

	for (unsigned i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		size_t len = strlen(prefix[i]);

		if (!strncmp(name, prefix[i], len) && name[len])
			return true;
	}
	return false;
}

static unsigned count(const struct node *node)
{
	unsigned n = 0;

	for (const struct xattr *x = node->xattrs; x; x = x->next)
		n++;
	return n;
}

/* Puts a new attribute in the place of the old one of its name. */
static void replace(
	struct tree *t, struct node *node, const char *name, struct xattr_value value, bool removed)
{
	struct xattr **link = find(&node->xattrs, name), *old = *link;
	size_t name_len = strlen(name);
	struct xattr *x = arena_new_sized(&t->arena, sizeof(*x) + name_len + 1 + value.len);

	x->name_len = (uint8_t)name_len;
	x->value_len = (uint16_t)value.len;
	x->removed = removed;
	memcpy(x->bytes, name, name_len + 1);
	if (value.len)
		memcpy(x->bytes + name_len + 1, value.data, value.len);
	x->next = old ? old->next : NULL;
	*link = x;
	if (old)
		arena_delete(&t->arena, old);
}

int xattr_set(struct tree *t, struct node *node, const char *name, struct xattr_value value,
	uint32_t flags)
{
	struct xattr_value old;
	int err = xattr_get(t, node, name, &old);

	if (err && err != -FUSE_ENODATA)
		return err;
	if (!err && flags & FUSE_XATTR_CREATE)
		return -FUSE_EEXIST;
	if (err && flags & FUSE_XATTR_REPLACE)
		return err;
	if (!is_known_kind(name))
		return -FUSE_EOPNOTSUPP;
	if (sizeof(struct xattr) + strlen(name) + 1 + value.len > ARENA_OBJECT_MAX ||
		count(node) >= XATTR_COUNT_MAX || !arena_room(&t->arena, 1, ARENA_GROW))
		return -FUSE_ENOSPC;
	replace(t, node, name, value, false);
	return 0;
}

int xattr_remove(struct tree *t, struct node *node, const char *name)
{
	struct xattr_value value;
	int err = xattr_get(t, node, name, &value);
	struct xattr **link, *old;

	if (err)
		return err;
	if (find_base(t, node, name, &value) == 0) {
		if (!arena_room(&t->arena, 1, ARENA_LAST))
			return -FUSE_ENOSPC;
		replace(t, node, name, (struct xattr_value){NULL, 0}, true);
		return 0;
	}
	link = find(&node->xattrs, name);
	old = *link;
	if (old) { /* it is: xattr_get() found it, and the image does not have it */
		*link = old->next;
		arena_delete(&t->arena, old);
	}
	return 0;
}

void xattr_clear(struct tree *t, struct node *node)
{
	while (node->xattrs) {
		struct xattr *x = node->xattrs;

		node->xattrs = x->next;
		arena_delete(&t->arena, x);
	}
}
