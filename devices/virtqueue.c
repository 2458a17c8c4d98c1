/* SPDX-License-Identifier: MIT */
/*
 * Virtqueues. The driver owns the rings and may change them at any moment: an
 * index or a descriptor is loaded once and only the copy is looked at.
 * Whatever does not fit the rules breaks the queue for good (until it is
 * reset) instead of being guessed at. Each call goes to one of the two forms;
 * nothing else here knows of them but what their rings are.
 */
#include <string.h>

#include "devices/virtqueue_form.h"

#define RINGS 3

/* The three areas of a queue in guest memory (virtio 1.2, 2.7 and 2.8.10.1). */
struct ring {
	void **at;
	gpa_t addr;
	size_t size;
	unsigned align;
};

static void rings(struct virtqueue *vq, struct ring ring[RINGS])
{
	size_t n = vq->size;

	ring[0] = (struct ring){&vq->desc_ring, vq->desc, VIRTQ_DESC_BYTES(n), VIRTQ_DESC_ALIGN};
	ring[1] =
		(struct ring){&vq->avail_ring, vq->avail, VIRTQ_AVAIL_BYTES(n), VIRTQ_AVAIL_ALIGN};
	ring[2] = (struct ring){&vq->used_ring, vq->used, VIRTQ_USED_BYTES(n), VIRTQ_USED_ALIGN};
	if (!vq->packed)
		return;
	/* Descriptors are as large and as aligned in both forms. */
	ring[1].size = ring[2].size = sizeof(struct pvirtq_event);
	ring[1].align = ring[2].align = PVIRTQ_EVENT_ALIGN;
}

void virtqueue_init(struct virtqueue *vq, struct host *host, uint16_t max)
{
	memset(vq, 0, sizeof(*vq));
	vq->max = vq->size = max;
	vq->host = host;
}

void virtqueue_stop(struct virtqueue *vq)
{
	struct ring ring[RINGS];

	rings(vq, ring);
	for (unsigned i = 0; i < RINGS; i++) {
		if (*ring[i].at)
			host_unpin(vq->host, ring[i].addr, ring[i].size);
		*ring[i].at = NULL;
	}
	vq->ready = false;
	vq->signalled_used = vq->used_idx; /* there is nobody to be told */
}

void virtqueue_reset(struct virtqueue *vq)
{
	bool untouched = vq->untouched;

	virtqueue_stop(vq);
	virtqueue_init(vq, vq->host, vq->max);
	vq->untouched = untouched;
}

static bool size_valid(const struct virtqueue *vq)
{
	uint16_t n = vq->size;

	return n > 0 && n <= vq->max && (vq->packed || (n & (n - 1)) == 0);
}

/* false: one of them is misaligned or not RAM; what was pinned is known by its pointer. */
static bool pin_rings(struct virtqueue *vq)
{
	struct ring ring[RINGS];

	rings(vq, ring);
	for (unsigned i = 0; i < RINGS; i++) {
		if (ring[i].addr.a % ring[i].align == 0)
			*ring[i].at = host_pin(vq->host, ring[i].addr, ring[i].size);
		if (!*ring[i].at)
			return false;
	}
	return true;
}

bool virtqueue_start(struct virtqueue *vq)
{
	virtqueue_stop(vq);
	vq->last_avail = vq->used_idx = vq->signalled_used = vq->last_count = 0;
	vq->avail_wrap = vq->used_wrap = true;
	vq->ready = size_valid(vq) && pin_rings(vq);
	vq->broken = !vq->ready;
	if (vq->broken)
		virtqueue_stop(vq);
	return vq->ready;
}

static bool live(const struct virtqueue *vq)
{
	return vq->ready && !vq->broken;
}

enum vq_pop virtqueue_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	if (!live(vq))
		return virtqueue_break(vq);
	return vq->packed ? virtqueue_packed_pop(vq, chain) : virtqueue_split_pop(vq, chain);
}

void virtqueue_unpop(struct virtqueue *vq)
{
	if (vq->packed)
		virtqueue_packed_unpop(vq);
	else
		vq->last_avail--;
}

bool virtqueue_push(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	if (!live(vq))
		return false;
	return vq->packed ? virtqueue_packed_push(vq, head, written)
			  : virtqueue_split_push(vq, head, written);
}

bool virtqueue_push_all(struct virtqueue *vq, const struct vq_used *used, unsigned n)
{
	if (!live(vq))
		return false;
	return vq->packed ? virtqueue_packed_push_all(vq, used, n)
			  : virtqueue_split_push_all(vq, used, n);
}

bool virtqueue_should_notify(struct virtqueue *vq)
{
	if (vq->signalled_used == vq->used_idx)
		return false;
	/* What was pushed must be visible before the driver's wish is read. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vq->packed ? virtqueue_packed_should_notify(vq) : virtqueue_split_should_notify(vq);
}

void virtqueue_want_kicks(struct virtqueue *vq, bool on)
{
	if (!live(vq))
		return;
	if (vq->packed)
		virtqueue_packed_want_kicks(vq, on);
	else
		virtqueue_split_want_kicks(vq, on);
}

struct vq_copy {
	const struct vq_segment *segment;
	unsigned n;
	size_t offset; /* in the part that segment[0..n) makes up */
};

/* The next contiguous piece of at most `len` bytes; 0 at the end. */
static size_t next_piece(struct vq_copy *copy, size_t len, void **at)
{
	while (copy->n > 0 && copy->offset >= copy->segment->len) {
		copy->offset -= copy->segment->len;
		copy->segment++;
		copy->n--;
	}
	if (copy->n == 0)
		return 0;
	size_t piece = copy->segment->len - copy->offset;
	*at = (char *)copy->segment->data + copy->offset;
	if (piece > len)
		piece = len;
	copy->offset += piece;
	return piece;
}

size_t vq_chain_read(const struct vq_chain *chain, size_t offset, void *dst, size_t len)
{
	struct vq_copy copy = {chain->segment, chain->n_out, offset};
	size_t done = 0, piece;
	void *at;

	for (; (piece = next_piece(&copy, len - done, &at)) > 0; done += piece)
		memcpy((char *)dst + done, at, piece);
	return done;
}

size_t vq_chain_write(const struct vq_chain *chain, size_t offset, const void *src, size_t len)
{
	struct vq_copy copy = {chain->segment + chain->n_out, chain->n_in, offset};
	size_t done = 0, piece;
	void *at;

	for (; (piece = next_piece(&copy, len - done, &at)) > 0; done += piece)
		memcpy(at, (const char *)src + done, piece);
	return done;
}
