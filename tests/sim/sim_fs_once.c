/* SPDX-License-Identifier: MIT */
/*
 * A guest that rewrites a request as soon as the server has read it: these
 * stand-ins for the virtqueue's copies spoil every byte they hand out. A
 * server that reads a header, an argument or a name twice fails here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/virtqueue.h"
#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ROOT FUSE_ROOT_ID

static uint8_t *byte_of(const struct vq_segment *segment, unsigned n, size_t offset)
{
	for (unsigned i = 0; i < n; i++) {
		if (offset < segment[i].len)
			return (uint8_t *)segment[i].data + offset;
		offset -= segment[i].len;
	}
	return NULL;
}

size_t vq_chain_read(const struct vq_chain *chain, size_t offset, void *dst, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t *byte = byte_of(chain->segment, chain->n_out, offset + i);

		if (!byte)
			return i;
		((uint8_t *)dst)[i] = *byte;
		*byte = (uint8_t)(0xff - *byte);
	}
	return len;
}

size_t vq_chain_write(const struct vq_chain *chain, size_t offset, const void *src, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t *byte = byte_of(chain->segment + chain->n_out, chain->n_in, offset + i);

		if (!byte)
			return i;
		*byte = ((const uint8_t *)src)[i];
	}
	return len;
}

void virtqueue_init(struct virtqueue *vq, struct host *host, uint16_t max)
{
	(void)host;
	vq->max = max;
}

enum vq_pop virtqueue_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	(void)vq;
	(void)chain;
	return VQ_EMPTY;
}

bool virtqueue_push(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	(void)vq;
	(void)head;
	(void)written;
	return false;
}

static struct fuse_server server;
static struct fuse_client *c = &server.client;

static void nothing(void *ctx, const struct fuse_dirent *dirent, const char *name,
	const struct fuse_entry_out *entry)
{
	(void)ctx;
	(void)dirent;
	(void)name;
	(void)entry;
}

static void test_requests(void **state)
{
	struct fuse_create_out f;
	struct fuse_entry_out out;
	uint64_t dir, dirh, offset = 0;
	char buf[64];

	(void)state;
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	dir = out.nodeid;
	assert_int_equal(fc_create(c, dir, "f", FUSE_O_RDWR, 0644, &f), 0);
	assert_int_equal(fc_write(c, f.entry.nodeid, f.open.fh, 3, "data", 4), 4);
	assert_int_equal(fc_read(c, f.entry.nodeid, f.open.fh, 0, buf, 64), 7);
	assert_memory_equal(buf, "\0\0\0data", 7);
	assert_int_equal(fc_link(c, f.entry.nodeid, ROOT, "g", &out), 0);
	assert_int_equal(fc_rename(c, dir, "f", ROOT, "h", FUSE_RENAME_NOREPLACE), 0);
	assert_int_equal(fc_rename(c, ROOT, "h", dir, "i", 0), 0);
	assert_int_equal(fc_symlink(c, dir, "s", "there", &out), 0);
	assert_int_equal(fc_readlink(c, out.nodeid, buf, sizeof(buf)), 5);
	assert_int_equal(fc_setxattr(c, dir, "user.x", "value", 5, 0), 0);
	assert_int_equal(fc_getxattr(c, dir, "user.x", buf, 64), 5);
	assert_memory_equal(buf, "value", 5);
	assert_int_equal(fc_truncate(c, f.entry.nodeid, 100), 0);
	assert_int_equal(fc_fallocate(c, f.entry.nodeid, f.open.fh, 0, 0, 5000), 0);
	assert_int_equal(fc_lseek(c, f.entry.nodeid, f.open.fh, 1, FUSE_SEEK_DATA), 1);
	assert_int_equal(fc_opendir(c, dir, &dirh), 0);
	assert_int_equal(fc_readdir(c, dir, dirh, &offset, 4096, true, nothing, NULL), 4);
	assert_int_equal(fc_release(c, dir, dirh), 0);
	assert_int_equal(fc_release(c, f.entry.nodeid, f.open.fh), 0);
	assert_int_equal(fc_unlink(c, dir, "i"), 0);
	assert_int_equal(fc_unlink(c, dir, "s"), 0);
	assert_int_equal(fc_unlink(c, ROOT, "g"), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	assert_int_equal(fc_lookup(c, ROOT, "d", &out), -FUSE_ENOENT);
	assert_true(fuse_server_check(&server));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests)};
	int failed;

	fuse_server_open(&server, fs_image(), 1 << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fuse_server_close(&server);
	return failed;
}
