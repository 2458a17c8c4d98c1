/* SPDX-License-Identifier: MIT */
/* The model. See fs_model.h. */
#include "tests/sim/fs_model.h"

#include <stdlib.h>
#include <string.h>

struct inode inodes[INODES];
struct link links[LINKS];

const char *model_name(unsigned name)
{
	static const char *const text[NAMES] = {"hello", "big", "empty", "n3", "n4", "n5", "n6",
		"n7", "n8", "a-longer-name-of-thirty-bytes-9", "hard1", "suid"};

	return text[name];
}

struct link *model_find(unsigned dir, unsigned name)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (links[i].used && links[i].dir == dir && links[i].name == name)
			return &links[i];
	return NULL;
}

static struct link *free_link(void)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (!links[i].used)
			return &links[i];
	abort();
}

unsigned model_count_links(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		n += links[i].used;
	return n;
}

bool model_is_empty(unsigned dir)
{
	for (unsigned name = 0; name < NAMES; name++)
		if (model_find(dir, name))
			return false;
	return true;
}

unsigned model_free_inode(void)
{
	for (unsigned i = 1; i < INODES; i++)
		if (!inodes[i].used)
			return i;
	return 0;
}

static unsigned parent_of(unsigned dir)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (links[i].used && links[i].to == dir)
			return links[i].dir;
	return 0;
}

bool model_is_inside(unsigned dir, unsigned above)
{
	for (; dir; dir = parent_of(dir))
		if (dir == above)
			return true;
	return above == 0;
}

void model_add_link(unsigned dir, unsigned name, unsigned to)
{
	*free_link() = (struct link){true, dir, name, to};
	inodes[to].nlink++;
}

void model_set_inode(unsigned i, bool dir, uint64_t id, uint64_t size)
{
	inodes[i] = (struct inode){.used = true, .dir = dir, .id = id, .size = size, .lookups = 1};
}
