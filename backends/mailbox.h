/* SPDX-License-Identifier: MIT */
/*
 * Buffers of a VM that wait for what others send it. The VM posts them and takes them back filled; a sender copies
 * into them. Its lock makes the copy safe against the VM's end: after mailbox_clear() no address of it is used any more.
 * The lock is the innermost: nothing is called with it held.
 */
#ifndef VESPER_BACKENDS_MAILBOX_H
#define VESPER_BACKENDS_MAILBOX_H

#include "include/dm.h"
#include "lib/spinlock.h"

/* A piece of memory that Vesper can read or write. */
struct iovec_piece {
	void *data;
	uint32_t len;
};

struct mailbox;

/* Bytes of one, a multiple of 8; the memory is the caller's. */
size_t mailbox_size(void);
struct mailbox *mailbox_init(void *memory);

/*
 * The VM's side. Pieces are copied; DM_POSTED_SLICES_MAX at most. false: it is full, of buffers (DM_POSTED_MAX) or of pieces. room: of the
 * first buffer of a frame so many bytes are left alone (host_post()).
 */
MUST_CHECK bool mailbox_post(struct mailbox *box, uint32_t token, unsigned room,
	const struct iovec_piece *pieces, unsigned n);
/* The next filled buffer and its pieces (room for DM_POSTED_SLICES_MAX), as they were posted. */
MUST_CHECK bool mailbox_take(
	struct mailbox *box, struct dm_received *out, struct iovec_piece *pieces, unsigned *n);
/* The next buffer whether filled or not; its frame is lost. */
MUST_CHECK bool mailbox_take_back(struct mailbox *box, struct iovec_piece *pieces, unsigned *n);
/* All of them. */
void mailbox_clear(struct mailbox *box);

/*
 * A sender's: all of `pieces` (their sum is len) into as many buffers as it takes, or nothing: false. max_buffers 1: into one.
 * From any hart.
 */
MUST_CHECK bool mailbox_deliver(struct mailbox *box, const struct dm_frame *frame,
	const struct iovec_piece *pieces, unsigned n, size_t len, unsigned max_buffers);

/* Bytes that the next free buffer takes; 0: there is none. Another sender may take it meanwhile. */
size_t mailbox_room(struct mailbox *box);

#endif
