/* SPDX-License-Identifier: MIT */
/* The driver's side of a virtqueue, split or packed: see driver.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/driver.h"

#define AVAIL_USED (PVIRTQ_DESC_F_AVAIL | PVIRTQ_DESC_F_USED)

static void require(bool what)
{
	if (!what)
		abort();
}

static void alloc_split(struct driver *d, struct driver_queue *dq)
{
	unsigned size = dq->size;

	dq->desc_addr = host_alloc(d->host, VIRTQ_DESC_BYTES(size), VIRTQ_DESC_ALIGN);
	dq->avail_addr = host_alloc(d->host, VIRTQ_AVAIL_BYTES(size), VIRTQ_AVAIL_ALIGN);
	dq->used_addr = host_alloc(d->host, VIRTQ_USED_BYTES(size), VIRTQ_USED_ALIGN);
	dq->desc = host_ram(d->host, dq->desc_addr, 1);
	dq->avail = host_ram(d->host, dq->avail_addr, 1);
	dq->used = host_ram(d->host, dq->used_addr, 1);
	for (unsigned i = 0; i < size; i++)
		dq->desc[i].next = (uint16_t)((i + 1) % size);
}

static void alloc_packed(struct driver *d, struct driver_queue *dq)
{
	dq->desc_addr = host_alloc(d->host, PVIRTQ_DESC_BYTES(dq->size), PVIRTQ_DESC_ALIGN);
	dq->avail_addr = host_alloc(d->host, sizeof(struct pvirtq_event), PVIRTQ_EVENT_ALIGN);
	dq->used_addr = host_alloc(d->host, sizeof(struct pvirtq_event), PVIRTQ_EVENT_ALIGN);
	dq->packed = host_ram(d->host, dq->desc_addr, 1);
	dq->driver_event = host_ram(d->host, dq->avail_addr, 1);
	dq->device_event = host_ram(d->host, dq->used_addr, 1);
	dq->avail_wrap = dq->used_wrap = true;
	for (unsigned i = 0; i < dq->size; i++)
		dq->next_id[i] = (uint16_t)((i + 1) % dq->size);
	if (d->event_idx)
		*dq->driver_event = (struct pvirtq_event){PVIRTQ_EVENT_WRAP, PVIRTQ_EVENT_F_DESC};
}

void driver_alloc_queue(struct driver *d, unsigned q, unsigned size)
{
	struct driver_queue *dq = &d->q[q];

	require(size <= DRIVER_QUEUE_MAX);
	memset(dq, 0, sizeof(*dq));
	dq->size = dq->n_free = size;
	if (d->packed)
		alloc_packed(d, dq);
	else
		alloc_split(d, dq);
}

static const struct slice *pick(
	const struct slice *out, unsigned n_out, const struct slice *in, unsigned i)
{
	return i < n_out ? &out[i] : &in[i - n_out];
}

static uint16_t buffer_flags(unsigned n_out, unsigned n_in, unsigned i)
{
	unsigned flags = (i < n_out ? 0 : VIRTQ_DESC_F_WRITE) |
			 (i + 1 < n_out + n_in ? VIRTQ_DESC_F_NEXT : 0);
	return (uint16_t)flags;
}

/* ---- split ---- */

static uint16_t take_desc(struct driver_queue *dq)
{
	uint16_t i = dq->free_head;
	dq->free_head = dq->desc[i].next;
	dq->n_free--;
	return i;
}

void driver_expose(struct driver *d, unsigned q, uint16_t head)
{
	struct driver_queue *dq = &d->q[q];

	require(!d->packed);
	dq->avail->ring[dq->avail_idx % dq->size] = head;
	dq->avail_idx++;
	__atomic_store_n(&dq->avail->idx, dq->avail_idx, __ATOMIC_RELEASE);
}

