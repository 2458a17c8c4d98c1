/* SPDX-License-Identifier: MIT */
/*
 * The virtio-blk device: takes chains from its queues, lends them to the host as requests, and gives them back in the order in which
 * they get done. A request that the host has no room for waits, first come first served, until the port is ready;
 * so does one whose next step is due, because only run() calls the host.
 *
 * A request that is lent when its queue is reset is forgotten: its place in the pool is free again when
 * the host is done with it, and nothing else happens.
 */
#include "devices/blk.h"

#include <string.h>

#include "devices/blk_request.h"

#define BATCH 64 /* chains a run */

/* Longer segments would only be split again: no host page is larger. */
#define SEGMENT_BYTES MIB(2)

struct blk {
	struct blk_rules rules;
	struct virtio_blk_config config;
	bool wce_written; /* the driver has set `writeback` since the reset */
	uint8_t n_free, n_waiting;
	uint8_t free[BLK_REQUESTS];
	uint8_t waiting[BLK_REQUESTS]; /* in their order */
	uint32_t starved;              /* bit q: queue q found no free request */
	struct blk_request request[BLK_REQUESTS];
};

_Static_assert(sizeof(struct blk) <= 300 * 1024, "what every disk takes");
_Static_assert(sizeof((struct dm_disk){0}.id) == VIRTIO_BLK_ID_BYTES, "what get-id says");
_Static_assert(BLK_REQUESTS <= UINT8_MAX, "a place in the pool is a byte");

size_t blk_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return sizeof(struct blk);
}

/* ---- what it is ---- */

static uint32_t sectors(uint64_t bytes, uint32_t block_size)
{
	uint64_t n = bytes / VIRTIO_BLK_SECTOR, unit = block_size / VIRTIO_BLK_SECTOR;

	return (uint32_t)((n < UINT32_MAX ? n : UINT32_MAX) / unit * unit);
}

static uint8_t physical_exponent(const struct dm_disk *disk)
{
	uint8_t exponent = 0;

	while (exponent < 15 &&
		((uint64_t)disk->block_size << (exponent + 1)) <= disk->physical_size)
		exponent++;
	return exponent;
}

static void fill_config(struct virtio_blk_config *config, const struct dm_disk *disk)
{
	uint32_t block = disk->block_size;

	config->capacity = disk->size / VIRTIO_BLK_SECTOR;
	config->size_max = SEGMENT_BYTES;
	config->seg_max = BLK_SEG_MAX;
	config->blk_size = block;
	config->physical_block_exp = physical_exponent(disk);
	config->min_io_size = (uint16_t)(1u << config->physical_block_exp);
	config->opt_io_size = disk->optimal_size / block;
	config->max_discard_sectors = sectors(disk->discard_max, block);
	config->max_discard_seg = BLK_RANGES;
	config->discard_sector_alignment = block / VIRTIO_BLK_SECTOR;
	config->max_write_zeroes_sectors = sectors(disk->write_zeroes_max, block);
	config->max_write_zeroes_seg = BLK_RANGES;
	config->write_zeroes_may_unmap = disk->discard_max > 0;
}

static unsigned n_queues(const struct device *dev)
{
	unsigned n = dev->spec->disk.queues ? dev->spec->disk.queues : dev->vm->vcpus;

	return n < VM_QUEUES_MAX ? n : VM_QUEUES_MAX;
}

static bool usable(const struct dm_disk *disk)
{
	uint32_t block = disk->block_size;

	return block >= VIRTIO_BLK_SECTOR && (block & (block - 1)) == 0 && disk->size % block == 0;
}

static void init_queues(struct device *dev)
{
	dev->n_queues = n_queues(dev);
	for (unsigned q = 0; q < dev->n_queues; q++)
		virtqueue_init(&dev->queue[q], dev->host, BLK_QUEUE_SIZE);
}

enum status blk_init(struct device *dev, void *mem, void *arena)
{
	struct blk *blk = mem;

