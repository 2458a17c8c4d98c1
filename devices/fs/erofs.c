/* SPDX-License-Identifier: MIT */
/*
 * Super block, inodes and file data of an EROFS image.
 *
 * All ranges an inode names are checked against the image when the inode is
 * read, so that erofs_data() on a flat file is a compare and two additions.
 * Only a chunk's address is checked when it is used: the table may be long.
 * The super block's checksum is not looked at: it protects from no one who
 * can make images.
 */
#include "devices/fs/erofs.h"

#include <string.h>

#include "include/abi/erofs.h"
#include "lib/addr.h"

#define BLOCK_BITS_MIN 9
#define BLOCK_BITS_MAX 16 /* a directory entry reaches no further */
#define SIZE_BITS_MAX  62 /* of a file: keeps sums of offsets and readdir's positions in range */

#define MODE_TYPE 0170000
#define MODE_FIFO 0010000
#define MODE_CHR  0020000
#define MODE_DIR  0040000
#define MODE_BLK  0060000
#define MODE_REG  0100000
#define MODE_LNK  0120000
#define MODE_SOCK 0140000

/* The fields both inode layouts have, before they are checked. */
struct raw_inode {
	unsigned layout;
	uint32_t u;
	uint32_t disk_size; /* bytes of the inode itself */
};

static bool in_image(const struct erofs *fs, uint64_t start, uint64_t len)
{
	return range_inside(start, len, 0, fs->size);
}

static bool super_known(const struct erofs_disk_super *sb)
{
	return sb->magic == EROFS_SUPER_MAGIC && sb->block_bits >= BLOCK_BITS_MIN &&
	       sb->block_bits <= BLOCK_BITS_MAX &&
	       !(sb->feature_incompat & ~EROFS_INCOMPAT_CHUNKED_FILE) && sb->dir_block_bits == 0;
}

static enum status check_root(const struct erofs *fs)
{
	struct erofs_inode root;
	enum status status = erofs_inode(fs, fs->root_nid, &root);

	if (status != OK)
		return status;
	return (root.mode & MODE_TYPE) == MODE_DIR ? OK : ERR_INVALID;
}

enum status erofs_open(struct erofs *fs, const void *image, size_t size)
{
	struct erofs_disk_super sb;

	if (size < EROFS_SUPER_OFFSET + sizeof(sb))
		return ERR_INVALID;
	memcpy(&sb, (const uint8_t *)image + EROFS_SUPER_OFFSET, sizeof(sb));
	if (!super_known(&sb))
		return ERR_INVALID;
	*fs = (struct erofs){
		.base = image,
		.size = size,
		.block_bits = sb.block_bits,
		.meta_start = (uint64_t)sb.meta_block << sb.block_bits,
		.xattr_start = (uint64_t)sb.xattr_block << sb.block_bits,
		.root_nid = sb.root_nid,
		.inodes = sb.inodes,
		.blocks = sb.blocks,
		.build_time = sb.build_time,
		.build_time_ns = sb.build_time_ns,
	};
	return check_root(fs);
}

static void read_compact(
	const struct erofs *fs, const uint8_t *at, struct erofs_inode *out, struct raw_inode *raw)
{
	struct erofs_disk_compact disk;

	memcpy(&disk, at, sizeof(disk));
	out->mode = disk.mode;
	out->uid = disk.uid;
	out->gid = disk.gid;
	out->nlink = disk.nlink;
	out->size = disk.size;
	out->mtime = fs->build_time;
	out->mtime_ns = fs->build_time_ns;
	raw->u = disk.u;
	raw->disk_size = sizeof(disk);
}

static void read_extended(const uint8_t *at, struct erofs_inode *out, struct raw_inode *raw)
{
	struct erofs_disk_extended disk;

	memcpy(&disk, at, sizeof(disk));
	out->mode = disk.mode;
	out->uid = disk.uid;
	out->gid = disk.gid;
	out->nlink = disk.nlink;
	out->size = disk.size;
	out->mtime = disk.mtime;
	out->mtime_ns = disk.mtime_ns;
	raw->u = disk.u;
	raw->disk_size = sizeof(disk);
}

/* Attributes directly follow the inode: a header and count - 1 words. */
static enum status set_xattrs(
	const struct erofs *fs, uint64_t start, unsigned count, struct erofs_inode *out)
{
	out->xattr_start = start;
	if (count)
		out->xattr_size =
			(uint32_t)sizeof(struct erofs_disk_xattr_header) + (count - 1) * 4;
	out->meta_start = start + out->xattr_size;
	return in_image(fs, start, out->xattr_size) ? OK : ERR_INVALID;
}

/* Whole blocks from `block` on; with `tail`, the last one's bytes are at meta_start instead. */
static enum status set_flat(
	const struct erofs *fs, uint32_t block, bool tail, struct erofs_inode *out)
{
	out->plain_size = out->size;
	if (tail && out->size)
		out->plain_size = (out->size - 1) >> fs->block_bits << fs->block_bits;
	if (out->plain_size)
		out->plain_start = (uint64_t)block << fs->block_bits;
	if (!in_image(fs, out->plain_start, out->plain_size))
		return ERR_INVALID;
	return in_image(fs, out->meta_start, out->size - out->plain_size) ? OK : ERR_INVALID;
}

