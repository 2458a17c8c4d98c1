/* SPDX-License-Identifier: MIT */
/* Requests as bytes. See fuse_client.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fuse_client.h"

static void require(bool what)
{
	if (!what)
		abort();
}

int fuse_call(struct fuse_client *c, uint32_t opcode, uint64_t id, const void *arg, size_t arg_len,
	const void *more, size_t more_len, void *reply, size_t reply_len)
{
	struct fuse_in_header head = {.opcode = opcode, .nodeid = id, .unique = ++c->unique};
	struct fuse_out_header out;
	int64_t written;

	head.len = (uint32_t)(sizeof(head) + arg_len + more_len);
	head.uid = c->uid;
	head.gid = c->gid;
	require(head.len <= sizeof(c->out) && sizeof(out) + reply_len <= sizeof(c->in));
	memcpy(c->out, &head, sizeof(head));
	if (arg_len)
		memcpy(c->out + sizeof(head), arg, arg_len);
	if (more_len)
		memcpy(c->out + sizeof(head) + arg_len, more, more_len);
	written = c->carry(c->carrier, c->out, head.len, c->in, sizeof(out) + reply_len);
	require(written >= (int64_t)sizeof(out));
	memcpy(&out, c->in, sizeof(out));
	require(out.len == (uint64_t)written && out.unique == head.unique && out.error <= 0);
	require(out.error == 0 || out.len == sizeof(out));
	if (out.len > sizeof(out))
		memcpy(reply, c->in + sizeof(out), out.len - sizeof(out));
	return out.error ? out.error : (int)(out.len - sizeof(out));
}

/* 0, or the errno; a reply of another length is a broken server. */
static int exact(int result, size_t size)
{
	require(result < 0 || result == (int)size);
	return result < 0 ? result : 0;
}

int fc_init(struct fuse_client *c)
{
	struct fuse_init_in in = {FUSE_MAJOR, 41, 1 << 20, UINT32_MAX, 0, {0}};
	struct fuse_init_out out;

	return exact(fuse_call(c, FUSE_INIT, 0, &in, sizeof(in), NULL, 0, &out, sizeof(out)),
		sizeof(out));
}

int fc_lookup(struct fuse_client *c, uint64_t dir, const char *name, struct fuse_entry_out *out)
{
	int err = exact(
		fuse_call(c, FUSE_LOOKUP, dir, NULL, 0, name, strlen(name) + 1, out, sizeof(*out)),
		sizeof(*out));

	return !err && !out->nodeid ? -FUSE_ENOENT : err;
}

uint64_t fc_id(struct fuse_client *c, const char *path)
{
	struct fuse_entry_out out = {.nodeid = FUSE_ROOT_ID};
	char copy[1024], *save, *name;

	strcpy(copy, path);
	for (name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save))
		if (fc_lookup(c, out.nodeid, name, &out))
			return 0;
	return out.nodeid;
}

void fc_forget(struct fuse_client *c, uint64_t id, uint64_t n)
{
	struct {
		struct fuse_in_header head;
		struct fuse_forget_in in;
	} rq = {{.len = sizeof(rq), .opcode = FUSE_FORGET, .nodeid = id}, {n}};

	require(c->carry(c->carrier, &rq, sizeof(rq), NULL, 0) == 0);
}

int fc_getattr(struct fuse_client *c, uint64_t id, struct fuse_attr *out)
{
	struct fuse_getattr_in in = {0};
	struct fuse_attr_out reply;
	int err = exact(
		fuse_call(c, FUSE_GETATTR, id, &in, sizeof(in), NULL, 0, &reply, sizeof(reply)),
		sizeof(reply));

	if (!err)
		*out = reply.attr;
	return err;
}

int fc_setattr(struct fuse_client *c, uint64_t id, const struct fuse_setattr_in *in)
{
	struct fuse_attr_out out;

	return exact(fuse_call(c, FUSE_SETATTR, id, in, sizeof(*in), NULL, 0, &out, sizeof(out)),
		sizeof(out));
}

