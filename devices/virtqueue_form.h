/* SPDX-License-Identifier: MIT */
/*
 * What the two forms of a virtqueue share, and what each of them answers to
 * virtqueue.c. Only those three files include it. A form is called for a queue
 * that is ready and not broken; a push always succeeds, and returns so for its caller's sake. All but the walk of an indirect table is its own.
 */
#ifndef VESPER_DEVICES_VIRTQUEUE_FORM_H
#define VESPER_DEVICES_VIRTQUEUE_FORM_H

#include <string.h>

#include "devices/virtqueue.h"
#include "include/abi/virtio_ring.h"

MUST_CHECK enum vq_pop virtqueue_split_pop(struct virtqueue *vq, struct vq_chain *chain);
MUST_CHECK bool virtqueue_split_push(struct virtqueue *vq, uint32_t head, uint32_t written);
MUST_CHECK bool virtqueue_split_push_all(
	struct virtqueue *vq, const struct vq_used *used, unsigned n);
MUST_CHECK bool virtqueue_split_should_notify(struct virtqueue *vq);
void virtqueue_split_want_kicks(struct virtqueue *vq, bool on);

MUST_CHECK enum vq_pop virtqueue_packed_pop(struct virtqueue *vq, struct vq_chain *chain);
void virtqueue_packed_unpop(struct virtqueue *vq);
MUST_CHECK bool virtqueue_packed_push(struct virtqueue *vq, uint32_t head, uint32_t written);
MUST_CHECK bool virtqueue_packed_push_all(
	struct virtqueue *vq, const struct vq_used *used, unsigned n);
MUST_CHECK bool virtqueue_packed_should_notify(struct virtqueue *vq);
void virtqueue_packed_want_kicks(struct virtqueue *vq, bool on);

/*
 * One copy of a descriptor that the driver may be changing. Indirect tables need not be aligned. The builtin is
 * two loads where the library's function would be called: a chain is many of these.
 */
static inline void virtqueue_load(void *copy, const void *base, uint32_t i)
{
	const void *at = (const char *)base + i * sizeof(struct virtq_desc);

	if ((uintptr_t)at % sizeof(uint64_t) == 0)
		__builtin_memcpy(copy, __builtin_assume_aligned(at, sizeof(uint64_t)),
			sizeof(struct virtq_desc));
	else
		memcpy(copy, at, sizeof(struct virtq_desc));
	__asm__ volatile("" ::: "memory"); /* the compiler may not load it a second time */
}

static inline void virtqueue_begin(struct vq_chain *chain, uint32_t head)
{
	chain->head = head;
	chain->n_out = chain->n_in = 0;
	chain->out_len = chain->in_len = 0;
}

/* Appends what a descriptor names; false: it breaks the queue. */
static inline bool virtqueue_add(
	struct virtqueue *vq, struct vq_chain *chain, uint64_t addr, uint32_t len, unsigned flags)
{
	bool in = flags & VIRTQ_DESC_F_WRITE;
	unsigned n = chain->n_out + chain->n_in;
	uint32_t *total = in ? &chain->in_len : &chain->out_len;
	void *data = vq->untouched ? NULL : host_ram(vq->host, gpa(addr), len);

	if (n >= vq->size || len == 0 ||
		!(data || (vq->untouched && host_is_ram(vq->host, gpa(addr), len))) ||
		(!in && chain->n_in > 0))
		return false;
	if (__builtin_add_overflow(*total, len, total))
		return false;
	chain->segment[n] = (struct vq_segment){data, gpa(addr), len};
	if (in)
		chain->n_in++;
	else
		chain->n_out++;
	return true;
}

/* The indirect table of `len` bytes at `addr` and how many descriptors it has; NULL: it may not be one. */
static inline const void *virtqueue_table(
	struct virtqueue *vq, uint64_t addr, uint32_t len, uint32_t *n)
{
	*n = len / (uint32_t)sizeof(struct virtq_desc);
	if (!vq->indirect || *n == 0 || *n > vq->size || len % sizeof(struct virtq_desc) != 0)
		return NULL;
	return host_ram(vq->host, gpa(addr), len);
}

static inline enum vq_pop virtqueue_break(struct virtqueue *vq)
{
	vq->broken = true;
	return VQ_BROKEN;
}

_Static_assert(sizeof(struct virtq_desc) == sizeof(struct pvirtq_desc), "both forms load one");

#endif
