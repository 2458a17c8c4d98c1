/* SPDX-License-Identifier: MIT */
/* The driver's side of one virtqueue: see ring.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/ring.h"

static void require(bool what)
{
	if (!what)
		abort();
}

static void *ram(struct ring *r, gpa_t addr)
{
	return r->host->ram + (addr.a - GUEST_RAM_BASE);
}

void ring_open(struct ring *r, struct host *host, unsigned size, bool packed, bool event_idx)
{
	struct virtqueue *vq = &r->vq;

	memset(r, 0, sizeof(*r));
	r->host = host;
	r->size = r->n_free = r->n_ids = size;
	r->packed = packed;
	r->event_idx = event_idx;
	for (unsigned i = 0; i < size; i++)
		r->free[i] = (uint16_t)i;
	virtqueue_init(vq, host, VIRTQUEUE_MAX);
	vq->size = (uint16_t)size;
	vq->packed = packed;
	vq->event_idx = event_idx;
	vq->indirect = true;
	vq->desc = host_alloc(host, VIRTQ_DESC_BYTES(size), VIRTQ_DESC_ALIGN);
	vq->avail = host_alloc(host, packed ? 4 : VIRTQ_AVAIL_BYTES(size), 4);
	vq->used = host_alloc(host, packed ? 4 : VIRTQ_USED_BYTES(size), 4);
	r->desc = ram(r, vq->desc);
	r->avail = ram(r, vq->avail);
	r->used = ram(r, vq->used);
	require(virtqueue_start(vq));
}

/* The wrap counter of the lap that a position is in. */
static bool wrap(const struct ring *r, uint64_t at)
{
	return at / r->size % 2 == 0;
}

static unsigned lap_flags(const struct ring *r, uint64_t at)
{
	return wrap(r, at) ? PVIRTQ_DESC_F_AVAIL : PVIRTQ_DESC_F_USED;
}

static int add_packed(struct ring *r, const struct virtq_desc *d, unsigned n)
{
	uint16_t id = r->free[--r->n_ids];

	/* The first one last: it makes the others visible. */
	for (unsigned i = n; i-- > 0;) {
		uint64_t at = r->added + i;
		unsigned flags =
			d[i].flags | lap_flags(r, at) | (i + 1 < n ? VIRTQ_DESC_F_NEXT : 0);
		r->pdesc[at % r->size] =
			(struct pvirtq_desc){d[i].addr, d[i].len, id, (uint16_t)flags};
	}
	r->chain[id].places = n;
	r->added += n;
	r->n_free -= n;
	return id;
}

static int add_split(struct ring *r, const struct virtq_desc *d, unsigned n)
{
	uint16_t *place = r->chain[r->free[r->n_free - 1]].desc, id = r->free[r->n_free - 1];

	for (unsigned i = 0; i < n; i++)
		place[i] = r->free[--r->n_free];
	for (unsigned i = 0; i < n; i++) {
		unsigned flags = d[i].flags | (i + 1 < n ? VIRTQ_DESC_F_NEXT : 0);
		r->desc[place[i]] = (struct virtq_desc){d[i].addr, d[i].len, (uint16_t)flags,
			i + 1 < n ? place[i + 1] : (uint16_t)0xffff};
	}
	r->chain[id].places = n;
	r->avail->ring[r->added % r->size] = id;
	r->avail->idx = (uint16_t)++r->added;
	return id;
}

int ring_add(struct ring *r, const struct virtq_desc *d, unsigned n)
{
	if (n > r->n_free || n == 0)
		return -1;
	return r->packed ? add_packed(r, d, n) : add_split(r, d, n);
}

static bool collect_packed(struct ring *r, unsigned *id, uint32_t *len)
{
	const struct pvirtq_desc *d = &r->pdesc[r->seen % r->size];
	unsigned both = PVIRTQ_DESC_F_AVAIL | PVIRTQ_DESC_F_USED;

	if (r->seen == r->added || (d->flags & both) != (wrap(r, r->seen) ? both : 0))
		return false;
	*id = d->id;
	*len = d->len;
	require(d->id < r->size && r->chain[d->id].places > 0);
	require(!!(d->flags & VIRTQ_DESC_F_WRITE) == (d->len > 0));
	r->seen += r->chain[*id].places;
	r->n_free += r->chain[*id].places;
	r->free[r->n_ids++] = (uint16_t)*id;
	r->chain[*id].places = 0;
	return true;
}

static bool collect_split(struct ring *r, unsigned *id, uint32_t *len)
{
	const struct virtq_used_elem *e = &r->used->ring[r->seen % r->size];

	if (r->used->idx == (uint16_t)r->seen)
		return false;
	require(e->id < r->size && r->chain[e->id].places > 0);
	*id = e->id;
	*len = e->len;
	r->seen++;
	for (unsigned i = r->chain[*id].places; i-- > 0;)
		r->free[r->n_free++] = r->chain[*id].desc[i];
	r->chain[*id].places = 0;
	return true;
}

bool ring_collect(struct ring *r, unsigned *id, uint32_t *len)
{
	return r->packed ? collect_packed(r, id, len) : collect_split(r, id, len);
}

/* Is the event at place `offset` of the lap with this wrap counter among positions [old, new)? */
static bool passed(const struct ring *r, unsigned event, uint64_t old, uint64_t new)
{
	for (uint64_t at = old; at < new; at++) {
		if (r->packed && at % r->size == (event & 0x7fff) && wrap(r, at) == event >> 15)
			return true;
		if (!r->packed && (uint16_t)at == event)
			return true;
	}
	return false;
}

bool ring_wants_kick(struct ring *r)
{
	uint64_t old = r->kicked;
	uint16_t event;

	r->kicked = r->added;
	if (r->packed) {
		require(r->device->flags <= PVIRTQ_EVENT_F_DESC);
		require(r->event_idx || r->device->flags != PVIRTQ_EVENT_F_DESC);
		if (r->device->flags != PVIRTQ_EVENT_F_DESC)
			return r->device->flags == PVIRTQ_EVENT_F_ENABLE;
		return passed(r, r->device->offset, old, r->added);
	}
	if (!r->event_idx)
		return !(r->used->flags & VIRTQ_USED_F_NO_NOTIFY);
	memcpy(&event, &r->used->ring[r->size], sizeof(event));
	return passed(r, event, old, r->added);
}

void ring_wish_at(struct ring *r, uint64_t at)
{
	if (r->packed)
		*r->driver = (struct pvirtq_event){
			(uint16_t)(at % r->size | (wrap(r, at) ? PVIRTQ_EVENT_WRAP : 0)),
			PVIRTQ_EVENT_F_DESC};
	else
		r->avail->ring[r->size] = (uint16_t)at;
}

void ring_wish(struct ring *r, bool on)
{
	uint16_t *flags = r->packed ? &r->driver->flags : &r->avail->flags;

	_Static_assert(VIRTQ_AVAIL_F_NO_INTERRUPT == PVIRTQ_EVENT_F_DISABLE, "the same bit");
	*flags = (uint16_t)(on ? 0 : VIRTQ_AVAIL_F_NO_INTERRUPT);
}
