/* SPDX-License-Identifier: MIT */
/*
 * Packed rings (virtio 1.2, section 2.8): one ring of descriptors that the driver makes available
 * and the device overwrites with used ones, each a lap behind. A chain is `count` places that
 * follow one another; it is named by the driver's buffer ID, and both travel in its head, so nothing need be
 * kept of it here. An ID that the driver uses twice comes back twice.
 */
#include "devices/virtqueue_form.h"

#define USED_AND_AVAIL (PVIRTQ_DESC_F_AVAIL | PVIRTQ_DESC_F_USED)

static uint32_t head_of(uint16_t id, uint32_t count)
{
	return count << 16 | id;
}

static uint16_t head_count(uint32_t head)
{
	return (uint16_t)(head >> 16);
}

static struct pvirtq_desc *ring(const struct virtqueue *vq)
{
	return vq->desc_ring;
}

/* Is the descriptor at `last_avail` of this lap, and the driver's wish to have it used? (2.8.1) */
static bool available(const struct virtqueue *vq)
{
	unsigned flags = __atomic_load_n(&ring(vq)[vq->last_avail].flags, __ATOMIC_ACQUIRE);

	return (flags & USED_AND_AVAIL) ==
	       (vq->avail_wrap ? PVIRTQ_DESC_F_AVAIL : PVIRTQ_DESC_F_USED);
}

/* Descriptors of an indirect table follow one another; no flag but that for writing counts (2.8.7). */
static bool gather_table(struct virtqueue *vq, struct vq_chain *chain, const struct pvirtq_desc *at)
{
	uint32_t n;
	const void *table = virtqueue_table(vq, at->addr, at->len, &n);

	if (!table)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct pvirtq_desc d;
		virtqueue_load(&d, table, i);
		if (!virtqueue_add(vq, chain, d.addr, d.len, d.flags))
			return false;
	}
	return true;
}

/* The chain from place `i` on; a list is of one kind, so an indirect table is all of it. */
static bool gather(struct virtqueue *vq, struct vq_chain *chain, uint16_t i)
{
	for (uint32_t count = 1; count <= vq->size; count++) {
		struct pvirtq_desc d;
		virtqueue_load(&d, ring(vq), i);
		bool next = d.flags & VIRTQ_DESC_F_NEXT;
		chain->head = head_of(d.id, count);
		if (d.flags & VIRTQ_DESC_F_INDIRECT)
			return count == 1 && !next && gather_table(vq, chain, &d);
		if (!virtqueue_add(vq, chain, d.addr, d.len, d.flags))
			return false;
		if (!next)
			return true;
		i = (uint16_t)(i + 1 < vq->size ? i + 1 : 0);
	}
	return false;
}

enum vq_pop virtqueue_packed_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	if (!available(vq)) {
		virtqueue_packed_want_kicks(vq, true);
		if (!available(vq))
			return VQ_EMPTY;
	}
	virtqueue_begin(chain, 0);
	if (!gather(vq, chain, vq->last_avail))
		return virtqueue_break(vq);

	vq->last_count = head_count(chain->head);
	vq->last_avail = (uint16_t)(vq->last_avail + vq->last_count);
	if (vq->last_avail >= vq->size) {
		vq->last_avail = (uint16_t)(vq->last_avail - vq->size);
		vq->avail_wrap = !vq->avail_wrap;
	}
	return VQ_CHAIN;
}

void virtqueue_packed_unpop(struct virtqueue *vq)
{
	if (vq->last_avail < vq->last_count) {
		vq->last_avail = (uint16_t)(vq->last_avail + vq->size);
		vq->avail_wrap = !vq->avail_wrap;
	}
	vq->last_avail = (uint16_t)(vq->last_avail - vq->last_count);
}

/* Writes a used descriptor but for its flags, which it returns. */
static uint16_t put_used(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	struct pvirtq_desc *d = &ring(vq)[vq->used_idx];

	d->id = (uint16_t)head;
	d->len = written;
	return (uint16_t)((written ? VIRTQ_DESC_F_WRITE : 0) |
			  (vq->used_wrap ? USED_AND_AVAIL : 0));
}

/* On to where the next one goes. */
static void pass_used(struct virtqueue *vq, uint32_t head)
{
	vq->used_idx = (uint16_t)(vq->used_idx + head_count(head));
	if (vq->used_idx >= vq->size) {
		vq->used_idx = (uint16_t)(vq->used_idx - vq->size);
		vq->signalled_used = (uint16_t)(vq->signalled_used - vq->size);
		vq->used_wrap = !vq->used_wrap;
	}
}

/* The flags make it visible. */
bool virtqueue_packed_push(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	uint16_t flags = put_used(vq, head, written);

	__atomic_store_n(&ring(vq)[vq->used_idx].flags, flags, __ATOMIC_RELEASE);
	pass_used(vq, head);
	return true;
}

/* The driver looks at the first one, so its flags are written last. */
bool virtqueue_packed_push_all(struct virtqueue *vq, const struct vq_used *used, unsigned n)
{
	if (n == 0)
		return true;
	uint16_t *first = &ring(vq)[vq->used_idx].flags;
	uint16_t first_flags = put_used(vq, used[0].head, used[0].written);

	pass_used(vq, used[0].head);
	for (unsigned i = 1; i < n; i++) {
		uint16_t *flags = &ring(vq)[vq->used_idx].flags;
		__atomic_store_n(
			flags, put_used(vq, used[i].head, used[i].written), __ATOMIC_RELAXED);
		pass_used(vq, used[i].head);
	}
	__atomic_store_n(first, first_flags, __ATOMIC_RELEASE);
	return true;
}

/* `signalled_used` and the driver's place count from the start of this lap: what was before it is negative. */
bool virtqueue_packed_should_notify(struct virtqueue *vq)
{
	uint16_t old = vq->signalled_used, new = vq->used_idx;
	uint32_t wish = __atomic_load_n((const uint32_t *)vq->avail_ring, __ATOMIC_RELAXED);
	struct pvirtq_event event;

	memcpy(&event, &wish, sizeof(event));
	vq->signalled_used = new;
	if ((event.flags & PVIRTQ_EVENT_F_MASK) == PVIRTQ_EVENT_F_DISABLE)
		return false;
	if ((event.flags & PVIRTQ_EVENT_F_MASK) != PVIRTQ_EVENT_F_DESC || !vq->event_idx)
		return true;
	uint16_t at = event.offset & (uint16_t)~PVIRTQ_EVENT_WRAP;
	if (vq->used_wrap != (bool)(event.offset & PVIRTQ_EVENT_WRAP))
		at = (uint16_t)(at - vq->size);
	return (uint16_t)(new - at - 1) < (uint16_t)(new - old);
}

void virtqueue_packed_want_kicks(struct virtqueue *vq, bool on)
{
	struct pvirtq_event event = {
		.offset = (uint16_t)(vq->last_avail | (vq->avail_wrap ? PVIRTQ_EVENT_WRAP : 0)),
		.flags = PVIRTQ_EVENT_F_DISABLE,
	};
	uint32_t wish;

	if (on)
		event.flags = vq->event_idx ? PVIRTQ_EVENT_F_DESC : PVIRTQ_EVENT_F_ENABLE;
	memcpy(&wish, &event, sizeof(wish));
	__atomic_store_n((uint32_t *)vq->used_ring, wish, __ATOMIC_RELAXED);
	/* The wish must be visible before the descriptor is looked at again. */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