static int add_split(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	struct driver_queue *dq = &d->q[q];
	unsigned n = n_out + n_in;
	uint16_t head = take_desc(dq), at = head;

	for (unsigned i = 0; i < n; i++) {
		const struct slice *s = pick(out, n_out, in, i);
		dq->desc[at] =
			(struct virtq_desc){s->addr.a, s->len, buffer_flags(n_out, n_in, i), 0};
		if (i + 1 < n) {
			dq->desc[at].next = take_desc(dq);
			at = dq->desc[at].next;
		}
	}
	dq->chain_len[head] = (uint16_t)n;
	driver_expose(d, q, head);
	return head;
}

static bool split_wants_kick(struct driver *d, struct driver_queue *dq)
{
	uint16_t old = dq->kicked_idx, event;

	dq->kicked_idx = dq->avail_idx;
	if (!d->event_idx)
		return !(dq->used->flags & VIRTQ_USED_F_NO_NOTIFY);
	memcpy(&event, &dq->used->ring[dq->size], sizeof(event));
	return (uint16_t)(dq->avail_idx - event - 1) < (uint16_t)(dq->avail_idx - old);
}

static void free_chain(struct driver_queue *dq, uint16_t head)
{
	unsigned n = dq->chain_len[head];
	uint16_t last = head;

	for (unsigned i = 1; i < n; i++)
		last = dq->desc[last].next;
	dq->desc[last].next = dq->free_head;
	dq->free_head = head;
	dq->n_free += n;
	dq->chain_len[head] = 0;
}

static bool collect_split(
	struct driver *d, struct driver_queue *dq, uint16_t *head, uint32_t *written)
{
	if (__atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE) == dq->used_seen)
		return false;
	struct virtq_used_elem e = dq->used->ring[dq->used_seen % dq->size];
	require(e.id < dq->size);
	dq->used_seen++;
	*head = (uint16_t)e.id;
	*written = e.len;
	if (dq->chain_len[e.id] > 0)
		free_chain(dq, *head);
	if (d->event_idx)
		dq->avail->ring[dq->size] = dq->used_seen;
	return true;
}

/* ---- packed ---- */

/* Writes the next descriptor of the ring and returns the flags that make it available. */
static uint16_t place_packed(
	struct driver_queue *dq, const struct slice *s, uint16_t id, uint16_t flags)
{
	struct pvirtq_desc *desc = &dq->packed[dq->avail_idx];
	unsigned wrap = dq->avail_wrap ? PVIRTQ_DESC_F_AVAIL : PVIRTQ_DESC_F_USED;

	desc->addr = s->addr.a;
	desc->len = s->len;
	desc->id = id;
	if (++dq->avail_idx == dq->size) {
		dq->avail_idx = 0;
		dq->avail_wrap = !dq->avail_wrap;
	}
	dq->unkicked++;
	return (uint16_t)(flags | wrap);
}

static uint16_t take_id(struct driver_queue *dq, unsigned n)
{
	uint16_t id = dq->free_head;

	dq->free_head = dq->next_id[id];
	dq->n_free -= n;
	dq->chain_len[id] = (uint16_t)n;
	return id;
}

/* The flags of the first descriptor come last: they make all of the chain available. */
static int add_packed(struct driver_queue *dq, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	uint16_t id = take_id(dq, n_out + n_in), first_flags = 0;
	struct pvirtq_desc *first = &dq->packed[dq->avail_idx];

	for (unsigned i = 0; i < n_out + n_in; i++) {
		struct pvirtq_desc *desc = &dq->packed[dq->avail_idx];
		uint16_t flags =
			place_packed(dq, pick(out, n_out, in, i), id, buffer_flags(n_out, n_in, i));
		if (i == 0)
			first_flags = flags;
		else
			desc->flags = flags;
	}
	__atomic_store_n(&first->flags, first_flags, __ATOMIC_RELEASE);
	return id;
}

