/* SPDX-License-Identifier: MIT */
/*
 * Numbers and layouts of the block device of virtio 1.2 (section 5.2). A
 * request is a header that the device reads, then its data, then one status
 * byte that the device writes. All fields are little-endian, as is every
 * machine this is built for; a sector is 512 bytes whatever the block size.
 */
#ifndef VESPER_ABI_VIRTIO_BLK_H
#define VESPER_ABI_VIRTIO_BLK_H

#include <stddef.h>
#include <stdint.h>

/* The device ID (section 5). */
#define VIRTIO_ID_BLOCK 2

/* Feature bits (5.2.3). */
#define VIRTIO_BLK_F_SIZE_MAX     1  /* size_max: bytes of a segment */
#define VIRTIO_BLK_F_SEG_MAX      2  /* seg_max: segments of a request */
#define VIRTIO_BLK_F_GEOMETRY     4  /* cylinders, heads, sectors */
#define VIRTIO_BLK_F_RO           5  /* read-only */
#define VIRTIO_BLK_F_BLK_SIZE     6  /* blk_size: bytes of a logical block */
#define VIRTIO_BLK_F_FLUSH        9  /* VIRTIO_BLK_T_FLUSH */
#define VIRTIO_BLK_F_TOPOLOGY     10 /* physical_block_exp to opt_io_size */
#define VIRTIO_BLK_F_CONFIG_WCE   11 /* writeback can be read and set */
#define VIRTIO_BLK_F_MQ           12 /* num_queues */
#define VIRTIO_BLK_F_DISCARD      13 /* VIRTIO_BLK_T_DISCARD */
#define VIRTIO_BLK_F_WRITE_ZEROES 14 /* VIRTIO_BLK_T_WRITE_ZEROES */
#define VIRTIO_BLK_F_LIFETIME     15
#define VIRTIO_BLK_F_SECURE_ERASE 16

#define VIRTIO_BLK_SECTOR      512u
#define VIRTIO_BLK_SECTOR_BITS 9

/* Request types (5.2.6). */
#define VIRTIO_BLK_T_IN           0
#define VIRTIO_BLK_T_OUT          1
#define VIRTIO_BLK_T_FLUSH        4
#define VIRTIO_BLK_T_GET_ID       8
#define VIRTIO_BLK_T_GET_LIFETIME 10
#define VIRTIO_BLK_T_DISCARD      11
#define VIRTIO_BLK_T_WRITE_ZEROES 13
#define VIRTIO_BLK_T_SECURE_ERASE 14

/* What the status byte says. */
#define VIRTIO_BLK_S_OK     0
#define VIRTIO_BLK_S_IOERR  1
#define VIRTIO_BLK_S_UNSUPP 2

#define VIRTIO_BLK_ID_BYTES 20 /* of VIRTIO_BLK_T_GET_ID; NUL-padded */

struct virtio_blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* The data of VIRTIO_BLK_T_DISCARD and VIRTIO_BLK_T_WRITE_ZEROES: an array of these. */
struct virtio_blk_range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};
#define VIRTIO_BLK_RANGE_F_UNMAP 1u /* write zeroes: the blocks may be deallocated */

/* Device configuration (5.2.4); there is no padding in it. */
struct virtio_blk_config {
	uint64_t capacity; /* sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size;          /* bytes */
	uint8_t physical_block_exp; /* logical blocks of a physical one, as a power of two */
	uint8_t alignment_offset;   /* logical blocks */
	uint16_t min_io_size;       /* logical blocks */
	uint32_t opt_io_size;       /* logical blocks */
	uint8_t writeback;          /* 0: writethrough */
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors; /* of a range */
	uint32_t max_discard_seg;     /* ranges of a request */
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	uint32_t max_secure_erase_sectors;
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
};

_Static_assert(sizeof(struct virtio_blk_header) == 16, "virtio_blk_header");
_Static_assert(sizeof(struct virtio_blk_range) == 16, "virtio_blk_range");
_Static_assert(offsetof(struct virtio_blk_config, seg_max) == 12, "virtio_blk_config.seg_max");
_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "virtio_blk_config.blk_size");
_Static_assert(offsetof(struct virtio_blk_config, opt_io_size) == 28, "virtio_blk_config.opt_io");
_Static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "virtio_blk_config.writeback");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "virtio_blk_config.queues");
_Static_assert(
	offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "virtio_blk_config.discard");
_Static_assert(offsetof(struct virtio_blk_config, max_secure_erase_sectors) == 60,
	"virtio_blk_config.secure_erase");
_Static_assert(sizeof(struct virtio_blk_config) == 72, "virtio_blk_config");

#endif