static enum status set_chunks(const struct erofs *fs, uint32_t format, struct erofs_inode *out)
{
	uint64_t entry = format & EROFS_CHUNK_INDEXES ? sizeof(struct erofs_disk_chunk) : 4;
	unsigned bits = fs->block_bits + (format & EROFS_CHUNK_BITS_MASK);
	uint64_t chunks;

	if ((format & 0xffff) & ~EROFS_CHUNK_ALL)
		return ERR_INVALID;
	out->chunk_entry = (uint8_t)entry;
	out->chunk_bits = (uint8_t)bits;
	out->meta_start = (out->meta_start + entry - 1) & ~(entry - 1);
	chunks = (out->size + (1ull << bits) - 1) >> bits;
	if (chunks > fs->size / entry)
		return ERR_INVALID;
	return in_image(fs, out->meta_start, chunks * entry) ? OK : ERR_INVALID;
}

static enum status set_data(
	const struct erofs *fs, const struct raw_inode *raw, struct erofs_inode *out)
{
	if (out->size >> SIZE_BITS_MAX)
		return ERR_INVALID;
	switch (raw->layout) {
	case EROFS_LAYOUT_PLAIN:
	case EROFS_LAYOUT_INLINE:
		return set_flat(fs, raw->u, raw->layout == EROFS_LAYOUT_INLINE, out);
	case EROFS_LAYOUT_CHUNK:
		return set_chunks(fs, raw->u, out);
	default:
		return ERR_INVALID; /* compressed */
	}
}

/* What the type of the file makes of the rest: only some have bytes. */
static enum status set_type(
	const struct erofs *fs, const struct raw_inode *raw, struct erofs_inode *out)
{
	switch (out->mode & MODE_TYPE) {
	case MODE_REG:
	case MODE_DIR:
	case MODE_LNK:
		return set_data(fs, raw, out);
	case MODE_CHR:
	case MODE_BLK:
		out->rdev = raw->u;
		out->size = 0;
		return OK;
	case MODE_FIFO:
	case MODE_SOCK:
		out->size = 0;
		return OK;
	default:
		return ERR_INVALID;
	}
}

enum status erofs_inode(const struct erofs *fs, uint64_t nid, struct erofs_inode *out)
{
	uint16_t head[2]; /* format and xattr_count, first in both layouts */
	struct raw_inode raw;
	const uint8_t *at;
	uint64_t start;

	if (nid > fs->size / EROFS_SLOT_SIZE)
		return ERR_INVALID;
	start = fs->meta_start + nid * EROFS_SLOT_SIZE;
	if (!in_image(fs, start, sizeof(struct erofs_disk_compact)))
		return ERR_INVALID;
	at = fs->base + start;
	memcpy(head, at, sizeof(head));
	if (head[0] & ~EROFS_FORMAT_MASK)
		return ERR_INVALID;
	raw.layout = (unsigned)head[0] >> EROFS_FORMAT_LAYOUT_SHIFT;
	*out = (struct erofs_inode){.nid = nid};
	if (!(head[0] & EROFS_FORMAT_EXTENDED))
		read_compact(fs, at, out, &raw);
	else if (in_image(fs, start, sizeof(struct erofs_disk_extended)))
		read_extended(at, out, &raw);
	else
		return ERR_INVALID;
	if (set_xattrs(fs, start + raw.disk_size, head[1], out) != OK)
		return ERR_INVALID;
	return set_type(fs, &raw, out);
}

/* Its first block; ERR_INVALID: on another device. The table was checked to be inside the image. */
static enum status chunk_block(const uint8_t *entry, unsigned entry_size, uint32_t *block)
{
	struct erofs_disk_chunk chunk = {0};

	if (entry_size == sizeof(chunk))
		memcpy(&chunk, entry, sizeof(chunk));
	else
		memcpy(&chunk.block, entry, sizeof(chunk.block));
	*block = chunk.block;
	return chunk.device ? ERR_INVALID : OK;
}

/* Apart, so that erofs_data() needs no stack frame. */
__attribute__((noinline)) static size_t chunk_data(const struct erofs *fs,
	const struct erofs_inode *inode, uint64_t offset, const uint8_t **data)
{
	uint64_t index = offset >> inode->chunk_bits;
	uint64_t inside = offset & ((1ull << inode->chunk_bits) - 1);
	uint64_t len = (1ull << inode->chunk_bits) - inside;
	const uint8_t *table = fs->base + inode->meta_start;
	uint32_t block;
	uint64_t at;

	if (len > inode->size - offset)
		len = inode->size - offset;
	if (chunk_block(table + index * inode->chunk_entry, inode->chunk_entry, &block) != OK)
		return 0;
	*data = NULL;
	if (block == EROFS_HOLE)
		return (size_t)len;
	at = ((uint64_t)block << fs->block_bits) + inside;
	if (!in_image(fs, at, len))
		return 0;
	*data = fs->base + at;
	return (size_t)len;
}

size_t erofs_data(const struct erofs *fs, const struct erofs_inode *inode, uint64_t offset,
	const uint8_t **data)
{
	if (offset < inode->plain_size) {
		*data = fs->base + inode->plain_start + offset;
		return (size_t)(inode->plain_size - offset);
	}
	if (offset >= inode->size)
		return 0;
	if (inode->chunk_entry)
		return chunk_data(fs, inode, offset, data);
	*data = fs->base + inode->meta_start + (offset - inode->plain_size);
	return (size_t)(inode->size - offset);
}