static bool packed_wants_kick(struct driver_queue *dq)
{
	uint16_t flags = dq->device_event->flags, desc = dq->device_event->offset;
	uint16_t new = dq->avail_idx, old = (uint16_t)(new - dq->unkicked);
	unsigned event = desc & 0x7fffu;

	dq->unkicked = 0;
	if (flags != PVIRTQ_EVENT_F_DESC)
		return flags == PVIRTQ_EVENT_F_ENABLE;
	if (!!(desc & PVIRTQ_EVENT_WRAP) != dq->avail_wrap)
		event -= dq->size;
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static bool collect_packed(
	struct driver *d, struct driver_queue *dq, uint16_t *id, uint32_t *written)
{
	struct pvirtq_desc *desc = &dq->packed[dq->used_seen];
	unsigned flags = __atomic_load_n(&desc->flags, __ATOMIC_ACQUIRE) & AVAIL_USED;

	if (flags != (dq->used_wrap ? AVAIL_USED : 0))
		return false;
	*id = desc->id;
	*written = desc->len;
	require(*id < dq->size && dq->chain_len[*id] > 0);
	dq->used_seen = (uint16_t)(dq->used_seen + dq->chain_len[*id]);
	if (dq->used_seen >= dq->size) {
		dq->used_seen = (uint16_t)(dq->used_seen - dq->size);
		dq->used_wrap = !dq->used_wrap;
	}
	dq->n_free += dq->chain_len[*id];
	dq->chain_len[*id] = 0;
	dq->next_id[*id] = dq->free_head;
	dq->free_head = *id;
	if (d->event_idx)
		dq->driver_event->offset =
			(uint16_t)(dq->used_seen | (dq->used_wrap ? PVIRTQ_EVENT_WRAP : 0));
	return true;
}

/* ---- both ---- */

int driver_add(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	struct driver_queue *dq = &d->q[q];
	unsigned n = n_out + n_in;

	if (n == 0 || n > dq->n_free)
		return -1;
	return d->packed ? add_packed(dq, out, n_out, in, n_in)
			 : add_split(d, q, out, n_out, in, n_in);
}

/* A table of either form: a descriptor has 16 bytes, and `next` lies where `id` does not matter. */
static gpa_t make_table(struct driver *d, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	unsigned n = n_out + n_in;
	gpa_t addr = host_alloc(d->host, VIRTQ_DESC_BYTES(n), VIRTQ_DESC_ALIGN);
	struct virtq_desc *table = host_ram(d->host, addr, VIRTQ_DESC_BYTES(n));
	struct pvirtq_desc *packed = (struct pvirtq_desc *)table;

	for (unsigned i = 0; i < n; i++) {
		const struct slice *s = pick(out, n_out, in, i);
		uint16_t flags = buffer_flags(n_out, n_in, i);
		if (d->packed)
			packed[i] = (struct pvirtq_desc){
				s->addr.a, s->len, 0, flags & VIRTQ_DESC_F_WRITE};
		else
			table[i] = (struct virtq_desc){s->addr.a, s->len, flags, (uint16_t)(i + 1)};
	}
	return addr;
}

int driver_add_indirect(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	struct driver_queue *dq = &d->q[q];

	if (dq->n_free == 0)
		return -1;
	gpa_t addr = make_table(d, out, n_out, in, n_in);
	struct slice table = {addr, (n_out + n_in) * (uint32_t)sizeof(struct virtq_desc)};
	if (d->packed) {
		uint16_t id = take_id(dq, 1);
		struct pvirtq_desc *desc = &dq->packed[dq->avail_idx];
		uint16_t flags = place_packed(dq, &table, id, VIRTQ_DESC_F_INDIRECT);
		__atomic_store_n(&desc->flags, flags, __ATOMIC_RELEASE);
		return id;
	}
	uint16_t head = take_desc(dq);
	dq->desc[head] = (struct virtq_desc){addr.a, table.len, VIRTQ_DESC_F_INDIRECT, 0};
	dq->chain_len[head] = 1;
	driver_expose(d, q, head);
	return head;
}

bool driver_kick(struct driver *d, unsigned q)
{
	struct driver_queue *dq = &d->q[q];

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	bool wanted = d->packed ? packed_wants_kick(dq) : split_wants_kick(d, dq);
	if (wanted)
		driver_notify(d, q);
	return wanted;
}

bool driver_collect(struct driver *d, unsigned q, uint16_t *head, uint32_t *written)
{
	struct driver_queue *dq = &d->q[q];

	return d->packed ? collect_packed(d, dq, head, written)
			 : collect_split(d, dq, head, written);
}
