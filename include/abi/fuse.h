/* SPDX-License-Identifier: MIT */
/*
 * The FUSE protocol, version 7.38, as virtio-fs carries it: numbers and
 * layouts of the messages this server understands, all little-endian.
 * A request is fuse_in_header, the opcode's struct, then names or data; a
 * reply is fuse_out_header and the opcode's struct. Errors are Linux numbers.
 */
#ifndef VESPER_ABI_FUSE_H
#define VESPER_ABI_FUSE_H

#include <stdint.h>

#define FUSE_MAJOR     7
#define FUSE_MINOR     38
#define FUSE_MINOR_MIN 31 /* the oldest whose layouts are those below */
#define FUSE_ROOT_ID   1
#define FUSE_NAME_MAX  255

enum fuse_opcode {
	FUSE_LOOKUP = 1,
	FUSE_FORGET = 2,
	FUSE_GETATTR = 3,
	FUSE_SETATTR = 4,
	FUSE_READLINK = 5,
	FUSE_SYMLINK = 6,
	FUSE_MKNOD = 8,
	FUSE_MKDIR = 9,
	FUSE_UNLINK = 10,
	FUSE_RMDIR = 11,
	FUSE_RENAME = 12,
	FUSE_LINK = 13,
	FUSE_OPEN = 14,
	FUSE_READ = 15,
	FUSE_WRITE = 16,
	FUSE_STATFS = 17,
	FUSE_RELEASE = 18,
	FUSE_FSYNC = 20,
	FUSE_SETXATTR = 21,
	FUSE_GETXATTR = 22,
	FUSE_LISTXATTR = 23,
	FUSE_REMOVEXATTR = 24,
	FUSE_FLUSH = 25,
	FUSE_INIT = 26,
	FUSE_OPENDIR = 27,
	FUSE_READDIR = 28,
	FUSE_RELEASEDIR = 29,
	FUSE_FSYNCDIR = 30,
	FUSE_ACCESS = 34,
	FUSE_CREATE = 35,
	FUSE_INTERRUPT = 36,
	FUSE_DESTROY = 38,
	FUSE_BATCH_FORGET = 42,
	FUSE_FALLOCATE = 43,
	FUSE_READDIRPLUS = 44,
	FUSE_RENAME2 = 45,
	FUSE_LSEEK = 46,
	FUSE_COPY_FILE_RANGE = 47,
};

enum fuse_errno {
	FUSE_EPERM = 1,
	FUSE_ENOENT = 2,
	FUSE_EIO = 5,
	FUSE_ENXIO = 6,
	FUSE_E2BIG = 7,
	FUSE_EBADF = 9,
	FUSE_EACCES = 13,
	FUSE_EBUSY = 16,
	FUSE_EEXIST = 17,
	FUSE_ENOTDIR = 20,
	FUSE_EISDIR = 21,
	FUSE_EINVAL = 22,
	FUSE_EFBIG = 27,
	FUSE_ENOSPC = 28,
	FUSE_EMLINK = 31,
	FUSE_ERANGE = 34,
	FUSE_ENAMETOOLONG = 36,
	FUSE_ENOSYS = 38,
	FUSE_ENOTEMPTY = 39,
	FUSE_ELOOP = 40,
	FUSE_ENODATA = 61,
	FUSE_EPROTO = 71,
	FUSE_EOPNOTSUPP = 95,
	FUSE_ESTALE = 116,
};

/* fuse_init_in.flags and fuse_init_out.flags */
#define FUSE_INIT_ASYNC_READ       (1u << 0)
#define FUSE_INIT_ATOMIC_O_TRUNC   (1u << 3)
#define FUSE_INIT_BIG_WRITES       (1u << 5)
#define FUSE_INIT_DO_READDIRPLUS   (1u << 13)
#define FUSE_INIT_READDIRPLUS_AUTO (1u << 14)
#define FUSE_INIT_PARALLEL_DIROPS  (1u << 18)
#define FUSE_INIT_MAX_PAGES        (1u << 22)
#define FUSE_INIT_CACHE_SYMLINKS   (1u << 23)
#define FUSE_INIT_KILLPRIV_V2      (1u << 28)

/* fuse_setattr_in.valid */
#define FUSE_SET_MODE         (1u << 0)
#define FUSE_SET_UID          (1u << 1)
#define FUSE_SET_GID          (1u << 2)
#define FUSE_SET_SIZE         (1u << 3)
#define FUSE_SET_ATIME        (1u << 4)
#define FUSE_SET_MTIME        (1u << 5)
#define FUSE_SET_ATIME_NOW    (1u << 7)
#define FUSE_SET_MTIME_NOW    (1u << 8)
#define FUSE_SET_CTIME        (1u << 10)
#define FUSE_SET_KILL_SUIDGID (1u << 11)

