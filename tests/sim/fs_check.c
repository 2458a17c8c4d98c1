/* SPDX-License-Identifier: MIT */
/*
 * What must hold in a file server between two requests: every block of the
 * arena is accounted for once, and each created inode has as many names as it
 * says.
 */
#include "devices/fs/dir.h"
#include "devices/fs/fuse.h"
#include "devices/fs/map.h"
#include "tests/sim/fuse_client.h"

struct sums {
	uint64_t data_blocks; /* in maps of files, pages of the maps too */
	uint64_t names;       /* of created inodes */
	uint64_t links;       /* that created inodes say they have */
	bool bad;
};

static uint64_t count_map(const struct tree *t, uint32_t at, unsigned height, uint64_t *blocks)
{
	uint64_t n = 1;

	at = map_block(at);
	if (!at)
		return 0;
	if (!height) {
		++*blocks;
		return 1;
	}
	for (unsigned i = 0; i < 1u << MAP_BITS; i++)
		n += count_map(t, ((uint32_t *)arena_at(&t->arena, at))[i], height - 1, blocks);
	return n;
}

static void add_names(const struct tree *t, const struct node *dir, struct sums *sums)
{
	struct dir_entry entry;
	uint64_t pos = 0, last = 0;

	while (dir_next(t, dir, &pos, &entry) == 0) {
		struct node scratch;
		const struct node *node;

		sums->bad |= pos <= last;
		last = pos;
		if (!entry.target || entry.target & NODE_IMAGE || entry.target == FUSE_ROOT_ID)
			continue;
		node = node_get(t, entry.target, &scratch);
		sums->bad |= !node || !node->nlink || node->ino != entry.ino ||
			     node_type(node) >> 12 != entry.type;
		sums->names++;
	}
}

static void add_node(const struct tree *t, const struct node *node, struct sums *sums)
{
	uint64_t blocks = 0;

	sums->data_blocks += count_map(t, node->map, node->map_height, &blocks);
	sums->bad |= blocks != node->map_blocks;
	if (!node->image && node->nlink)
		sums->links += node_is_dir(node) ? 1 : node->nlink;
	sums->bad |= !node->image && !node->nlink && !node->opens && !node->lookups;
	sums->bad |= node->image && !node->changed && !node->opens;
	if (node_is_dir(node))
		add_names(t, node, sums);
}

bool fuse_server_check(const struct fuse_server *s)
{
	const struct tree *t = &s->fs->tree;
	uint64_t data_blocks = 0, opens = 0, handles = 0;
	struct sums sums = {0};
	const struct node *node;
	const struct handle *handle;

	for (uint32_t ref = 0; (node = arena_next(&t->arena, ARENA_NODE, &ref)); ref++)
		if (node->id) {
			add_node(t, node, &sums);
			opens += node->opens;
		}
	for (uint32_t ref = 0; (handle = arena_next(&t->arena, ARENA_HANDLE, &ref)); ref++)
		handles += handle->id != 0;
	for (uint32_t block = 0; block < t->arena.fresh; block++)
		data_blocks += t->arena.base[block] == ARENA_DATA;
	return arena_check(&t->arena) && !sums.bad && data_blocks == sums.data_blocks &&
	       sums.names == sums.links && opens == handles;
}
