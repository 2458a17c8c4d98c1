/* SPDX-License-Identifier: MIT */
/*
 * Directories of an EROFS image: blocks of entries sorted by name, across
 * blocks too, so a lookup is two binary searches: one for the block, one
 * inside it, each bounded by its shrinking interval. Each entry is checked when
 * it is used. Iterating checks the order too: a name that came twice, or a
 * thousand dots, would make its users repeat work without end. A readdir
 * position is the byte offset of an entry.
 */
#include "devices/fs/erofs.h"

#include <stdbool.h>
#include <string.h>

#include "include/abi/erofs.h"

#define DIRENT sizeof(struct erofs_disk_dirent)

struct block {
	const uint8_t *data;
	unsigned size; /* bytes */
	unsigned n;    /* entries, at least 1 */
};

static uint64_t block_size(const struct erofs *fs)
{
	return 1ull << fs->block_bits;
}

static struct erofs_disk_dirent dirent_at(const struct block *block, unsigned i)
{
	struct erofs_disk_dirent dirent;

	memcpy(&dirent, block->data + i * DIRENT, DIRENT);
	return dirent;
}

static enum status block_read(
	const struct erofs *fs, const struct erofs_inode *dir, uint64_t index, struct block *block)
{
	uint64_t start = index << fs->block_bits;
	uint64_t size = dir->size - start;
	unsigned names;

	if (size > block_size(fs))
		size = block_size(fs);
	if (size < DIRENT || erofs_data(fs, dir, start, &block->data) < size || !block->data)
		return ERR_INVALID;
	block->size = (unsigned)size;
	names = dirent_at(block, 0).name_offset;
	if (names < DIRENT || names % DIRENT || names >= size)
		return ERR_INVALID;
	block->n = names / (unsigned)DIRENT;
	return OK;
}

/* The name of entry i ends where the next one's begins; the last may have padding after it. */
static enum status name_bounds(const struct block *block, unsigned i, unsigned start, unsigned *len)
{
	bool last = i + 1 == block->n;
	unsigned end = last ? block->size : dirent_at(block, i + 1).name_offset;
	const uint8_t *nul = NULL;

	if (start < block->n * DIRENT || start >= end || end > block->size)
		return ERR_INVALID;
	if (last)
		nul = memchr(block->data + start, 0, end - start);
	*len = nul ? (unsigned)(nul - (block->data + start)) : end - start;
	return *len >= 1 && *len <= EROFS_NAME_MAX ? OK : ERR_INVALID;
}

static uint8_t host_type(uint8_t type)
{
	static const uint8_t dt[EROFS_FT_COUNT] = {
		[EROFS_FT_REG] = 8,
		[EROFS_FT_DIR] = 4,
		[EROFS_FT_CHR] = 2,
		[EROFS_FT_BLK] = 6,
		[EROFS_FT_FIFO] = 1,
		[EROFS_FT_SOCK] = 12,
		[EROFS_FT_LNK] = 10,
	};

	return type < EROFS_FT_COUNT ? dt[type] : 0;
}

/* Entry i without a look at the characters of its name. */
static enum status entry_read(const struct block *block, unsigned i, struct erofs_dirent *out)
{
	struct erofs_disk_dirent dirent = dirent_at(block, i);

	out->nid = dirent.nid;
	out->type = host_type(dirent.type);
	out->name = (const char *)block->data + dirent.name_offset;
	return name_bounds(block, i, dirent.name_offset, &out->name_len);
}

static enum status check_name(const struct erofs_dirent *entry)
{
	if (memchr(entry->name, 0, entry->name_len) || memchr(entry->name, '/', entry->name_len))
		return ERR_INVALID;
	return OK;
}

/* The order of the image: bytes unsigned, a prefix before what it begins. */
static int compare(const char *name, size_t len, const struct erofs_dirent *entry)
{
	size_t common = len < entry->name_len ? len : entry->name_len;
	int order = memcmp(name, entry->name, common);

	if (order)
		return order;
	return (len > entry->name_len) - (len < entry->name_len);
}

/* The last block whose first name is not above `name`. */
static enum status find_block(const struct erofs *fs, const struct erofs_inode *dir,
	const char *name, size_t len, struct block *block)
{
	uint64_t low = 0, high = (dir->size + block_size(fs) - 1) >> fs->block_bits;
	struct erofs_dirent first;

	if (!high)
		return ERR_NOT_FOUND;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (block_read(fs, dir, middle, block) != OK || entry_read(block, 0, &first) != OK)
			return ERR_INVALID;
		if (compare(name, len, &first) < 0)
			high = middle;
		else
			low = middle;
	}
	return block_read(fs, dir, low, block);
}

static enum status find_entry(
	const struct block *block, const char *name, size_t len, struct erofs_dirent *out)
{
	unsigned low = 0, high = block->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		int order;

		if (entry_read(block, middle, out) != OK)
			return ERR_INVALID;
		order = compare(name, len, out);
		if (!order)
			return check_name(out);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return ERR_NOT_FOUND;
}

enum status erofs_lookup(const struct erofs *fs, const struct erofs_inode *dir, const char *name,
	size_t len, struct erofs_dirent *out)
{
	struct block block;
	enum status status = find_block(fs, dir, name, len, &block);

	if (status != OK)
		return status;
	return find_entry(&block, name, len, out);
}

/* Is entry i of `block`, the index-th, above the entry before it? */
static bool in_order(const struct erofs *fs, const struct erofs_inode *dir, uint64_t index,
	const struct block *block, unsigned i, const struct erofs_dirent *entry)
{
	struct block earlier = *block;
	struct erofs_dirent before;

	if (!i) {
		if (!index)
			return true;
		if (block_read(fs, dir, index - 1, &earlier) != OK)
			return false;
		i = earlier.n;
	}
	return entry_read(&earlier, i - 1, &before) == OK &&
	       compare(entry->name, entry->name_len, &before) > 0;
}

enum status erofs_readdir(const struct erofs *fs, const struct erofs_inode *dir, uint64_t *pos,
	struct erofs_dirent *out)
{
	uint64_t index = *pos >> fs->block_bits;
	uint64_t in_block = *pos & (block_size(fs) - 1);
	struct block block;
	unsigned i;

	if (*pos >= dir->size)
		return ERR_NOT_FOUND;
	if (block_read(fs, dir, index, &block) != OK)
		return ERR_INVALID;
	i = (unsigned)(in_block / DIRENT);
	if (in_block % DIRENT || i >= block.n)
		return ERR_INVALID;
	if (entry_read(&block, i, out) != OK || check_name(out) != OK ||
		!in_order(fs, dir, index, &block, i, out))
		return ERR_INVALID;
	*pos = i + 1 < block.n ? *pos + DIRENT : (index + 1) << fs->block_bits;
	return OK;
}
