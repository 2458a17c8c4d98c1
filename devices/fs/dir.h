/* SPDX-License-Identifier: MIT */
/*
 * Names in a directory: those of the image, and over them an ordered set of
 * names that the guest added, replaced or removed, by hash of the name.
 * A position for readdir is a place in the image's directory or, with bit 62
 * set, a hash; neither moves when other names come and go.
 */
#ifndef VESPER_DEVICES_FS_DIR_H
#define VESPER_DEVICES_FS_DIR_H

#include "devices/fs/node.h"

struct dir_entry {
	uint64_t target; /* nodeid */
	uint64_t ino;
	const char *name; /* not NUL-terminated; valid until the directory changes */
	unsigned name_len;
	uint32_t type; /* type bits of st_mode >> 12 */
};

/* 0 or a negative errno; -ENOENT too where the directory was removed. */
int dir_find(const struct tree *t, const struct node *dir, const char *name, size_t len,
	struct dir_entry *out);

/* Can dir_set() or dir_unset() take this name, after one other? -ENOSPC: too many names with its
 * hash. */
int dir_check_set(const struct node *dir, const char *name, size_t len);

/* Gives a name to `target`, instead of what had it; there is room for one block. */
void dir_set(
	struct tree *t, struct node *dir, const char *name, size_t len, const struct node *target);

/* Removes a name that exists; there is room for one block. */
void dir_unset(struct tree *t, struct node *dir, const char *name, size_t len);

/* Nothing but "." and ".."? */
bool dir_is_empty(const struct tree *t, const struct node *dir);

/* The entry at *pos (0: the first) and where to go on; 0, -ENOENT at the end, or another errno. */
int dir_next(const struct tree *t, const struct node *dir, uint64_t *pos, struct dir_entry *out);

/* The nodeid of "..". */
uint64_t dir_parent(const struct tree *t, const struct node *dir);

/* Forgets all names in the arena. */
void dir_clear(struct tree *t, struct node *dir);

#endif
