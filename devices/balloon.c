/* SPDX-License-Identifier: MIT */
/*
 * The guest names pages, the host gives and takes blocks of 2 MiB. Each queue works on its first chain: it looks at some
 * of what that names, gathers whole blocks, asks the host to release or reclaim them, and goes on when that is over; the
 * chain is pushed at the end. Meanwhile it stays in the ring. One request is lent at a time, so what the host does to a
 * block comes in the order in which the guest wanted it.
 *
 * Only a guest that must tell before it takes a page out may have blocks given to others: it waits until there is
 * memory again.
 */
#include <string.h>

#include "devices/balloon.h"
#include "devices/balloon_pages.h"
#include "include/abi/virtio_balloon.h"

#define STEPS     16 /* a run */
#define QUEUE_MAX 128
#define STATS_MAX 32 /* pairs that are looked at */

enum {
	INFLATE = VIRTIO_BALLOON_INFLATEQ,
	DEFLATE = VIRTIO_BALLOON_DEFLATEQ,
	STATS = VIRTIO_BALLOON_STATSQ,
	REPORT_TOO =
		VIRTIO_BALLOON_FREE_PAGEQ, /* there is no hinting: drivers differ in what comes there */
	REPORT = VIRTIO_BALLOON_REPORTINGQ,
};

#define ALL_QUEUES ((1u << VIRTIO_BALLOON_QUEUES) - 1)

/* What a queue does. */
struct work {
	uint64_t at;                /* in its first chain: byte, or segment of a report */
	uint64_t blocks;            /* of that segment that were looked at */
	struct balloon_batch batch; /* not empty: it waits to be asked for, or is lent */
};

struct balloon {
	struct virtio_balloon_config config;
	struct balloon_pages pages;
	struct work work[VIRTIO_BALLOON_QUEUES];
	struct dm_request request;
	bool lent;  /* the request, and with it the batch of its queue */
	bool stale; /* the guest has forgotten blocks that the host may still have */
	bool held;  /* a chain of the statistics' queue, until new ones are asked for */
	bool asked;
	uint32_t held_head;
	uint64_t told; /* to the host: pages */
	uint64_t stats[DM_BALLOON_STATS];
};

size_t balloon_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)spec;
	return sizeof(struct balloon) + balloon_pages_size(vm->memory);
}

enum status balloon_init(struct device *dev, void *mem, void *arena)
{
	struct balloon *b = mem;

	(void)arena;
	memset(b, 0, sizeof(*b));
	balloon_pages_init(&b->pages, dev->vm->memory, b + 1);
	dev->state = b;
	dev->n_queues = VIRTIO_BALLOON_QUEUES;
	for (unsigned q = 0; q < VIRTIO_BALLOON_QUEUES; q++)
		virtqueue_init(&dev->queue[q], dev->host, QUEUE_MAX);
	dev->queue[REPORT].untouched = dev->queue[REPORT_TOO].untouched = true;
	return OK;
}

/* ---- the host's side ---- */

static void tell_host(struct device *dev)
{
	struct balloon *b = dev->state;

	b->told = b->pages.n_in;
	host_balloon_report(dev->host, b->told * VIRTIO_BALLOON_PAGE, b->stats);
}

/* The pages that the host wants now. true: they have changed. */
static bool look_at_target(struct device *dev)
{
	struct balloon *b = dev->state;
	uint64_t target = host_balloon_target(dev->host), old = b->config.num_pages;

	target = target < b->pages.memory ? target : b->pages.memory;
	b->config.num_pages = (uint32_t)(target / VIRTIO_BALLOON_PAGE);
	return b->config.num_pages != old;
}

/* The batch of queue `q` is through. A reclaim can't fail: it may take long. */
static void over(struct device *dev, unsigned q, bool well)
{
	struct balloon *b = dev->state;
	struct balloon_batch *batch = &b->work[q].batch;

	if (q == DEFLATE)
		balloon_pages_back(&b->pages, batch);
	else if (q == INFLATE && !well)
		balloon_pages_kept(&b->pages, batch);
	batch->n = batch->blocks = 0;
	dev->kicked |= ALL_QUEUES & ~(1u << STATS);
}

static enum dm_answer submit(struct device *dev, unsigned q)
{
	struct balloon *b = dev->state;
	struct balloon_batch *batch = &b->work[q].batch;

