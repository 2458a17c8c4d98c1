/* SPDX-License-Identifier: MIT */
/*
 * The EROFS on-disk format, as far as uncompressed images use it. Numbers are
 * those of Linux's fs/erofs/erofs_fs.h and Documentation/filesystems/erofs.rst.
 * Everything is little-endian and may lie unaligned: copy a struct out of the
 * image before reading it.
 */
#ifndef VESPER_ABI_EROFS_H
#define VESPER_ABI_EROFS_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are copied out as they are");

#define EROFS_SUPER_OFFSET 1024
#define EROFS_SUPER_MAGIC  0xe0f5e1e2u
#define EROFS_SLOT_SIZE    32 /* inode number n lies at slot n of the metadata area */

/* feature_incompat: a reader that does not know a bit must refuse the image. */
#define EROFS_INCOMPAT_ZERO_PADDING 0x01u /* set by mkfs.erofs in compressed images */
#define EROFS_INCOMPAT_CHUNKED_FILE 0x04u

struct erofs_disk_super {
	uint32_t magic;
	uint32_t checksum;
	uint32_t feature_compat;
	uint8_t block_bits;
	uint8_t ext_slots;
	uint16_t root_nid;
	uint64_t inodes;
	uint64_t build_time;
	uint32_t build_time_ns;
	uint32_t blocks;
	uint32_t meta_block;
	uint32_t xattr_block;
	uint8_t uuid[16];
	uint8_t volume_name[16];
	uint32_t feature_incompat;
	uint16_t compression;
	uint16_t extra_devices;
	uint16_t device_table_slot;
	uint8_t dir_block_bits; /* beyond block_bits; 0 in all images so far */
	uint8_t xattr_prefixes;
	uint32_t xattr_prefix_start;
	uint64_t packed_nid;
	uint8_t xattr_filter;
	uint8_t reserved[23];
};
_Static_assert(sizeof(struct erofs_disk_super) == 128, "EROFS super block");

/* format of an inode: bit 0 is the extended layout, bits 1-3 say where the data lies. */
#define EROFS_FORMAT_EXTENDED     0x1u
#define EROFS_FORMAT_LAYOUT_SHIFT 1
#define EROFS_FORMAT_MASK         0xfu

enum erofs_layout {
	EROFS_LAYOUT_PLAIN = 0,  /* consecutive blocks */
	EROFS_LAYOUT_INLINE = 2, /* the same, but the last block's bytes follow the inode */
	EROFS_LAYOUT_CHUNK = 4,  /* a table of equally sized chunks follows the inode */
};

struct erofs_disk_compact {
	uint16_t format;
	uint16_t xattr_count; /* 0: none; else a header and count - 1 words */
	uint16_t mode;
	uint16_t nlink;
	uint32_t size;
	uint32_t reserved;
	uint32_t u; /* first block, device number, or chunk format */
	uint32_t ino;
	uint16_t uid, gid;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct erofs_disk_compact) == 32, "EROFS compact inode");

struct erofs_disk_extended {
	uint16_t format;
	uint16_t xattr_count;
	uint16_t mode;
	uint16_t reserved;
	uint64_t size;
	uint32_t u;
	uint32_t ino;
	uint32_t uid, gid;
	uint64_t mtime;
	uint32_t mtime_ns;
	uint32_t nlink;
	uint8_t reserved2[16];
};
_Static_assert(sizeof(struct erofs_disk_extended) == 64, "EROFS extended inode");

/* Chunk format, the low half of u: log2 of blocks a chunk, and the kind of table. */
#define EROFS_CHUNK_BITS_MASK 0x001fu
#define EROFS_CHUNK_INDEXES   0x0020u /* struct erofs_disk_chunk, else a bare block number */
#define EROFS_CHUNK_ALL       (EROFS_CHUNK_BITS_MASK | EROFS_CHUNK_INDEXES)
#define EROFS_HOLE            0xffffffffu

struct erofs_disk_chunk {
	uint16_t advise;
	uint16_t device;
	uint32_t block;
};
_Static_assert(sizeof(struct erofs_disk_chunk) == 8, "EROFS chunk index");

/*
 * A directory block starts with its entries, sorted by name; names follow in
 * the same order. The first entry's name_offset thus tells their number.
 */
struct erofs_disk_dirent {
	uint64_t nid;
	uint16_t name_offset; /* in the block; a name ends where the next begins */
	uint8_t type;         /* EROFS_FT_* */
	uint8_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_disk_dirent) == 12, "EROFS directory entry");

enum erofs_file_type {
	EROFS_FT_UNKNOWN,
	EROFS_FT_REG,
	EROFS_FT_DIR,
	EROFS_FT_CHR,
	EROFS_FT_BLK,
	EROFS_FT_FIFO,
	EROFS_FT_SOCK,
	EROFS_FT_LNK,
	EROFS_FT_COUNT,
};

/* Follows the inode: this header, shared_count 4-byte ids, then entries to the end. */
struct erofs_disk_xattr_header {
	uint32_t name_filter;
	uint8_t shared_count;
	uint8_t reserved[7];
};
_Static_assert(sizeof(struct erofs_disk_xattr_header) == 12, "EROFS attribute header");

/* Followed by the name without its prefix and the value, padded to 4 bytes. */
struct erofs_disk_xattr {
	uint8_t name_len;
	uint8_t prefix; /* EROFS_XATTR_* */
	uint16_t value_len;
};
_Static_assert(sizeof(struct erofs_disk_xattr) == 4, "EROFS attribute entry");

#define EROFS_XATTR_ALIGN 4 /* of entries; also the unit of a shared id */

enum erofs_xattr_prefix {
	EROFS_XATTR_USER = 1,
	EROFS_XATTR_ACL_ACCESS = 2,
	EROFS_XATTR_ACL_DEFAULT = 3,
	EROFS_XATTR_TRUSTED = 4,
	EROFS_XATTR_LUSTRE = 5,
	EROFS_XATTR_SECURITY = 6,
};

#endif