/* fuse_open_out.open_flags */
#define FUSE_FOPEN_KEEP_CACHE (1u << 1)
#define FUSE_FOPEN_CACHE_DIR  (1u << 3)
#define FUSE_FOPEN_NOFLUSH    (1u << 5)

#define FUSE_OPEN_KILL_SUIDGID  (1u << 0) /* fuse_open_in.open_flags */
#define FUSE_WRITE_KILL_SUIDGID (1u << 2) /* fuse_write_in.write_flags */

/* fuse_open_in.flags: Linux's asm-generic numbers */
#define FUSE_O_ACCMODE 3u
#define FUSE_O_RDONLY  0u
#define FUSE_O_WRONLY  1u
#define FUSE_O_RDWR    2u
#define FUSE_O_EXCL    0200u
#define FUSE_O_TRUNC   01000u

/* Other Linux numbers that requests carry */
#define FUSE_RENAME_NOREPLACE  1u
#define FUSE_RENAME_EXCHANGE   2u
#define FUSE_FALLOC_KEEP_SIZE  1u
#define FUSE_FALLOC_PUNCH_HOLE 2u
#define FUSE_FALLOC_ZERO_RANGE 16u
#define FUSE_SEEK_DATA         3u
#define FUSE_SEEK_HOLE         4u
#define FUSE_XATTR_CREATE      1u
#define FUSE_XATTR_REPLACE     2u

/* st_mode */
#define FUSE_S_IFMT   0170000u
#define FUSE_S_IFSOCK 0140000u
#define FUSE_S_IFLNK  0120000u
#define FUSE_S_IFREG  0100000u
#define FUSE_S_IFBLK  0060000u
#define FUSE_S_IFDIR  0040000u
#define FUSE_S_IFCHR  0020000u
#define FUSE_S_IFIFO  0010000u
#define FUSE_S_ISUID  0004000u
#define FUSE_S_ISGID  0002000u
#define FUSE_S_IXGRP  0000010u
#define FUSE_S_PERM   0007777u

struct fuse_in_header {
	uint32_t len; /* of the whole request */
	uint32_t opcode;
	uint64_t unique;
	uint64_t nodeid;
	uint32_t uid, gid, pid;
	uint16_t extensions; /* bytes / 8 at the end of the request */
	uint16_t padding;
};

struct fuse_out_header {
	uint32_t len; /* of the whole reply */
	int32_t error;
	uint64_t unique;
};

struct fuse_attr {
	uint64_t ino, size, blocks /* of 512 bytes */;
	uint64_t atime, mtime, ctime;
	uint32_t atime_ns, mtime_ns, ctime_ns;
	uint32_t mode, nlink, uid, gid, rdev, blksize, flags;
};

struct fuse_entry_out {
	uint64_t nodeid; /* 0: there is no such name, and that may be remembered */
	uint64_t generation;
	uint64_t entry_valid, attr_valid; /* seconds */
	uint32_t entry_valid_ns, attr_valid_ns;
	struct fuse_attr attr;
};

struct fuse_attr_out {
	uint64_t attr_valid;
	uint32_t attr_valid_ns, padding;
	struct fuse_attr attr;
};

struct fuse_init_in {
	uint32_t major, minor, max_readahead, flags;
	uint32_t flags2, unused[11]; /* may be left out */
};

struct fuse_init_out {
	uint32_t major, minor, max_readahead, flags;
	uint16_t max_background, congestion_threshold;
	uint32_t max_write, time_gran;
	uint16_t max_pages, map_alignment;
	uint32_t flags2, unused[7];
};

struct fuse_forget_in {
	uint64_t nlookup;
};

struct fuse_batch_forget_in {
	uint32_t count, padding;
};

struct fuse_forget_one {
	uint64_t nodeid, nlookup;
};

struct fuse_getattr_in {
	uint32_t flags, padding;
	uint64_t fh;
};

struct fuse_setattr_in {
	uint32_t valid, padding;
	uint64_t fh, size, lock_owner;
	uint64_t atime, mtime, ctime;
	uint32_t atime_ns, mtime_ns, ctime_ns;
	uint32_t mode, unused4, uid, gid, unused5;
};

struct fuse_mknod_in {
	uint32_t mode, rdev, umask, padding;
};

struct fuse_mkdir_in {
	uint32_t mode, umask;
};

struct fuse_rename_in {
	uint64_t newdir;
};

