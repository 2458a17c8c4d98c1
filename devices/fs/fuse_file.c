/* SPDX-License-Identifier: MIT */
/* FUSE requests that open, close and shape files; their bytes are in fuse_data.c. */
#include "devices/fs/fuse.h"

#include "devices/fs/file.h"

struct node *fuse_open_node(
	struct fs *fs, const struct fuse_request *rq, uint64_t fh, uint32_t denied, int *err)
{
	struct handle *handle = tree_handle(&fs->tree, rq->head.nodeid, fh);

	*err = -FUSE_EBADF;
	if (!handle || handle->access == denied)
		return NULL;
	*err = node_is_dir(handle->node) ? -FUSE_EISDIR : -FUSE_EINVAL;
	return node_type(handle->node) == FUSE_S_IFREG ? handle->node : NULL;
}

static int check_open(const struct node *node, bool dir)
{
	if (!node)
		return -FUSE_ESTALE;
	if (dir)
		return node_is_dir(node) ? 0 : -FUSE_ENOTDIR;
	switch (node_type(node)) {
	case FUSE_S_IFREG:
		return 0;
	case FUSE_S_IFDIR:
		return -FUSE_EISDIR;
	case FUSE_S_IFLNK:
		return -FUSE_ELOOP;
	default:
		return -FUSE_ENXIO; /* devices, pipes and sockets are the guest's own */
	}
}

static int truncate_opened(struct fs *fs, struct node *node, uint32_t open_flags)
{
	int err = open_flags & FUSE_OPEN_KILL_SUIDGID ? fuse_kill_privileges(fs, node) : 0;

	if (err)
		return err;
	file_resize(&fs->tree, node, 0);
	node_modified(&fs->tree, node);
	return 0;
}

static int open_file(
	struct fs *fs, uint64_t id, uint32_t flags, uint32_t open_flags, struct fuse_open_out *out)
{
	uint32_t access = flags & FUSE_O_ACCMODE;
	struct handle *handle;
	struct node scratch;
	int err = check_open(node_get(&fs->tree, id, &scratch), false);

	if (!err && access > FUSE_O_RDWR)
		err = -FUSE_EINVAL;
	if (!err)
		err = tree_open(&fs->tree, id, access, &handle);
	if (err)
		return err;
	if (flags & FUSE_O_TRUNC) /* with O_RDONLY too, as Linux does it */
		err = truncate_opened(fs, handle->node, open_flags);
	if (err) {
		tree_close(&fs->tree, handle);
		return err;
	}
	*out = (struct fuse_open_out){handle->id, FUSE_FOPEN_KEEP_CACHE | FUSE_FOPEN_NOFLUSH, 0};
	return 0;
}

int fuse_open(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_open_in *in = rq->arg;
	int err = open_file(
		fs, rq->head.nodeid, in->flags, in->open_flags, (struct fuse_open_out *)fs->reply);

	return err ? err : (int)sizeof(struct fuse_open_out);
}

int fuse_opendir(struct fs *fs, const struct fuse_request *rq)
{
	struct fuse_open_out *out = (struct fuse_open_out *)fs->reply;
	struct handle *handle;
	struct node scratch;
	int err = check_open(node_get(&fs->tree, rq->head.nodeid, &scratch), true);

	if (!err)
		err = tree_open(&fs->tree, rq->head.nodeid, FUSE_O_RDONLY, &handle);
	if (err)
		return err;
	*out = (struct fuse_open_out){handle->id, FUSE_FOPEN_KEEP_CACHE | FUSE_FOPEN_CACHE_DIR, 0};
	return sizeof(*out);
}

