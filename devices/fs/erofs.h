/* SPDX-License-Identifier: MIT */
/*
 * Reader of an EROFS image in memory (uncompressed: flat plain, flat inline
 * and chunk-based inodes). The image is untrusted: every offset is checked
 * against its size, and nothing is allocated or written.
 */
#ifndef VESPER_DEVICES_FS_EROFS_H
#define VESPER_DEVICES_FS_EROFS_H

#include <stddef.h>
#include <stdint.h>

#include "include/status.h"

#define EROFS_NAME_MAX 255

struct erofs {
	const uint8_t *base;
	size_t size; /* bytes */
	unsigned block_bits;
	uint64_t meta_start;  /* byte offset of inode slot 0 */
	uint64_t xattr_start; /* byte offset of the shared xattr area */
	uint64_t root_nid;
	uint64_t inodes; /* as the superblock says; for STATFS only */
	uint64_t blocks;
	uint64_t build_time; /* seconds; the mtime of compact inodes */
	uint32_t build_time_ns;
};

struct erofs_inode {
	uint64_t nid;
	uint16_t mode; /* type and permission bits as in st_mode */
	uint32_t uid, gid, nlink, rdev /* Linux new_encode_dev */;
	uint64_t size; /* bytes */
	uint64_t mtime;
	uint32_t mtime_ns;
	/* The reader's own: byte offsets in the image and lengths, checked against the image. */
	uint64_t plain_start, plain_size; /* the part of a flat file that lies in whole blocks */
	uint64_t meta_start;              /* the rest of a flat file, or a chunked file's table */
	uint64_t xattr_start;
	uint32_t xattr_size;
	uint8_t chunk_entry; /* bytes of a chunk table entry; 0: not chunk-based */
	uint8_t chunk_bits;
};

struct erofs_dirent {
	uint64_t nid;
	const char *name;  /* in the image, not NUL-terminated */
	unsigned name_len; /* 1..EROFS_NAME_MAX, no '/' and no NUL inside */
	uint8_t type; /* DT_* / EROFS_FT_* number as Linux's DT_ value (DT_REG 8, DT_DIR 4, ...) */
};

struct erofs_xattr {
	char name[EROFS_NAME_MAX + 1]; /* full name with its prefix, e.g. "user.a" */
	const void *value;             /* in the image */
	size_t value_len;
};

/* ERR_INVALID: not an EROFS image or one with a feature that changes the layout in an unknown way.
 */
MUST_CHECK enum status erofs_open(struct erofs *fs, const void *image, size_t size);

/* ERR_INVALID: nid outside the image, or a corrupt or compressed inode. */
MUST_CHECK enum status erofs_inode(const struct erofs *fs, uint64_t nid, struct erofs_inode *out);

/*
 * The bytes of a file, symlink or directory at `offset`, in place: returns how many are contiguous
 * there (0 at or past the end, or where the image is corrupt). A hole gives *data = NULL and its
 * length.
 */
size_t erofs_data(const struct erofs *fs, const struct erofs_inode *inode, uint64_t offset,
	const uint8_t **data);

/* ERR_NOT_FOUND: no such name. ERR_INVALID: corrupt directory. */
MUST_CHECK enum status erofs_lookup(const struct erofs *fs, const struct erofs_inode *dir,
	const char *name, size_t len, struct erofs_dirent *out);

/*
 * Iterates a directory ("." and ".." included). *pos is 0 at first and opaque, but always grows,
 * stays below 2^62 and may be kept by a guest. OK: *out is the entry and *pos the next one's.
 * ERR_NOT_FOUND: the end. ERR_INVALID: corrupt, or a *pos that never was. Names only ascend (as
 * unsigned bytes), so each comes once.
 */
MUST_CHECK enum status erofs_readdir(const struct erofs *fs, const struct erofs_inode *dir,
	uint64_t *pos, struct erofs_dirent *out);

/* The index-th extended attribute (inline, then shared); ERR_NOT_FOUND past the last. */
MUST_CHECK enum status erofs_xattr(const struct erofs *fs, const struct erofs_inode *inode,
	unsigned index, struct erofs_xattr *out);

#endif
