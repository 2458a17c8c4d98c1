/* SPDX-License-Identifier: MIT */
/*
 * Virtqueues, split and packed (virtio 1.2, sections 2.7 and 2.8): the only code that reads rings.
 * Every address and length is checked, every descriptor is copied once and
 * the copy is used; a chain is bounded by the queue size, so a loop ends. What differs between the two forms is in
 * virtqueue_split.c and virtqueue_packed.c.
 */
#ifndef VESPER_DEVICES_VIRTQUEUE_H
#define VESPER_DEVICES_VIRTQUEUE_H

#include "include/abi/virtio.h"
#include "include/dm.h"

#define VIRTQUEUE_MAX 1024 /* entries */
#define VQ_CHAIN_MAX  1024 /* segments of the longest chain: a queue's size at most */

/* One descriptor, already resolved to host memory that is all guest RAM. */
struct vq_segment {
	void *data;
	gpa_t addr;
	uint32_t len;
};

/* A popped chain: first the n_out segments the device reads, then the n_in it writes. */
struct vq_chain {
	uint32_t head; /* names the chain until it is pushed: opaque, of the queue */
	uint16_t n_out, n_in;
	uint32_t out_len, in_len; /* bytes; a chain whose sum does not fit 32 bits is broken */
	struct vq_segment segment[VQ_CHAIN_MAX];
};

struct virtqueue {
	/* Set by the driver through the transport while the queue is not ready. */
	bool untouched; /* set by the device after virtqueue_init(): it only wants to know what memory chains name, and `data` is NULL */
	uint16_t max;   /* entries that the device offers, a power of two up to VIRTQUEUE_MAX */
	uint16_t size;  /* 1..max; a power of two if not packed */
	bool ready;
	gpa_t desc, avail,
		used; /* packed: the descriptor ring, the driver's and the device's event suppression */
	/* Run time. */
	bool event_idx, indirect, packed; /* negotiated */
	bool broken;
	bool avail_wrap, used_wrap; /* packed: the wrap counters */
	uint16_t last_avail, used_idx, signalled_used;
	uint16_t last_count; /* packed: places of the chain popped last */
	struct host *host;
	/* The rings in host memory, resolved, checked and pinned by virtqueue_start(). */
	void *desc_ring, *avail_ring, *used_ring;
};

enum vq_pop {
	VQ_EMPTY,
	VQ_CHAIN,
	VQ_BROKEN, /* and `broken` is set: the device needs a reset */
};

/* Before all others. */
void virtqueue_init(struct virtqueue *vq, struct host *host, uint16_t max);

/* Forgets everything: not ready, nothing set, the largest size; the rings are unpinned. */
void virtqueue_reset(struct virtqueue *vq);

/* Not ready, and the rings are unpinned; what the driver set stays. */
void virtqueue_stop(struct virtqueue *vq);

/*
 * The driver says that the rings are in place. false (and `broken` is set): a size that is no power
 * of two (if not packed) in 1..max, or a ring that is misaligned or not wholly RAM.
 */
MUST_CHECK bool virtqueue_start(struct virtqueue *vq);

/*
 * Takes the next available chain. VQ_EMPTY comes with kicks wanted and the ring looked at once
 * more, so whoever stops there is kicked for the next chain.
 */
MUST_CHECK enum vq_pop virtqueue_pop(struct virtqueue *vq, struct vq_chain *chain);

/* Gives a chain back unused: the next pop returns it again. Only for the chain popped last. */
void virtqueue_unpop(struct virtqueue *vq);

/*
 * Returns a chain with `written` bytes in its in-part; chains may come back in another order than they were
 * popped. false: the queue is not ready or broken.
 */
MUST_CHECK bool virtqueue_push(struct virtqueue *vq, uint32_t head, uint32_t written);

/* The same of several chains, which the driver sees all at once: a frame in several buffers. */
struct vq_used {
	uint32_t head, written;
};
MUST_CHECK bool virtqueue_push_all(struct virtqueue *vq, const struct vq_used *used, unsigned n);

/* Should the driver be interrupted for what was pushed since the last call? (EVENT_IDX or the flag)
 */
MUST_CHECK bool virtqueue_should_notify(struct virtqueue *vq);

/* Asks the driver to kick (or not) for new buffers. */
void virtqueue_want_kicks(struct virtqueue *vq, bool on);

/* Copy between a chain's out (or in) part at byte `offset` and a buffer; returns the bytes copied.
 */
size_t vq_chain_read(const struct vq_chain *chain, size_t offset, void *dst, size_t len);
size_t vq_chain_write(const struct vq_chain *chain, size_t offset, const void *src, size_t len);

#endif
