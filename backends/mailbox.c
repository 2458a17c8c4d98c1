/* SPDX-License-Identifier: MIT */
/*
 * A mailbox is a ring of buffers, first those that are filled, then those that are free, and a ring of the pieces
 * that they are made of: buffers come and go in order, so their pieces do, too. Its counters run freely and are
 * reduced to places where something is touched.
 */
#include <string.h>

#include "backends/mailbox.h"

#define BUFFERS DM_POSTED_MAX
#define PIECES  512

_Static_assert((BUFFERS & (BUFFERS - 1)) == 0 && (PIECES & (PIECES - 1)) == 0, "rings");

struct buffer {
	uint32_t token;
	uint32_t size; /* bytes */
	uint32_t len;  /* bytes of a frame in it */
	uint16_t room;
	uint16_t pieces;
	uint16_t buffers;
	struct dm_frame frame;
};

struct mailbox {
	struct spinlock lock; /* of all that follows */
	/* Buffers [taken, filled) are filled, [filled, posted) are free. */
	uint32_t taken, filled, posted;
	/* Pieces [piece_taken, piece_filled) are of filled ones, up to piece_posted of free ones. */
	uint32_t piece_taken, piece_filled, piece_posted;
	struct buffer buffer[BUFFERS];
	void *data[PIECES];
	uint32_t data_len[PIECES];
};

_Static_assert(sizeof(struct mailbox) % 8 == 0, "several lie in a row");

size_t mailbox_size(void)
{
	return sizeof(struct mailbox);
}

struct mailbox *mailbox_init(void *memory)
{
	struct mailbox *box = memory;

	memset(box, 0, sizeof(*box));
	return box;
}

static struct buffer *buffer_at(struct mailbox *box, uint32_t i)
{
	return &box->buffer[i % BUFFERS];
}

static void add_pieces(struct mailbox *box, struct buffer *buffer, const struct iovec_piece *pieces)
{
	for (unsigned i = 0; i < buffer->pieces; i++) {
		uint32_t at = box->piece_posted++ % PIECES;
		box->data[at] = pieces[i].data;
		box->data_len[at] = pieces[i].len;
		buffer->size += pieces[i].len;
	}
}

bool mailbox_post(struct mailbox *box, uint32_t token, unsigned room,
	const struct iovec_piece *pieces, unsigned n)
{
	spin_lock(&box->lock);
	bool fits = box->posted - box->taken < BUFFERS && n <= DM_POSTED_SLICES_MAX &&
		    n <= PIECES - (box->piece_posted - box->piece_taken);
	if (fits) {
		struct buffer *buffer = buffer_at(box, box->posted++);
		*buffer = (struct buffer){
			.token = token, .room = (uint16_t)room, .pieces = (uint16_t)n};
		add_pieces(box, buffer, pieces);
	}
	spin_unlock(&box->lock);
	return fits;
}

/* With the lock: the oldest buffer and its pieces go. */
static const struct buffer *remove_buffer(
	struct mailbox *box, struct iovec_piece *pieces, unsigned *n)
{
	const struct buffer *buffer = buffer_at(box, box->taken++);

	*n = buffer->pieces;
	for (unsigned i = 0; i < buffer->pieces; i++) {
		uint32_t at = box->piece_taken++ % PIECES;
		pieces[i] = (struct iovec_piece){box->data[at], box->data_len[at]};
	}
	return buffer;
}

bool mailbox_take(
	struct mailbox *box, struct dm_received *out, struct iovec_piece *pieces, unsigned *n)
{
	spin_lock(&box->lock);
	bool any = box->taken != box->filled;
	if (any) {
		const struct buffer *buffer = remove_buffer(box, pieces, n);
		*out = (struct dm_received){
			.token = buffer->token,
			.len = buffer->len,
			.buffers = buffer->buffers,
			.frame = buffer->frame,
		};
	}
	spin_unlock(&box->lock);
	return any;
}

bool mailbox_take_back(struct mailbox *box, struct iovec_piece *pieces, unsigned *n)
{
	spin_lock(&box->lock);
	bool any = box->taken != box->posted;
	if (any) {
		/* It was free: the free ones begin behind it. */
		if (box->filled == box->taken) {
			box->filled++;
			box->piece_filled += buffer_at(box, box->taken)->pieces;
		}
		remove_buffer(box, pieces, n);
	}
	spin_unlock(&box->lock);
	return any;
}

void mailbox_clear(struct mailbox *box)
{
	spin_lock(&box->lock);
	box->taken = box->filled = box->posted;
	box->piece_taken = box->piece_filled = box->piece_posted;
	spin_unlock(&box->lock);
}

/* ---- a sender's side ---- */

/* How many buffers `len` bytes take; 0: more than there are or may be. */
static unsigned buffers_for(struct mailbox *box, size_t len, unsigned max)
{
	unsigned free = box->posted - box->filled;
	uint64_t size = 0;

	for (unsigned i = 0; i < free && i < max; i++) {
		const struct buffer *buffer = buffer_at(box, box->filled + i);
		if (i == 0 && buffer->room > buffer->size)
			return 0;
		size += buffer->size - (i == 0 ? buffer->room : 0u);
		if (size >= len)
			return i + 1;
	}
	return 0;
}

/* What is left to be copied of a sender's pieces. */
struct source {
	const struct iovec_piece *piece;
	uint32_t at; /* in it */
};

static void copy_from(struct source *from, uint8_t *to, uint32_t len)
{
	while (len > 0) {
		uint32_t part = from->piece->len - from->at;
		if (part > len)
			part = len;
		memcpy(to, (const uint8_t *)from->piece->data + from->at, part);
		to += part;
		len -= part;
		from->at += part;
		if (from->at == from->piece->len) {
			from->piece++;
			from->at = 0;
		}
	}
}

/* Fills the next free buffer past its first `skip` bytes with as much of `left` as it takes. */
static uint32_t fill(struct mailbox *box, struct source *from, uint32_t skip, size_t left)
{
	struct buffer *buffer = buffer_at(box, box->filled++);

	for (unsigned i = 0; i < buffer->pieces; i++) {
		uint32_t at = box->piece_filled++ % PIECES;
		uint32_t over = skip < box->data_len[at] ? skip : box->data_len[at];
		uint32_t part = box->data_len[at] - over;
		skip -= over;
		if (part > left - buffer->len)
			part = (uint32_t)(left - buffer->len);
		if (part > 0)
			copy_from(from, (uint8_t *)box->data[at] + over, part);
		buffer->len += part;
	}
	return buffer->len;
}

bool mailbox_deliver(struct mailbox *box, const struct dm_frame *frame,
	const struct iovec_piece *pieces, unsigned n, size_t len, unsigned max_buffers)
{
	struct source from = {pieces, 0};

	if (n == 0 || len == 0)
		return false;
	spin_lock(&box->lock);
	unsigned buffers = buffers_for(box, len, max_buffers);
	if (buffers > 0) {
		struct buffer *first = buffer_at(box, box->filled);
		first->frame = *frame;
		first->buffers = (uint16_t)buffers;
		len -= fill(box, &from, first->room, len);
		for (unsigned i = 1; i < buffers; i++)
			len -= fill(box, &from, 0, len);
	}
	spin_unlock(&box->lock);
	return buffers > 0;
}

size_t mailbox_room(struct mailbox *box)
{
	spin_lock(&box->lock);
	size_t room = box->posted == box->filled ? 0 : buffer_at(box, box->filled)->size;

	spin_unlock(&box->lock);
	return room;
}
