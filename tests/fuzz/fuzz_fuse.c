/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the FUSE server with sequences of requests on a small image and a
 * small arena: an opcode, what to patch with nodeids and handles that exist,
 * then the bytes of its struct and names. In the end all accounts must agree.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/fs/fuse.h"
#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ARENA (96u * ARENA_BLOCK)
#define KNOWN 16

static uint64_t ids[KNOWN], fhs[KNOWN];

struct input {
	const uint8_t *data;
	size_t len;
};

static uint8_t next_byte(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->data++;
}

static size_t next_bytes(struct input *in, uint8_t *out, size_t n)
{
	if (n > in->len)
		n = in->len;
	if (n)
		memcpy(out, in->data, n);
	in->data += n;
	in->len -= n;
	return n;
}

/* A name: mostly one of a few, so that requests meet. */
static size_t put_name(struct input *in, uint8_t *out)
{
	static const char *const names[] = {"hello", "big", "dir", "many", "link", "hard1", "a",
		"b", "c", "d", "sub", "empty", "suid", "user.color", "user.a", "x"};
	uint8_t which = next_byte(in);

	if (which >= 0xf0)
		return next_bytes(in, out, which & 15);
	strcpy((char *)out, names[which & 15]);
	return strlen(names[which & 15]) + 1;
}

/* Remembers what a reply tells: nodeids and handles are first in theirs. */
static void learn(uint32_t opcode, const uint8_t *reply, int len)
{
	static unsigned at;

	if (len == sizeof(struct fuse_open_out) && (opcode == FUSE_OPEN || opcode == FUSE_OPENDIR))
		memcpy(&fhs[at++ % KNOWN], reply, 8);
	if (len >= (int)sizeof(struct fuse_entry_out) && opcode != FUSE_READ)
		memcpy(&ids[at % KNOWN], reply, 8);
	if (len == sizeof(struct fuse_create_out))
		memcpy(&fhs[at++ % KNOWN], reply + sizeof(struct fuse_entry_out), 8);
	at++;
}

static void request(struct fuse_server *s, struct input *in)
{
	static uint8_t out[16384], reply[70000];
	uint8_t opcode = next_byte(in), patch = next_byte(in), select = next_byte(in);
	uint64_t id = ids[select % KNOWN], fh = fhs[(select >> 4) % KNOWN];
	struct fuse_in_header head = {.opcode = opcode % 50};
	size_t len = sizeof(head);
	int64_t written;

	len += next_bytes(in, out + len, next_byte(in) % 128);
	if (patch & 1)
		memcpy(out + sizeof(head), patch & 2 ? &fh : &ids[(select >> 4) % KNOWN], 8);
	if (patch & 1 && len < sizeof(head) + 8)
		len = sizeof(head) + 8;
	for (unsigned i = 0; i < (patch >> 2 & 3); i++)
		len += put_name(in, out + len);
	if (patch & 16)
		len += (size_t)next_byte(in) * 32;
	head.len = (uint32_t)len - (patch >> 7);
	head.nodeid = patch & 32 ? id : FUSE_ROOT_ID;
	head.unique = 1;
	memcpy(out, &head, sizeof(head));
	s->piece = patch & 64 ? 61 : 0;
	written = s->client.carry(s->client.carrier, out, len, reply, 16 + next_byte(in) * 256u);
	if (written < 0 || written > 16 + 255 * 256)
		abort();
	if (written > 16)
		learn(head.opcode, reply + 16, (int)written - 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuse_server s;
	struct input in = {data, size};

	fuse_server_open(&s, size & 1 ? fs_image() : fs_image_chunked(), ARENA);
	memset(fhs, 0, sizeof(fhs));
	for (unsigned i = 0; i < KNOWN; i++)
		ids[i] = fc_id(&s.client, i & 1 ? "hello" : i & 2 ? "dir" : "big");
	while (in.len)
		request(&s, &in);
	if (!fuse_server_check(&s))
		abort();
	if (fc_init(&s.client) || !fuse_server_check(&s))
		abort();
	fuse_server_close(&s);
	return 0;
}
