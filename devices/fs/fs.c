/* SPDX-License-Identifier: MIT */
/*
 * The virtio-fs device: takes chains from its queues and gives them back with
 * what the FUSE server wrote. Both queues are served alike: a request is done
 * when its chain comes back, so there is nothing to overtake.
 */
#include "devices/fs/fs.h"

#include <string.h>

#include "devices/fs/fuse.h"
#include "include/abi/virtio.h"

#define QUEUES 2 /* hiprio and one for requests */

/* What one run does at most. */
#define RUN_REQUESTS 16
#define RUN_BYTES    MIB(1)

_Static_assert(sizeof(struct fuse_config) == VM_TAG_MAX + 4, "virtio_fs_config");
_Static_assert(sizeof(struct fs) <= 256 * 1024, "the fixed part stays small");

size_t fs_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return (sizeof(struct fs) + ARENA_BLOCK - 1) & ~(size_t)(ARENA_BLOCK - 1);
}

enum status fs_init(struct device *dev, void *mem, void *arena)
{
	struct fs *fs = mem;

	dev->state = fs;
	dev->n_queues = QUEUES;
	for (unsigned q = 0; q < QUEUES; q++)
		virtqueue_init(&dev->queue[q], dev->host, VIRTQUEUE_MAX);
	memcpy(fs->config.tag, dev->spec->tag, sizeof(fs->config.tag));
	fs->config.n_request_queues = QUEUES - 1;
	return tree_init(&fs->tree, &dev->spec->image, arena, dev->spec->arena_size, dev->host);
}

static const void *config(const struct device *dev, size_t *size)
{
	const struct fs *fs = dev->state;

	*size = sizeof(fs->config);
	return &fs->config;
}

static void reset(struct device *dev)
{
	struct fs *fs = dev->state;

	tree_forget_guest(&fs->tree);
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct virtqueue *vq = &dev->queue[q];
	uint64_t bytes = 0;

	for (unsigned n = 0; n < RUN_REQUESTS && bytes < RUN_BYTES; n++) {
		uint32_t written;

		if (virtqueue_pop(vq, chain) != VQ_CHAIN)
			return false;
		written = fuse_serve(dev->state, chain);
		if (!virtqueue_push(vq, chain->head, written))
			return false;
		bytes += written + chain->out_len;
	}
	return true;
}

const struct device_ops fs_ops = {
	.id = VIRTIO_ID_FS,
	.class_code = {0x00, 0x80, 0x01}, /* another mass storage controller */
	.config = config,
	.reset = reset,
	.run = run,
};
