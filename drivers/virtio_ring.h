/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a split ring (virtio 1.2, 2.7). A chain of buffers is
 * built in a table of descriptors that the caller owns and is named by its head; with
 * INDIRECT the device is sent to the table, without it the table is copied.
 * What the device writes is checked: it can make its queue useless, but it
 * can't make us believe in a chain that it was not given.
 */
#ifndef VESPER_DRIVERS_VIRTIO_RING_H
#define VESPER_DRIVERS_VIRTIO_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "include/abi/virtio.h"
#include "include/status.h"

#define VIRTIO_RING_MAX 256 /* entries */

struct virtio_ring {
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	const volatile uint16_t *
		avail_event; /* behind the used ring: up to which entry the device needs no telling */
	uintptr_t doorbell; /* where the device is told of it, and its number there */
	uint16_t number;
	uint16_t size; /* a power of two */
	bool indirect, event_idx;
	uint16_t n_free, free; /* descriptors without a chain, and the first of their list */
	uint16_t next_avail, next_used; /* as the rings count */
	uint16_t told;                  /* next_avail when the device was last told or not told */
	uint16_t next[VIRTIO_RING_MAX]; /* descriptor that follows in the free list or the chain */
	uint16_t length[VIRTIO_RING_MAX]; /* of the chain in flight that begins there; 0: none */
};

/* Takes memory for a ring of `size` entries (VIRTIO_RING_MAX at most). ERR_NO_MEMORY. */
MUST_CHECK enum status virtio_ring_init(
	struct virtio_ring *ring, uint16_t size, bool indirect, bool event_idx);

/* How many buffers the next chain may have: 0 when the ring is full. `table` entries is what the caller has room for. */
unsigned virtio_ring_room(const struct virtio_ring *ring, unsigned table);

/* The head that the next chain will have, while there is room. */
static inline unsigned virtio_ring_head(const struct virtio_ring *ring)
{
	return ring->free;
}

/*
 * Gives the device the `n` buffers of `table` (address, length and VIRTQ_DESC_F_WRITE are set), for which there is room. The
 * table stays with the device until the chain comes back. Returns its head.
 */
unsigned virtio_ring_add(struct virtio_ring *ring, struct virtq_desc *table, unsigned n);

/* After one or more were added: does the device want to be told? */
MUST_CHECK bool virtio_ring_must_notify(struct virtio_ring *ring);

/* Takes back a chain that is done: its head, and the bytes that the device says it wrote. */
#define VIRTIO_RING_NONE   (-1)
#define VIRTIO_RING_BROKEN (-2) /* nothing that the device says can be right */
MUST_CHECK int virtio_ring_take(struct virtio_ring *ring, uint32_t *written);

/*
 * Asks for an interrupt once `after` more chains are done (1: the next). true: there is one already, so that none may come.
 * Without EVENT_IDX each chain has an interrupt.
 */
MUST_CHECK bool virtio_ring_rearm(struct virtio_ring *ring, unsigned after);

/* Chains with the device. */
static inline bool virtio_ring_idle(const struct virtio_ring *ring)
{
	return ring->n_free == ring->size;
}

#endif
