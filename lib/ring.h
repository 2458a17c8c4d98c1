/* SPDX-License-Identifier: MIT */
/*
 * Bytes that wait, in memory that the owner brings. Head and tail run freely
 * and are reduced to places only where a byte is touched, so that all of the
 * memory can be used. No lock: the owner has one.
 */
#ifndef VESPER_LIB_RING_H
#define VESPER_LIB_RING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ring {
	char *data;
	uint32_t size;       /* of `data`: a power of two, 2 GiB at most */
	uint32_t head, tail; /* head - tail bytes wait */
};

static inline uint32_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline uint32_t ring_room(const struct ring *r)
{
	return r->size - ring_used(r);
}

static inline void ring_clear(struct ring *r)
{
	r->tail = r->head;
}

/* From place `from` on (tail..head): how many bytes lie there in one piece, and where. */
static inline uint32_t ring_piece(const struct ring *r, uint32_t from, const char **at)
{
	uint32_t place = from & (r->size - 1), to_end = r->size - place, used = r->head - from;

	*at = r->data + place;
	return used < to_end ? used : to_end;
}

/* Puts as many of the bytes as there is room for; returns how many. */
static inline size_t ring_put(struct ring *r, const char *data, size_t len)
{
	uint32_t n = len < ring_room(r) ? (uint32_t)len : ring_room(r);
	uint32_t place = r->head & (r->size - 1);
	uint32_t first = n < r->size - place ? n : r->size - place;

	memcpy(r->data + place, data, first);
	memcpy(r->data, data + first, n - first);
	r->head += n;
	return n;
}

/* Puts all of them; the oldest make room. Returns how many bytes, of old and new, are lost. */
static inline size_t ring_keep(struct ring *r, const char *data, size_t len)
{
	size_t lost = len > r->size ? len - r->size : 0;
	uint32_t n = (uint32_t)(len - lost);
	uint32_t over = n > ring_room(r) ? n - ring_room(r) : 0;

	r->tail += over;
	ring_put(r, data + lost, n);
	return lost + over;
}

/* Takes up to `len` bytes; returns how many. */
static inline size_t ring_get(struct ring *r, char *out, size_t len)
{
	size_t done = 0;
	const char *at;
	uint32_t n;

	while (done < len && (n = ring_piece(r, r->tail, &at)) > 0) {
		if (n > len - done)
			n = (uint32_t)(len - done);
		memcpy(out + done, at, n);
		r->tail += n;
		done += n;
	}
	return done;
}

#endif
