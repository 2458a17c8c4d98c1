/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of one virtqueue without a transport, split or packed: it makes chains available, collects
 * what was used, and reads and writes wishes for events as virtio 1.2 (2.7.7, 2.7.10, 2.8.10) has them. Positions count from the
 * start of the ring and never wrap: chains in a split ring, places in a packed one.
 */
#ifndef VESPER_TESTS_SIM_RING_H
#define VESPER_TESTS_SIM_RING_H

#include "devices/virtqueue.h"
#include "include/abi/virtio_ring.h"
#include "tests/sim/host.h"

struct ring {
	struct host *host;
	struct virtqueue vq;
	bool packed, event_idx;
	unsigned size;
	union {
		struct virtq_desc *desc;
		struct pvirtq_desc *pdesc;
	};
	union {
		struct virtq_avail *avail;
		struct pvirtq_event *driver;
	};
	union {
		struct virtq_used *used;
		struct pvirtq_event *device;
	};
	uint64_t added, kicked, seen; /* positions */
	unsigned n_free;              /* descriptors */
	uint16_t free[VIRTQUEUE_MAX]; /* split: descriptors, packed: IDs */
	unsigned n_ids;               /* packed: free IDs */
	struct {
		unsigned places;
		uint16_t desc[VIRTQUEUE_MAX]; /* split */
	} chain[VIRTQUEUE_MAX];
};

/* Rings in new guest memory, and the queue started on them. */
void ring_open(struct ring *r, struct host *host, unsigned size, bool packed, bool event_idx);

/* Makes a chain of n descriptors available; its ID, or -1 when there is no room. Flags other than NEXT and those of the lap are the caller's. */
int ring_add(struct ring *r, const struct virtq_desc *d, unsigned n);

/* The next chain that was used. */
bool ring_collect(struct ring *r, unsigned *id, uint32_t *len);

/* Does the device want a kick for what was added since the last call? */
bool ring_wants_kick(struct ring *r);

/* An interrupt for the chain used at position `at`; with the event index only. */
void ring_wish_at(struct ring *r, uint64_t at);
/* Interrupts for all, or for none. */
void ring_wish(struct ring *r, bool on);

#endif