	(void)arena;
	memset(blk, 0, sizeof(*blk));
	dev->state = blk;
	init_queues(dev);
	host_disk(dev->host, dev->spec->port, &blk->rules.disk);
	if (!usable(&blk->rules.disk))
		return ERR_INVALID;
	fill_config(&blk->config, &blk->rules.disk);
	blk->config.num_queues = (uint16_t)dev->n_queues;
	for (unsigned i = 0; i < BLK_REQUESTS; i++)
		blk->free[blk->n_free++] = (uint8_t)i;
	return OK;
}

#define FEATURES                                                                                  \
	(VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |           \
		VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |      \
		VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) | VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE) | \
		VIRTIO_FEATURE(VIRTIO_BLK_F_MQ))

static uint64_t offered(const struct device *dev)
{
	const struct blk *blk = dev->state;
	uint64_t features = FEATURES;

	if (blk->rules.disk.read_only)
		return features | VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
	if (blk->config.max_discard_sectors > 0)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD);
	if (blk->config.max_write_zeroes_sectors > 0)
		features |= VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
	return features;
}

/* ---- the cache mode (5.2.5, 5.2.6.2) ---- */

/* Until the driver says otherwise it is what it can live with: who can't flush needs no cache. */
static bool writeback(const struct device *dev)
{
	const struct blk *blk = dev->state;

	if (device_has(dev, VIRTIO_BLK_F_CONFIG_WCE) && blk->wce_written)
		return blk->config.writeback;
	return device_has(dev, VIRTIO_BLK_F_FLUSH);
}

static const void *config(const struct device *dev, size_t *size)
{
	struct blk *blk = dev->state;

	blk->config.writeback = writeback(dev);
	*size = sizeof(blk->config);
	return &blk->config;
}

static void set_config(struct device *dev, size_t offset, unsigned size, uint64_t value)
{
	struct blk *blk = dev->state;

	if (offset != offsetof(struct virtio_blk_config, writeback) || size != 1 ||
		!device_has(dev, VIRTIO_BLK_F_CONFIG_WCE))
		return;
	blk->config.writeback = (uint8_t)value != 0;
	blk->wce_written = true;
}

/* ---- the end of a request ---- */

static void release(struct device *dev, struct blk_request *request)
{
	struct blk *blk = dev->state;

	request->state = BLK_FREE;
	blk->free[blk->n_free++] = (uint8_t)(request - blk->request);
	dev->kicked |= blk->starved;
	blk->starved = 0;
}

/* The page of the status byte may be gone since the chain was popped: then there is nobody to tell. */
static void reply(struct device *dev, unsigned q, const struct blk_request *request, uint8_t status)
{
	uint8_t *byte = host_ram(dev->host, request->status, 1);

	if (byte)
		*byte = status;
	if (virtqueue_push(&dev->queue[q], request->head,
		    status == VIRTIO_BLK_S_OK ? request->written : 1))
		dev->notify |= 1u << q;
}

static void finish(struct device *dev, struct blk_request *request, uint8_t status)
{
	reply(dev, request->queue, request, status);
	release(dev, request);
}

static uint8_t status_of(enum status status)
{
	switch (status) {
	case OK:
		return VIRTIO_BLK_S_OK;
	case ERR_UNSUPPORTED:
		return VIRTIO_BLK_S_UNSUPP;
	default:
		return VIRTIO_BLK_S_IOERR;
	}
}

/* ---- requests that wait ---- */

static void wait(struct blk *blk, struct blk_request *request)
{
	request->state = BLK_WAITING;
	blk->waiting[blk->n_waiting++] = (uint8_t)(request - blk->request);
}

static void unwait(struct blk *blk, unsigned i)
{
	blk->n_waiting--;
	memmove(&blk->waiting[i], &blk->waiting[i + 1], blk->n_waiting - i);
}