/* The inode that a CREATE opens: the one that has the name, or a new one. */
static int find_or_create(struct fs *fs, const struct fuse_request *rq, uint64_t *id)
{
	const struct fuse_create_in *in = rq->arg;
	struct tree_name name = {rq->head.nodeid, rq->name[0], rq->name_len[0]};
	struct tree_new what = {
		FUSE_S_IFREG | (in->mode & FUSE_S_PERM), 0, NULL, {rq->head.uid, rq->head.gid}};
	const struct node *old;
	struct node scratch, *new;
	int err = tree_name_check(name.text, name.len);

	if (!err)
		err = tree_lookup(&fs->tree, &name, &scratch, &old);
	if (!err) {
		*id = old->id;
		return in->flags & FUSE_O_EXCL ? -FUSE_EEXIST : 0;
	}
	if (err == -FUSE_ENOENT)
		err = tree_create(&fs->tree, &name, &what, &new);
	if (!err)
		*id = new->id;
	return err;
}

/* A file that was just created can be opened: tree_create() left the arena's reserve. */
int fuse_create(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_create_in *in = rq->arg;
	struct fuse_create_out *out = (struct fuse_create_out *)fs->reply;
	struct node scratch;
	uint64_t id;
	int err = find_or_create(fs, rq, &id);

	if (!err)
		err = open_file(fs, id, in->flags, in->open_flags, &out->open);
	if (err)
		return err;
	fuse_fill_entry(fs, node_get(&fs->tree, id, &scratch), &out->entry);
	return sizeof(*out);
}

int fuse_release(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_release_in *in = rq->arg;
	struct handle *handle = tree_handle(&fs->tree, rq->head.nodeid, in->fh);

	if (!handle)
		return -FUSE_EBADF;
	tree_close(&fs->tree, handle);
	return 0;
}

/* What was written is where it stays. */
static int check_handle(struct fs *fs, const struct fuse_request *rq, uint64_t fh)
{
	return tree_handle(&fs->tree, rq->head.nodeid, fh) ? 0 : -FUSE_EBADF;
}

int fuse_flush(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_flush_in *in = rq->arg;

	return check_handle(fs, rq, in->fh);
}

int fuse_fsync(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_fsync_in *in = rq->arg;

	return check_handle(fs, rq, in->fh);
}

static int allocate(struct fs *fs, struct node *node, const struct fuse_fallocate_in *in)
{
	uint64_t end = in->offset + in->length;
	bool keep = in->mode & FUSE_FALLOC_KEEP_SIZE;
	int err;

	switch (in->mode) {
	case 0:
	case FUSE_FALLOC_KEEP_SIZE:
		err = file_reserve(&fs->tree, node, in->offset, end);
		break;
	case FUSE_FALLOC_PUNCH_HOLE | FUSE_FALLOC_KEEP_SIZE:
	case FUSE_FALLOC_ZERO_RANGE:
	case FUSE_FALLOC_ZERO_RANGE | FUSE_FALLOC_KEEP_SIZE:
		err = file_punch(&fs->tree, node, in->offset, end);
		break;
	default:
		return -FUSE_EOPNOTSUPP;
	}
	if (!err && !keep && end > node->size)
		node->size = end;
	return err;
}

int fuse_fallocate(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_fallocate_in *in = rq->arg;
	int err;
	struct node *node = fuse_open_node(fs, rq, in->fh, FUSE_O_RDONLY, &err);

	if (!node)
		return err;
	if (!in->length)
		return -FUSE_EINVAL;
	if (in->offset > FILE_SIZE_MAX || in->length > FILE_SIZE_MAX - in->offset)
		return -FUSE_EFBIG;
	err = allocate(fs, node, in);
	if (!err)
		node_modified(&fs->tree, node);
	return err;
}

int fuse_lseek(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_lseek_in *in = rq->arg;
	uint64_t offset = in->offset;
	int err;
	const struct node *node = fuse_open_node(fs, rq, in->fh, UINT32_MAX, &err);

	if (!node)
		return err;
	if (in->whence != FUSE_SEEK_DATA && in->whence != FUSE_SEEK_HOLE)
		return -FUSE_EINVAL;
	if (offset >= node->size ||
		!file_seek(&fs->tree, node, &offset, in->whence == FUSE_SEEK_DATA))
		return -FUSE_ENXIO;
	*(struct fuse_lseek_out *)fs->reply = (struct fuse_lseek_out){offset};
	return sizeof(struct fuse_lseek_out);
}
