/* SPDX-License-Identifier: MIT */
/* Requests on open files and directories, attributes, and a server to carry them to. */
#include <stdlib.h>
#include <string.h>

#include "devices/fs/fs.h"
#include "devices/fs/fuse.h"
#include "tests/sim/fuse_client.h"

static void require(bool what)
{
	if (!what)
		abort();
}

static int open_call(
	struct fuse_client *c, uint32_t opcode, uint64_t id, uint32_t flags, uint64_t *fh)
{
	struct fuse_open_in in = {flags, 0};
	struct fuse_open_out out;
	int n = fuse_call(c, opcode, id, &in, sizeof(in), NULL, 0, &out, sizeof(out));

	require(n < 0 || n == sizeof(out));
	if (n > 0)
		*fh = out.fh;
	return n < 0 ? n : 0;
}

int fc_open(struct fuse_client *c, uint64_t id, uint32_t flags, uint64_t *fh)
{
	return open_call(c, FUSE_OPEN, id, flags, fh);
}

int fc_opendir(struct fuse_client *c, uint64_t id, uint64_t *fh)
{
	return open_call(c, FUSE_OPENDIR, id, 0, fh);
}

int fc_release(struct fuse_client *c, uint64_t id, uint64_t fh)
{
	struct fuse_release_in in = {.fh = fh};

	return fuse_call(c, FUSE_RELEASE, id, &in, sizeof(in), NULL, 0, NULL, 0);
}

int fc_read(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, void *buf, size_t n)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = (uint32_t)n};

	return fuse_call(c, FUSE_READ, id, &in, sizeof(in), NULL, 0, buf, n);
}

int fc_write(
	struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, const void *buf, size_t n)
{
	struct fuse_write_in in = {.fh = fh, .offset = offset, .size = (uint32_t)n};
	struct fuse_write_out out;
	int got = fuse_call(c, FUSE_WRITE, id, &in, sizeof(in), buf, n, &out, sizeof(out));

	require(got < 0 || (got == sizeof(out) && out.size <= n));
	return got < 0 ? got : (int)out.size;
}

int fc_fallocate(struct fuse_client *c, uint64_t id, uint64_t fh, uint32_t mode, uint64_t offset,
	uint64_t len)
{
	struct fuse_fallocate_in in = {fh, offset, len, mode, 0};

	return fuse_call(c, FUSE_FALLOCATE, id, &in, sizeof(in), NULL, 0, NULL, 0);
}

int64_t fc_lseek(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t offset, uint32_t whence)
{
	struct fuse_lseek_in in = {fh, offset, whence, 0};
	struct fuse_lseek_out out;
	int n = fuse_call(c, FUSE_LSEEK, id, &in, sizeof(in), NULL, 0, &out, sizeof(out));

	require(n < 0 || n == sizeof(out));
	return n < 0 ? n : (int64_t)out.offset;
}

int fc_setxattr(struct fuse_client *c, uint64_t id, const char *name, const void *value, size_t len,
	uint32_t flags)
{
	struct fuse_setxattr_in in = {(uint32_t)len, flags};
	uint8_t more[70000];
	size_t name_len = strlen(name) + 1;

	memcpy(more, name, name_len);
	if (len)
		memcpy(more + name_len, value, len);
	return fuse_call(c, FUSE_SETXATTR, id, &in, sizeof(in), more, name_len + len, NULL, 0);
}

int fc_getxattr(struct fuse_client *c, uint64_t id, const char *name, void *value, size_t size)
{
	struct fuse_getxattr_in in = {(uint32_t)size, 0};
	struct fuse_getxattr_out out;
	int n;

	if (size)
		return fuse_call(
			c, FUSE_GETXATTR, id, &in, sizeof(in), name, strlen(name) + 1, value, size);
	n = fuse_call(
		c, FUSE_GETXATTR, id, &in, sizeof(in), name, strlen(name) + 1, &out, sizeof(out));
	require(n < 0 || n == sizeof(out));
	return n < 0 ? n : (int)out.size;
}

