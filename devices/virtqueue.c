/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues. The driver owns the descriptor table and the avail ring
 * and may change them at any moment: an index or a descriptor is loaded once
 * and only the copy is looked at. Whatever does not fit the rules breaks the
 * queue for good (until the device is reset) instead of being guessed at.
 */
#include <string.h>

#include "devices/virtqueue.h"

/* The descriptors that a chain is walked in: the ring's own table or an indirect one. */
struct table {
	const void *base;
	uint32_t n;
	bool indirect;
};

void virtqueue_reset(struct virtqueue *vq, struct host *host)
{
	memset(vq, 0, sizeof(*vq));
	vq->size = VIRTQUEUE_MAX;
	vq->host = host;
}

/* NULL unless [addr, addr + len) is RAM and aligned. */
static void *ring_memory(struct virtqueue *vq, gpa_t addr, size_t len, uint64_t align)
{
	return addr.a % align == 0 ? host_ram(vq->host, addr, len) : NULL;
}

static bool size_valid(uint16_t n)
{
	return n > 0 && n <= VIRTQUEUE_MAX && (n & (n - 1)) == 0;
}

bool virtqueue_start(struct virtqueue *vq)
{
	uint16_t n = vq->size;

	vq->last_avail = vq->used_idx = vq->signalled_used = 0;
	vq->desc_ring = ring_memory(vq, vq->desc, VIRTQ_DESC_BYTES(n), VIRTQ_DESC_ALIGN);
	vq->avail_ring = ring_memory(vq, vq->avail, VIRTQ_AVAIL_BYTES(n), VIRTQ_AVAIL_ALIGN);
	vq->used_ring = ring_memory(vq, vq->used, VIRTQ_USED_BYTES(n), VIRTQ_USED_ALIGN);
	vq->ready = size_valid(n) && vq->desc_ring && vq->avail_ring && vq->used_ring;
	vq->broken = !vq->ready;
	return vq->ready;
}

/* How many chains wait; more than the queue holds if the driver lies. */
static uint16_t waiting(const struct virtqueue *vq)
{
	return (uint16_t)(__atomic_load_n(&vq->avail_ring->idx, __ATOMIC_ACQUIRE) - vq->last_avail);
}

/* One copy of a descriptor that the driver may be changing. Indirect tables need not be aligned. */
static struct virtq_desc load_desc(const struct table *table, uint32_t i)
{
	const void *at = (const char *)table->base + i * sizeof(struct virtq_desc);
	struct virtq_desc copy;

	if ((uintptr_t)at % sizeof(uint64_t) == 0)
		memcpy(&copy, __builtin_assume_aligned(at, sizeof(uint64_t)), sizeof(copy));
	else
		memcpy(&copy, at, sizeof(copy));
	__asm__ volatile("" ::: "memory"); /* the compiler may not load it a second time */
	return copy;
}

static bool add_segment(struct virtqueue *vq, struct vq_chain *chain, const struct virtq_desc *d)
{
	bool in = d->flags & VIRTQ_DESC_F_WRITE;
	unsigned n = chain->n_out + chain->n_in;
	uint32_t *total = in ? &chain->in_len : &chain->out_len;
	void *data = host_ram(vq->host, gpa(d->addr), d->len);

	if (n >= vq->size || d->len == 0 || !data || (!in && chain->n_in > 0))
		return false;
	if (__builtin_add_overflow(*total, d->len, total))
		return false;
	chain->segment[n] = (struct vq_segment){data, gpa(d->addr), d->len};
	if (in)
		chain->n_in++;
	else
		chain->n_out++;
	return true;
}

/* An indirect table ends its chain and may not name another (virtio 1.2, 2.7.5.3). */
static bool enter_indirect(struct virtqueue *vq, struct table *table, const struct virtq_desc *d)
{
	uint32_t n = d->len / (uint32_t)sizeof(*d);

	if (!vq->indirect || table->indirect || (d->flags & VIRTQ_DESC_F_NEXT))
		return false;
	if (n == 0 || n > vq->size || d->len % sizeof(*d) != 0)
		return false;
	*table = (struct table){host_ram(vq->host, gpa(d->addr), d->len), n, true};
	return table->base != NULL;
}

