/* SPDX-License-Identifier: MIT */
/*
 * Split rings (virtio 1.2, section 2.7): a descriptor table and a ring of
 * heads that the driver writes, a ring of used chains that the device writes.
 */
#include "devices/virtqueue_form.h"

/* The descriptors that a chain is walked in: the ring's own table or an indirect one. */
struct table {
	const void *base;
	uint32_t n;
	bool indirect;
};

static const struct virtq_avail *avail_ring(const struct virtqueue *vq)
{
	return vq->avail_ring;
}

static struct virtq_used *used_ring(const struct virtqueue *vq)
{
	return vq->used_ring;
}

/* How many chains wait; more than the queue holds if the driver lies. */
static uint16_t waiting(const struct virtqueue *vq)
{
	return (uint16_t)(__atomic_load_n(&avail_ring(vq)->idx, __ATOMIC_ACQUIRE) - vq->last_avail);
}

/* An indirect table ends its chain and may not name another (2.7.5.3). */
static bool enter_indirect(struct virtqueue *vq, struct table *table, const struct virtq_desc *d)
{
	uint32_t n;

	if (table->indirect || (d->flags & VIRTQ_DESC_F_NEXT))
		return false;
	const void *base = virtqueue_table(vq, d->addr, d->len, &n);
	*table = (struct table){base, n, true};
	return base != NULL;
}

/* Follows the chain from `i`; each step needs a free place in the table, so a circle ends. */
static bool gather(struct virtqueue *vq, struct vq_chain *chain, uint32_t i)
{
	struct table table = {vq->desc_ring, vq->size, false};

	for (uint32_t left = table.n; left > 0 && i < table.n; left--) {
		struct virtq_desc d;
		virtqueue_load(&d, table.base, i);
		if (d.flags & VIRTQ_DESC_F_INDIRECT) {
			if (!enter_indirect(vq, &table, &d))
				return false;
			i = 0;
			left = table.n + 1;
			continue;
		}
		if (!virtqueue_add(vq, chain, d.addr, d.len, d.flags))
			return false;
		if (!(d.flags & VIRTQ_DESC_F_NEXT))
			return true;
		i = d.next;
	}
	return false;
}

enum vq_pop virtqueue_split_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	uint16_t n = waiting(vq);

	if (n == 0) {
		virtqueue_split_want_kicks(vq, true);
		n = waiting(vq);
	}
	if (n == 0)
		return VQ_EMPTY;
	if (n > vq->size)
		return virtqueue_break(vq);

	virtqueue_begin(
		chain, __atomic_load_n(&avail_ring(vq)->ring[vq->last_avail & (vq->size - 1)],
			       __ATOMIC_RELAXED));
	if (!gather(vq, chain, chain->head))
		return virtqueue_break(vq);
	vq->last_avail++;
	return VQ_CHAIN;
}

static void put_used(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	used_ring(vq)->ring[vq->used_idx & (vq->size - 1)] =
		(struct virtq_used_elem){head, written};
	vq->used_idx++;
}

/* What was put becomes visible. */
static bool publish(struct virtqueue *vq)
{
	__atomic_store_n(&used_ring(vq)->idx, vq->used_idx, __ATOMIC_RELEASE);
	return true;
}

bool virtqueue_split_push(struct virtqueue *vq, uint32_t head, uint32_t written)
{
	put_used(vq, head, written);
	return publish(vq);
}

bool virtqueue_split_push_all(struct virtqueue *vq, const struct vq_used *used, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put_used(vq, used[i].head, used[i].written);
	return publish(vq);
}

/* used_event lies behind the avail ring, avail_event behind the used ring (2.7.7, 2.7.9). */
static uint16_t used_event(const struct virtqueue *vq)
{
	return __atomic_load_n(&avail_ring(vq)->ring[vq->size], __ATOMIC_RELAXED);
}

static void set_avail_event(struct virtqueue *vq, uint16_t idx)
{
	__atomic_store_n((uint16_t *)&used_ring(vq)->ring[vq->size], idx, __ATOMIC_RELAXED);
}

bool virtqueue_split_should_notify(struct virtqueue *vq)
{
	uint16_t old = vq->signalled_used, new = vq->used_idx;

	vq->signalled_used = new;
	if (!vq->event_idx)
		return !(__atomic_load_n(&avail_ring(vq)->flags, __ATOMIC_RELAXED) &
			 VIRTQ_AVAIL_F_NO_INTERRUPT);
	return (uint16_t)(new - used_event(vq) - 1) < (uint16_t)(new - old);
}

/* With an event index, "no" is simply an index that is not moved forward. */
void virtqueue_split_want_kicks(struct virtqueue *vq, bool on)
{
	if (!vq->event_idx)
		__atomic_store_n(
			&used_ring(vq)->flags, on ? 0 : VIRTQ_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
	else if (on)
		set_avail_event(vq, vq->last_avail);
	/* The wish must be visible before the avail index is read again. */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