	b->request = (struct dm_request){
		.op = q == DEFLATE ? DM_RECLAIM : DM_RELEASE,
		.queue = (uint8_t)q,
		.give = q == INFLATE && device_has(dev, VIRTIO_BALLOON_F_MUST_TELL_HOST),
		.n_slices = (uint16_t)batch->n,
		.len = batch->blocks * BALLOON_BLOCK,
		.slices = batch->slice,
	};
	return device_submit(dev, &b->request);
}

/* false: the queue's batch is not through yet; the queue is kicked when it is, or can be asked for again. */
static bool flush(struct device *dev, unsigned q)
{
	struct balloon *b = dev->state;

	if (b->work[q].batch.n == 0)
		return true;
	if (b->lent)
		return false;
	switch (submit(dev, q)) {
	case DM_LENT:
		b->lent = true;
		return false;
	case DM_BUSY:
		return false;
	case DM_DONE:
		over(dev, q, true);
		break;
	case DM_FAILED:
		over(dev, q, false);
		break;
	}
	return true;
}

static void done(struct device *dev, struct dm_request *request, enum status status)
{
	struct balloon *b = dev->state;

	b->lent = false;
	over(dev, request->queue, status == OK);
}

static void port_ready(struct device *dev)
{
	struct balloon *b = dev->state;

	if (look_at_target(dev))
		device_config_changed(dev);
	b->asked = b->held;
	dev->kicked |= ALL_QUEUES;
}

/* ---- the guest's side ---- */

/* Looks at some of the pages that the chain names. true: that was all. */
static bool gather_pages(struct device *dev, unsigned q, const struct vq_chain *chain)
{
	struct balloon *b = dev->state;
	struct work *w = &b->work[q];
	uint32_t pfn[BALLOON_BATCH];
	size_t len = vq_chain_read(chain, w->at, pfn, sizeof(pfn));

	for (size_t i = 0; i < len / sizeof(pfn[0]); i++) {
		if (q == INFLATE)
			balloon_pages_put(&b->pages, pfn[i], &w->batch);
		else
			balloon_pages_take(&b->pages, pfn[i], &w->batch);
	}
	w->at += len;
	return len < sizeof(pfn);
}

/* The same for a report: blocks that lie wholly in one of its segments. */
static bool gather_report(struct device *dev, unsigned q, const struct vq_chain *chain)
{
	struct balloon *b = dev->state;
	struct work *w = &b->work[q];

	for (unsigned i = 0; i < BALLOON_BATCH && w->at < chain->n_in; i++) {
		const struct vq_segment *s = &chain->segment[chain->n_out + w->at];
		uint64_t first = (s->addr.a + BALLOON_BLOCK - 1) / BALLOON_BLOCK;
		gpa_t block = gpa((first + w->blocks) * BALLOON_BLOCK);

		if (range_inside(block.a, BALLOON_BLOCK, s->addr.a, s->len)) {
			balloon_pages_free(&b->pages, block, &w->batch);
			w->blocks++;
		} else {
			w->blocks = 0;
			w->at++;
		}
	}
	return w->at >= chain->n_in;
}

/* After a reset, before anything else: the host has blocks that the guest has forgotten. false: not now. */
static bool recall(struct device *dev)
{
	struct balloon *b = dev->state;

	if (!flush(dev, DEFLATE))
		return false;
	b->stale = balloon_pages_recall(&b->pages, &b->work[DEFLATE].batch);
	return true;
}

/* What comes in is given in its order with what goes out. */
static bool must_wait(const struct balloon *b, unsigned q)
{
	return (q == INFLATE && b->work[DEFLATE].batch.n > 0) ||
	       (q == DEFLATE && b->work[INFLATE].batch.n > 0);
}

/*
 * Works on the chain that was popped; *left steps are allowed, and one is taken for each look. It is pushed, or goes back
 * to be popped again. false: nothing more to do now.
 */
static bool work_chain(struct device *dev, unsigned q, const struct vq_chain *chain, unsigned *left)
{
	struct virtqueue *vq = &dev->queue[q];
	struct work *w = &((struct balloon *)dev->state)->work[q];
	bool all = false, through = true;

	while (!all && through && *left > 0) {
		--*left;
		all = q == INFLATE || q == DEFLATE ? gather_pages(dev, q, chain)
						   : gather_report(dev, q, chain);
		through = flush(dev, q);
	}
	if (!all || !through) {
		virtqueue_unpop(vq);
		return through;
	}
	w->at = w->blocks = 0;
	return virtqueue_push(vq, chain->head, 0);
}