int fc_truncate(struct fuse_client *c, uint64_t id, uint64_t size)
{
	struct fuse_setattr_in in = {.valid = FUSE_SET_SIZE, .size = size};

	return fc_setattr(c, id, &in);
}

int fc_create(struct fuse_client *c, uint64_t dir, const char *name, uint32_t flags, uint32_t mode,
	struct fuse_create_out *out)
{
	struct fuse_create_in in = {.flags = flags, .mode = mode};

	return exact(fuse_call(c, FUSE_CREATE, dir, &in, sizeof(in), name, strlen(name) + 1, out,
			     sizeof(*out)),
		sizeof(*out));
}

int fc_mknod(struct fuse_client *c, uint64_t dir, const char *name, uint32_t mode, uint32_t rdev,
	struct fuse_entry_out *out)
{
	struct fuse_mknod_in in = {.mode = mode, .rdev = rdev};

	return exact(fuse_call(c, FUSE_MKNOD, dir, &in, sizeof(in), name, strlen(name) + 1, out,
			     sizeof(*out)),
		sizeof(*out));
}

int fc_mkdir(struct fuse_client *c, uint64_t dir, const char *name, uint32_t mode,
	struct fuse_entry_out *out)
{
	struct fuse_mkdir_in in = {.mode = mode};

	return exact(fuse_call(c, FUSE_MKDIR, dir, &in, sizeof(in), name, strlen(name) + 1, out,
			     sizeof(*out)),
		sizeof(*out));
}

/* Two strings, one behind the other. */
static size_t join(char *buf, const char *a, const char *b)
{
	strcpy(buf, a);
	strcpy(buf + strlen(a) + 1, b);
	return strlen(a) + strlen(b) + 2;
}

int fc_symlink(struct fuse_client *c, uint64_t dir, const char *name, const char *target,
	struct fuse_entry_out *out)
{
	char buf[8192];
	size_t len = join(buf, name, target);

	return exact(fuse_call(c, FUSE_SYMLINK, dir, NULL, 0, buf, len, out, sizeof(*out)),
		sizeof(*out));
}

int fc_readlink(struct fuse_client *c, uint64_t id, char *out, size_t size)
{
	int n = fuse_call(c, FUSE_READLINK, id, NULL, 0, NULL, 0, out, size - 1);

	if (n >= 0)
		out[n] = 0;
	return n;
}

int fc_link(struct fuse_client *c, uint64_t id, uint64_t dir, const char *name,
	struct fuse_entry_out *out)
{
	struct fuse_link_in in = {id};

	return exact(fuse_call(c, FUSE_LINK, dir, &in, sizeof(in), name, strlen(name) + 1, out,
			     sizeof(*out)),
		sizeof(*out));
}

int fc_unlink(struct fuse_client *c, uint64_t dir, const char *name)
{
	return fuse_call(c, FUSE_UNLINK, dir, NULL, 0, name, strlen(name) + 1, NULL, 0);
}

int fc_rmdir(struct fuse_client *c, uint64_t dir, const char *name)
{
	return fuse_call(c, FUSE_RMDIR, dir, NULL, 0, name, strlen(name) + 1, NULL, 0);
}

int fc_rename(struct fuse_client *c, uint64_t dir, const char *name, uint64_t new_dir,
	const char *new_name, uint32_t flags)
{
	struct fuse_rename2_in in = {new_dir, flags, 0};
	char buf[2048];
	size_t len = join(buf, name, new_name);

	if (flags)
		return fuse_call(c, FUSE_RENAME2, dir, &in, sizeof(in), buf, len, NULL, 0);
	return fuse_call(
		c, FUSE_RENAME, dir, &in, sizeof(struct fuse_rename_in), buf, len, NULL, 0);
}
