/* SPDX-License-Identifier: MIT */
/*
 * A model of a tree of files that is too simple to be wrong: inodes in an
 * array, names as (directory, name) pairs, and every question a search.
 */
#ifndef VESPER_TESTS_SIM_FS_MODEL_H
#define VESPER_TESTS_SIM_FS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define INODES   200
#define LINKS    300
#define NAMES    12    /* names there are in a directory */
#define FILE_MAX 60000 /* bytes */

struct inode {
	bool used, dir;
	unsigned nlink;
	uint64_t id, size;
	uint64_t lookups;
	uint8_t data[FILE_MAX];
};

struct link {
	bool used;
	unsigned dir, name, to;
};

extern struct inode inodes[INODES]; /* 0 is the root */
extern struct link links[LINKS];
/* Some of the names are names in the image's root. */
const char *model_name(unsigned name);
struct link *model_find(unsigned dir, unsigned name);
unsigned model_count_links(void);
bool model_is_empty(unsigned dir);
/* 0: none. */
unsigned model_free_inode(void);
/* Is `above` a directory above `dir`, or `dir` itself? */
bool model_is_inside(unsigned dir, unsigned above);
void model_add_link(unsigned dir, unsigned name, unsigned to);
void model_set_inode(unsigned i, bool dir, uint64_t id, uint64_t size);

#endif