/* false: nothing more to do now. */
static bool work_step(struct device *dev, unsigned q, struct vq_chain *chain, unsigned *left)
{
	struct balloon *b = dev->state;

	if (b->stale) {
		--*left;
		return recall(dev);
	}
	return flush(dev, q) && !must_wait(b, q) &&
	       virtqueue_pop(&dev->queue[q], chain) == VQ_CHAIN && work_chain(dev, q, chain, left);
}

static void read_stats(struct device *dev, const struct vq_chain *chain)
{
	struct balloon *b = dev->state;
	uint8_t pairs[STATS_MAX * VIRTIO_BALLOON_STAT_SIZE];
	size_t len = vq_chain_read(chain, 0, pairs, sizeof(pairs));

	memset(b->stats, 0xff, sizeof(b->stats));
	for (const uint8_t *at = pairs; len >= VIRTIO_BALLOON_STAT_SIZE;
		at += VIRTIO_BALLOON_STAT_SIZE, len -= VIRTIO_BALLOON_STAT_SIZE) {
		uint16_t tag;

		memcpy(&tag, at, sizeof(tag));
		if (tag < DM_BALLOON_STATS)
			memcpy(&b->stats[tag], at + sizeof(tag), sizeof(b->stats[tag]));
	}
	tell_host(dev);
}

/* The chain is kept until new ones are asked for: to push it does that. */
static bool stats_step(struct device *dev, struct vq_chain *chain, unsigned *left)
{
	struct balloon *b = dev->state;
	struct virtqueue *vq = &dev->queue[STATS];

	--*left;
	if (b->held && !b->asked)
		return false;
	if (b->held) {
		b->held = b->asked = false;
		return virtqueue_push(vq, b->held_head, 0);
	}
	if (virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	read_stats(dev, chain);
	b->held = true;
	b->held_head = chain->head;
	return true;
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct balloon *b = dev->state;
	unsigned left = STEPS;
	bool more = true;

	while (more && left > 0)
		more = q == STATS ? stats_step(dev, chain, &left) : work_step(dev, q, chain, &left);
	if (b->told != b->pages.n_in)
		tell_host(dev);
	return more;
}

/* ---- configuration and resets ---- */

static const void *config(const struct device *dev, size_t *size)
{
	const struct balloon *b = dev->state;

	*size = sizeof(b->config);
	return &b->config;
}

/* Only `actual` is the driver's, and nobody here relies on it. */
static void set_config(struct device *dev, size_t offset, unsigned size, uint64_t value)
{
	struct balloon *b = dev->state;
	const size_t from = offsetof(struct virtio_balloon_config, actual);

	for (unsigned i = 0; i < size; i++, offset++, value >>= 8) {
		if (offset >= from && offset < sizeof(b->config))
			((uint8_t *)&b->config)[offset] = (uint8_t)value;
	}
}

static void reset_queue(struct device *dev, unsigned q)
{
	struct balloon *b = dev->state;

	b->work[q].at = b->work[q].blocks = 0;
	if (q == STATS)
		b->held = b->asked = false;
}

/* Nobody has heard of it yet, unless it is lent: then it stays until it comes back. */
static void drop_batch(struct balloon *b, unsigned q)
{
	struct balloon_batch *batch = &b->work[q].batch;

	if (b->lent && b->request.queue == q)
		return;
	if (q == INFLATE)
		balloon_pages_kept(&b->pages, batch);
	else if (q == DEFLATE)
		balloon_pages_unwanted(&b->pages, batch);
	batch->n = batch->blocks = 0;
}

static void reset(struct device *dev)
{
	struct balloon *b = dev->state;

	for (unsigned q = 0; q < VIRTIO_BALLOON_QUEUES; q++) {
		reset_queue(dev, q);
		drop_batch(b, q);
	}
	balloon_pages_forget(&b->pages);
	b->stale = true;
	b->config.actual = 0;
	(void)look_at_target(dev);
	memset(b->stats, 0xff, sizeof(b->stats));
	tell_host(dev);
}

const struct device_ops balloon_ops = {
	.id = VIRTIO_ID_BALLOON,
	.features = VIRTIO_FEATURE(VIRTIO_BALLOON_F_MUST_TELL_HOST) |
		    VIRTIO_FEATURE(VIRTIO_BALLOON_F_STATS_VQ) |
		    VIRTIO_FEATURE(VIRTIO_BALLOON_F_DEFLATE_ON_OOM) |
		    VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_REPORTING),
	.class_code = {0, 0, 0xff},
	.config = config,
	.set_config = set_config,
	.reset = reset,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
	.done = done,
};