struct fuse_rename2_in {
	uint64_t newdir;
	uint32_t flags, padding;
};

struct fuse_link_in {
	uint64_t oldnodeid;
};

struct fuse_open_in {
	uint32_t flags, open_flags;
};

struct fuse_create_in {
	uint32_t flags, mode, umask, open_flags;
};

struct fuse_open_out {
	uint64_t fh;
	uint32_t open_flags, padding;
};

struct fuse_create_out {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

struct fuse_release_in {
	uint64_t fh;
	uint32_t flags, release_flags;
	uint64_t lock_owner;
};

struct fuse_flush_in {
	uint64_t fh;
	uint32_t unused, padding;
	uint64_t lock_owner;
};

/* READ, READDIR and READDIRPLUS */
struct fuse_read_in {
	uint64_t fh, offset;
	uint32_t size, read_flags;
	uint64_t lock_owner;
	uint32_t flags, padding;
};

struct fuse_write_in {
	uint64_t fh, offset;
	uint32_t size, write_flags;
	uint64_t lock_owner;
	uint32_t flags, padding;
};

struct fuse_write_out {
	uint32_t size, padding;
};

struct fuse_fsync_in {
	uint64_t fh;
	uint32_t flags, padding;
};

struct fuse_statfs_out {
	uint64_t blocks, bfree, bavail, files, ffree;
	uint32_t bsize, namelen, frsize, padding, spare[6];
};

/* Without the extension that FUSE_INIT would have to negotiate. */
struct fuse_setxattr_in {
	uint32_t size, flags;
};

struct fuse_getxattr_in {
	uint32_t size, padding;
};

struct fuse_getxattr_out {
	uint32_t size, padding;
};

struct fuse_access_in {
	uint32_t mask, padding;
};

struct fuse_fallocate_in {
	uint64_t fh, offset, length;
	uint32_t mode, padding;
};

struct fuse_lseek_in {
	uint64_t fh, offset;
	uint32_t whence, padding;
};

struct fuse_lseek_out {
	uint64_t offset;
};

/* Followed by the name, padded to 8 bytes. */
struct fuse_dirent {
	uint64_t ino;
	uint64_t off; /* where to go on after this entry */
	uint32_t namelen;
	uint32_t type; /* DT_*: the type bits of st_mode >> 12 */
};

struct fuse_direntplus {
	struct fuse_entry_out entry;
	struct fuse_dirent dirent;
};

_Static_assert(sizeof(struct fuse_in_header) == 40, "fuse_in_header");
_Static_assert(sizeof(struct fuse_out_header) == 16, "fuse_out_header");
_Static_assert(sizeof(struct fuse_attr) == 88, "fuse_attr");
_Static_assert(sizeof(struct fuse_entry_out) == 128, "fuse_entry_out");
_Static_assert(sizeof(struct fuse_attr_out) == 104, "fuse_attr_out");
_Static_assert(sizeof(struct fuse_init_in) == 64, "fuse_init_in");
_Static_assert(sizeof(struct fuse_init_out) == 64, "fuse_init_out");
_Static_assert(sizeof(struct fuse_forget_one) == 16, "fuse_forget_one");
_Static_assert(sizeof(struct fuse_setattr_in) == 88, "fuse_setattr_in");
_Static_assert(sizeof(struct fuse_mknod_in) == 16, "fuse_mknod_in");
_Static_assert(sizeof(struct fuse_rename2_in) == 16, "fuse_rename2_in");
_Static_assert(sizeof(struct fuse_create_in) == 16, "fuse_create_in");
_Static_assert(sizeof(struct fuse_create_out) == 144, "fuse_create_out");
_Static_assert(sizeof(struct fuse_release_in) == 24, "fuse_release_in");
_Static_assert(sizeof(struct fuse_flush_in) == 24, "fuse_flush_in");
_Static_assert(sizeof(struct fuse_read_in) == 40, "fuse_read_in");
_Static_assert(sizeof(struct fuse_write_in) == 40, "fuse_write_in");
_Static_assert(sizeof(struct fuse_statfs_out) == 80, "fuse_statfs_out");
_Static_assert(sizeof(struct fuse_setxattr_in) == 8, "fuse_setxattr_in");
_Static_assert(sizeof(struct fuse_fallocate_in) == 32, "fuse_fallocate_in");
_Static_assert(sizeof(struct fuse_lseek_in) == 24, "fuse_lseek_in");
_Static_assert(sizeof(struct fuse_dirent) == 24, "fuse_dirent");
_Static_assert(sizeof(struct fuse_direntplus) == 152, "fuse_direntplus");

#endif
