/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues (virtio 1.2, section 2.7): the only code that reads rings.
 * Every address and length is checked, every descriptor is copied once and
 * the copy is used; a chain is bounded by the queue size, so a loop ends.
 */
#ifndef VESPER_DEVICES_VIRTQUEUE_H
#define VESPER_DEVICES_VIRTQUEUE_H

#include "include/abi/virtio.h"
#include "include/dm.h"

#define VIRTQUEUE_MAX 256 /* entries; also the longest chain */

/* One descriptor, already resolved to host memory that is all guest RAM. */
struct vq_segment {
	void *data;
	gpa_t addr;
	uint32_t len;
};

/* A popped chain: first the n_out segments the device reads, then the n_in it writes. */
struct vq_chain {
	uint16_t head;
	uint16_t n_out, n_in;
	uint32_t out_len, in_len; /* bytes; a chain whose sum does not fit 32 bits is broken */
	struct vq_segment segment[VIRTQUEUE_MAX];
};

struct virtqueue {
	/* Set by the driver through the transport while the queue is not ready. */
	uint16_t size; /* a power of two, 1..VIRTQUEUE_MAX */
	bool ready;
	gpa_t desc, avail, used;
	/* Run time. */
	bool event_idx, indirect; /* negotiated */
	bool broken;
	uint16_t last_avail, used_idx, signalled_used;
	struct host *host;
	/* The rings in host memory, resolved and checked by virtqueue_start(). */
	const struct virtq_desc *desc_ring;
	struct virtq_avail *avail_ring;
	struct virtq_used *used_ring;
};

enum vq_pop {
	VQ_EMPTY,
	VQ_CHAIN,
	VQ_BROKEN, /* and `broken` is set: the device needs a reset */
};

/* Forgets everything: not ready, nothing set, the largest size. */
void virtqueue_reset(struct virtqueue *vq, struct host *host);

/*
 * The driver says that the rings are in place. false (and `broken` is set): a size that is no power
 * of two in 1..VIRTQUEUE_MAX, or a ring that is misaligned or not wholly RAM.
 */
MUST_CHECK bool virtqueue_start(struct virtqueue *vq);

/*
 * Takes the next available chain. VQ_EMPTY comes with kicks wanted and the ring looked at once
 * more, so whoever stops there is kicked for the next chain.
 */
MUST_CHECK enum vq_pop virtqueue_pop(struct virtqueue *vq, struct vq_chain *chain);

/* Gives a chain back unused: the next pop returns it again. Only for the chain popped last. */
void virtqueue_unpop(struct virtqueue *vq);

/* Returns a chain with `written` bytes in its in-part. false: the queue is not ready or broken. */
MUST_CHECK bool virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t written);

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
