/* SPDX-License-Identifier: MIT */
/*
 * The host never lacks random bytes, so each buffer is filled at once; of a long one only the beginning, which the
 * driver has to expect.
 */
#include "devices/rng.h"

#define BATCH     32     /* chains a run */
#define RUN_BYTES 16384u /* a run, and so of one chain at most */

size_t rng_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return 0;
}

enum status rng_init(struct device *dev, void *mem, void *arena)
{
	(void)arena;
	dev->state = mem;
	dev->n_queues = 1;
	virtqueue_init(&dev->queue[0], dev->host, VIRTQUEUE_MAX);
	return OK;
}

/* Fills the first `len` bytes of what the driver offers. */
static void fill(struct device *dev, const struct vq_chain *chain, uint32_t len)
{
	const struct vq_segment *segment = chain->segment + chain->n_out;

	for (uint32_t n; len > 0; len -= n, segment++) {
		n = segment->len < len ? segment->len : len;
		host_random(dev->host, segment->data, n);
	}
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	uint32_t left = RUN_BYTES;

	for (unsigned i = 0; i < BATCH && left > 0; i++) {
		if (virtqueue_pop(&dev->queue[q], chain) != VQ_CHAIN)
			return false;
		uint32_t len = chain->in_len < left ? chain->in_len : left;

		fill(dev, chain, len);
		left -= len;
		if (!virtqueue_push(&dev->queue[q], chain->head, len))
			return false;
	}
	return true;
}

const struct device_ops rng_ops = {
	.id = VIRTIO_ID_RNG,
	.class_code = {0, 0, 0xff},
	.run = run,
};
