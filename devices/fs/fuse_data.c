/* SPDX-License-Identifier: MIT */
/*
 * READ and WRITE copy once, between the guest's segments and the image or the
 * arena. A WRITE into a full arena is short, or -ENOSPC where not a byte fits.
 */
#include "devices/fs/fuse.h"

#include <string.h>

#include "devices/fs/file.h"

/* A place in the segments of a chain. */
struct cursor {
	const struct vq_segment *segment, *end;
	uint32_t at; /* in *segment */
};

static struct cursor cursor_at(const struct vq_segment *first, unsigned n, uint32_t skip)
{
	struct cursor c = {first, first + n, skip};

	while (c.segment < c.end && c.at >= c.segment->len) {
		c.at -= c.segment->len;
		c.segment++;
	}
	return c;
}

/* The next bytes, at most `max`, that lie together; 0 only at the end. */
static size_t cursor_next(struct cursor *c, uint64_t max, uint8_t **data)
{
	size_t len;

	while (c->segment < c->end && c->at >= c->segment->len) {
		c->at = 0;
		c->segment++;
	}
	if (c->segment == c->end)
		return 0;
	len = c->segment->len - c->at;
	if (len > max)
		len = (size_t)max;
	*data = (uint8_t *)c->segment->data + c->at;
	c->at += (uint32_t)len;
	return len;
}

/* `data` NULL: zeros. */
static void put_bytes(struct cursor *c, const uint8_t *data, uint64_t len)
{
	uint8_t *to;
	size_t n;

	for (; len && (n = cursor_next(c, len, &to)); len -= n) {
		if (data) {
			memcpy(to, data, n);
			data += n;
		} else {
			memset(to, 0, n);
		}
	}
}

static void get_bytes(struct cursor *c, uint8_t *data, uint64_t len)
{
	uint8_t *from;
	size_t n;

	for (; len && (n = cursor_next(c, len, &from)); len -= n) {
		memcpy(data, from, n);
		data += n;
	}
}

int fuse_read(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_read_in *in = rq->arg;
	uint64_t done = 0, len = in->size < rq->room ? in->size : rq->room, run;
	struct cursor to = cursor_at(rq->chain->segment + rq->chain->n_out, rq->chain->n_in,
		sizeof(struct fuse_out_header));
	const uint8_t *data;
	int err;
	const struct node *node = fuse_open_node(fs, rq, in->fh, FUSE_O_WRONLY, &err);

	if (!node)
		return err;
	if (in->offset >= node->size)
		return 0;
	if (len > node->size - in->offset)
		len = node->size - in->offset;
	if (len > INT32_MAX - sizeof(struct fuse_out_header))
		return -FUSE_EINVAL;
	for (; done < len; done += run) {
		run = file_run(&fs->tree, node, in->offset + done, &data);
		if (!run)
			return done ? (int)done : -FUSE_EIO;
		if (run > len - done)
			run = len - done;
		put_bytes(&to, data, run);
	}
	return (int)done;
}

/* Page by page; returns the bytes written, or why not even one was. */
static int write_pages(
	struct fs *fs, struct node *node, uint64_t offset, uint64_t len, struct cursor *from)
{
	uint64_t done = 0, part;

	for (; done < len; done += part) {
		uint64_t index = (offset + done) / ARENA_BLOCK;
		uint64_t inside = (offset + done) % ARENA_BLOCK;
		uint8_t *page;

		part = ARENA_BLOCK - inside;
		if (part > len - done)
			part = len - done;
		if (!file_can_page(&fs->tree, node, index))
			return done ? (int)done : -FUSE_ENOSPC;
		page = file_page(&fs->tree, node, index, part == ARENA_BLOCK);
		if (!page)
			return done ? (int)done : -FUSE_EIO;
		get_bytes(from, page + inside, part);
	}
	return (int)done;
}

static int check_write(const struct fuse_request *rq, const struct fuse_write_in *in)
{
	if (in->size > rq->head.len - sizeof(rq->head) - sizeof(*in) || in->size > INT32_MAX)
		return -FUSE_EINVAL;
	if (in->offset > FILE_SIZE_MAX || in->size > FILE_SIZE_MAX - in->offset)
		return -FUSE_EFBIG;
	return 0;
}

int fuse_write(struct fs *fs, const struct fuse_request *rq)
{
	const struct fuse_write_in *in = rq->arg;
	struct cursor from =
		cursor_at(rq->chain->segment, rq->chain->n_out, sizeof(rq->head) + sizeof(*in));
	int err, done;
	struct node *node = fuse_open_node(fs, rq, in->fh, FUSE_O_RDONLY, &err);

	if (!node)
		return err;
	err = check_write(rq, in);
	if (!err && in->write_flags & FUSE_WRITE_KILL_SUIDGID)
		err = fuse_kill_privileges(fs, node);
	if (err)
		return err;
	done = write_pages(fs, node, in->offset, in->size, &from);
	if (done < 0)
		return done;
	if (done) {
		if (node->size < in->offset + (uint64_t)done)
			node->size = in->offset + (uint64_t)done;
		node_modified(&fs->tree, node);
	}
	*(struct fuse_write_out *)fs->reply = (struct fuse_write_out){.size = (uint32_t)done};
	return sizeof(struct fuse_write_out);
}