/* Follows the chain from `i`; each step needs a free place in the table, so a circle ends. */
static bool gather(struct virtqueue *vq, struct vq_chain *chain, uint32_t i)
{
	struct table table = {vq->desc_ring, vq->size, false};

	for (uint32_t left = table.n; left > 0 && i < table.n; left--) {
		struct virtq_desc d = load_desc(&table, i);
		if (d.flags & VIRTQ_DESC_F_INDIRECT) {
			if (!enter_indirect(vq, &table, &d))
				return false;
			i = 0;
			left = table.n + 1;
			continue;
		}
		if (!add_segment(vq, chain, &d))
			return false;
		if (!(d.flags & VIRTQ_DESC_F_NEXT))
			return true;
		i = d.next;
	}
	return false;
}

static enum vq_pop broken(struct virtqueue *vq)
{
	vq->broken = true;
	return VQ_BROKEN;
}

enum vq_pop virtqueue_pop(struct virtqueue *vq, struct vq_chain *chain)
{
	if (!vq->ready || vq->broken)
		return broken(vq);
	uint16_t n = waiting(vq);
	if (n == 0) {
		virtqueue_want_kicks(vq, true);
		n = waiting(vq);
	}
	if (n == 0)
		return VQ_EMPTY;
	if (n > vq->size)
		return broken(vq);

	chain->head = __atomic_load_n(
		&vq->avail_ring->ring[vq->last_avail & (vq->size - 1)], __ATOMIC_RELAXED);
	chain->n_out = chain->n_in = 0;
	chain->out_len = chain->in_len = 0;
	if (!gather(vq, chain, chain->head))
		return broken(vq);
	vq->last_avail++;
	return VQ_CHAIN;
}

void virtqueue_unpop(struct virtqueue *vq)
{
	vq->last_avail--;
}

bool virtqueue_push(struct virtqueue *vq, uint16_t head, uint32_t written)
{
	if (!vq->ready || vq->broken)
		return false;
	vq->used_ring->ring[vq->used_idx & (vq->size - 1)] =
		(struct virtq_used_elem){head, written};
	vq->used_idx++;
	__atomic_store_n(&vq->used_ring->idx, vq->used_idx, __ATOMIC_RELEASE);
	return true;
}

/* used_event lies behind the avail ring, avail_event behind the used ring (2.7.7, 2.7.9). */
static uint16_t used_event(const struct virtqueue *vq)
{
	return __atomic_load_n(&vq->avail_ring->ring[vq->size], __ATOMIC_RELAXED);
}

static void set_avail_event(struct virtqueue *vq, uint16_t idx)
{
	__atomic_store_n((uint16_t *)&vq->used_ring->ring[vq->size], idx, __ATOMIC_RELAXED);
}

bool virtqueue_should_notify(struct virtqueue *vq)
{
	uint16_t old = vq->signalled_used, new = vq->used_idx;

	if (old == new)
		return false;
	vq->signalled_used = new;
	/* The used index must be visible before the driver's wish is read. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx)
		return !(__atomic_load_n(&vq->avail_ring->flags, __ATOMIC_RELAXED) &
			 VIRTQ_AVAIL_F_NO_INTERRUPT);
	return (uint16_t)(new - used_event(vq) - 1) < (uint16_t)(new - old);
}

/* With an event index, "no" is simply an index that is not moved forward. */
void virtqueue_want_kicks(struct virtqueue *vq, bool on)
{
	if (!vq->ready || vq->broken)
		return;
	if (!vq->event_idx)
		__atomic_store_n(
			&vq->used_ring->flags, on ? 0 : VIRTQ_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
	else if (on)
		set_avail_event(vq, vq->last_avail);
	/* The wish must be visible before the avail index is read again. */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
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
