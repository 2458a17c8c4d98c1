/* SPDX-License-Identifier: MIT */
/* FUSE requests on the session and the file system as a whole. */
#include "devices/fs/fuse.h"

#define INIT_FLAGS                                                                           \
	(FUSE_INIT_ASYNC_READ | FUSE_INIT_ATOMIC_O_TRUNC | FUSE_INIT_BIG_WRITES |            \
		FUSE_INIT_DO_READDIRPLUS | FUSE_INIT_READDIRPLUS_AUTO |                      \
		FUSE_INIT_PARALLEL_DIROPS | FUSE_INIT_MAX_PAGES | FUSE_INIT_CACHE_SYMLINKS | \
		FUSE_INIT_KILLPRIV_V2)

/*
 * No write-back cache: a write that does not fit must fail when it is made,
 * not when the guest's kernel gets round to it.
 */
int fuse_init(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_init_in *in = rq->arg;
	struct fuse_init_out *out = (struct fuse_init_out *)fs->reply;

	if (in->major < FUSE_MAJOR || (in->major == FUSE_MAJOR && in->minor < FUSE_MINOR_MIN))
		return -FUSE_EPROTO;
	tree_forget_guest(&fs->tree);
	*out = (struct fuse_init_out){
		.major = FUSE_MAJOR,
		.minor = FUSE_MINOR,
		.max_readahead = in->max_readahead,
		.flags = in->flags & INIT_FLAGS,
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = FUSE_PAGES_MAX * ARENA_BLOCK,
		.time_gran = 1,
		.max_pages = FUSE_PAGES_MAX,
	};
	return sizeof(*out);
}

int fuse_destroy(struct fs *fs, const struct fuse_request *rq)
{
	(void)rq;
	tree_forget_guest(&fs->tree);
	return 0;
}

/* The image's blocks count as used, the arena's reserve as not available. */
int fuse_statfs(struct fs *fs, const struct fuse_request *rq)
{
	struct fuse_statfs_out *out = (struct fuse_statfs_out *)fs->reply;
	const struct arena *arena = &fs->tree.arena;

	(void)rq;
	*out = (struct fuse_statfs_out){
		.blocks = arena->n_blocks + fs->tree.image.size / ARENA_BLOCK,
		.bfree = arena->n_free,
		.bavail = arena->n_free > arena->reserve ? arena->n_free - arena->reserve : 0,
		.files = fs->tree.image.inodes + arena->n_blocks,
		.ffree = arena->n_free,
		.bsize = ARENA_BLOCK,
		.namelen = FUSE_NAME_MAX,
		.frsize = ARENA_BLOCK,
	};
	return sizeof(*out);
}
