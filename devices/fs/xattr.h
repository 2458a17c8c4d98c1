/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: a list in the arena over those of the image. One that
 * hides an attribute of the image stays in the list when it is removed.
 * A name and its value together fit one block, as in ext4.
 */
#ifndef VESPER_DEVICES_FS_XATTR_H
#define VESPER_DEVICES_FS_XATTR_H

#include "devices/fs/node.h"

struct xattr_value {
	const void *data;
	size_t len;
};

/* 0, -ENODATA or -EIO. */
int xattr_get(
	const struct tree *t, const struct node *node, const char *name, struct xattr_value *out);

/* All names with their NULs into buf; their length, -ERANGE if it is above `size`, or -EIO. */
int xattr_list(const struct tree *t, const struct node *node, char *buf, size_t size);

/* `flags` are FUSE_XATTR_*. 0, -EEXIST, -ENODATA, -EOPNOTSUPP (a name of no known kind) or
 * -ENOSPC. */
int xattr_set(struct tree *t, struct node *node, const char *name, struct xattr_value value,
	uint32_t flags);

/* 0, -ENODATA, -ENOSPC or -EIO. */
int xattr_remove(struct tree *t, struct node *node, const char *name);

/* Forgets all attributes in the arena. */
void xattr_clear(struct tree *t, struct node *node);

#endif