int fc_statfs(struct fuse_client *c, struct fuse_statfs_out *out)
{
	int n = fuse_call(c, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0, NULL, 0, out, sizeof(*out));

	require(n < 0 || n == sizeof(*out));
	return n < 0 ? n : 0;
}

int fc_readdir(struct fuse_client *c, uint64_t id, uint64_t fh, uint64_t *offset, uint32_t size,
	bool plus, fc_each *each, void *ctx)
{
	struct fuse_read_in in = {.fh = fh, .offset = *offset, .size = size};
	static uint8_t buf[FUSE_CLIENT_MAX / 2];
	size_t head = plus ? sizeof(struct fuse_entry_out) : 0, at = 0;
	int len = fuse_call(c, plus ? FUSE_READDIRPLUS : FUSE_READDIR, id, &in, sizeof(in), NULL, 0,
		    buf, size),
	    n = 0;

	for (; len > 0 && at < (size_t)len; n++) {
		struct fuse_entry_out entry = {0};
		struct fuse_dirent dirent;
		char name[FUSE_NAME_MAX + 1] = {0};

		memcpy(&entry, buf + at, head);
		memcpy(&dirent, buf + at + head, sizeof(dirent));
		require(dirent.namelen <= FUSE_NAME_MAX);
		memcpy(name, buf + at + head + sizeof(dirent), dirent.namelen);
		at += head + ((sizeof(dirent) + dirent.namelen + 7) & ~(size_t)7);
		require(at <= (size_t)len && dirent.off > *offset);
		*offset = dirent.off;
		each(ctx, &dirent, name, plus ? &entry : NULL);
	}
	return len < 0 ? len : n;
}

/* ---- a server without a device ---- */

static uint16_t cut(struct vq_segment *segment, uint8_t *data, size_t len, size_t piece)
{
	uint16_t n = 0;

	for (size_t at = 0; at < len; n++) {
		size_t part = piece && n < 120 && piece < len - at ? piece : len - at;

		segment[n] = (struct vq_segment){data + at, gpa(0), (uint32_t)part};
		at += part;
	}
	return n;
}

static int64_t serve(void *carrier, const void *out, size_t out_len, void *in, size_t in_len)
{
	struct fuse_server *s = carrier;
	static struct vq_chain chain;

	s->host.time_ns += 1000;
	chain.n_out = cut(chain.segment, (uint8_t *)(uintptr_t)out, out_len, s->piece);
	chain.n_in = cut(chain.segment + chain.n_out, in, in_len, s->piece);
	chain.out_len = (uint32_t)out_len;
	chain.in_len = (uint32_t)in_len;
	return fuse_serve(s->fs, &chain);
}

void fuse_server_open(struct fuse_server *s, struct blob image, size_t arena_size)
{
	struct device dev = {0};
	size_t size;

	memset(s, 0, sizeof(*s));
	s->client.carry = serve;
	s->client.carrier = s;
	s->spec = calloc(1, sizeof(*s->spec));
	s->spec->image = image;
	s->spec->arena_size = arena_size;
	s->host.time_ns = 1800000000000000000u;
	dev.spec = s->spec;
	dev.host = &s->host;
	size = fs_state_size(NULL, s->spec);
	s->mem = aligned_alloc(ARENA_BLOCK, size + arena_size);
	memset(s->mem, 0xa5, size + arena_size);
	require(fs_init(&dev, s->mem, (uint8_t *)s->mem + size) == OK);
	s->fs = dev.state;
	require(fc_init(&s->client) == 0);
}

void fuse_server_close(struct fuse_server *s)
{
	free(s->mem);
	free(s->spec);
}

uint32_t fuse_server_free(const struct fuse_server *s)
{
	return s->fs->tree.arena.n_free;
}