static void done(struct device *dev, struct dm_request *lent, enum status status)
{
	struct blk_request *request = (struct blk_request *)lent;

	if (request->state == BLK_FORGOTTEN) {
		release(dev, request);
	} else if (status == OK && blk_request_next(request)) {
		wait(dev->state, request);
		dev->kicked |= 1u << request->queue;
	} else {
		finish(dev, request, status_of(status));
	}
}

/* ---- running ---- */

/* Steps until one is not done at once. false: the host has no room for it. */
static bool submit(struct device *dev, struct blk_request *request)
{
	for (;;) {
		switch (device_submit(dev, &request->lent)) {
		case DM_LENT:
			request->state = BLK_LENT;
			return true;
		case DM_BUSY:
			return false;
		case DM_DONE:
			if (blk_request_next(request))
				break;
			finish(dev, request, VIRTIO_BLK_S_OK);
			return true;
		default:
			finish(dev, request, VIRTIO_BLK_S_IOERR);
			return true;
		}
	}
}

static bool submit_waiting(struct device *dev)
{
	struct blk *blk = dev->state;

	while (blk->n_waiting > 0) {
		if (!submit(dev, &blk->request[blk->waiting[0]]))
			return false;
		unwait(blk, 0);
	}
	return true;
}

/* What a chain asks for is in `request`, the next free one, which is taken only if there is something to wait for. */
static void serve(
	struct device *dev, unsigned q, const struct vq_chain *chain, struct blk_request *request)
{
	struct blk *blk = dev->state;
	uint8_t status = blk_request_parse(request, &blk->rules, chain);

	if (status != BLK_PENDING) {
		reply(dev, q, request, status);
		return;
	}
	blk->n_free--;
	request->queue = request->lent.queue = (uint8_t)q;
	if (!submit(dev, request))
		wait(blk, request);
}

/* false: there is nothing to do, or not yet; then done() or port_ready() have the queue run again. */
static bool step(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct blk *blk = dev->state;
	struct virtqueue *vq = &dev->queue[q];

	if (blk->n_free == 0)
		blk->starved |= 1u << q;
	if (blk->n_free == 0 || blk->n_waiting > 0) {
		virtqueue_want_kicks(vq, false);
		return false;
	}
	if (virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	if (chain->in_len == 0)
		return virtqueue_push(vq, chain->head, 0);
	serve(dev, q, chain, &blk->request[blk->free[blk->n_free - 1]]);
	return true;
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct blk *blk = dev->state;

	blk->rules.features = dev->driver_features;
	blk->rules.writethrough = !writeback(dev);
	if (!submit_waiting(dev)) {
		virtqueue_want_kicks(&dev->queue[q], false);
		return false;
	}
	for (unsigned i = 0; i < BATCH; i++) {
		if (!step(dev, q, chain))
			return false;
	}
	return true;
}

static void port_ready(struct device *dev)
{
	dev->kicked |= (1u << dev->n_queues) - 1;
}

/* ---- resets ---- */

static void reset_queue(struct device *dev, unsigned q)
{
	struct blk *blk = dev->state;

	for (unsigned i = blk->n_waiting; i-- > 0;) {
		struct blk_request *request = &blk->request[blk->waiting[i]];
		if (request->queue == q) {
			unwait(blk, i);
			release(dev, request);
		}
	}
	for (unsigned i = 0; i < BLK_REQUESTS; i++) {
		if (blk->request[i].state == BLK_LENT && blk->request[i].queue == q)
			blk->request[i].state = BLK_FORGOTTEN;
	}
}

static void reset(struct device *dev)
{
	struct blk *blk = dev->state;

	for (unsigned q = 0; q < dev->n_queues; q++)
		reset_queue(dev, q);
	blk->starved = 0;
	blk->wce_written = false;
}

const struct device_ops blk_ops = {
	.id = VIRTIO_ID_BLOCK,
	.offered = offered,
	.class_code = {0x00, 0x80, 0x01}, /* mass storage, other */
	.config = config,
	.set_config = set_config,
	.reset = reset,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
	.done = done,
};
