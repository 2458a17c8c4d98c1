/* SPDX-License-Identifier: MIT */
/*
 * One request of a disk: what a chain asks for, checked, as the steps that the host is to take. Most have one. A
 * discard has one for each of its ranges, and a write that has to be kept before it is reported ends
 * with a flush. The chain is only looked at by blk_request_parse(); afterwards all is here.
 */
#ifndef VESPER_DEVICES_BLK_REQUEST_H
#define VESPER_DEVICES_BLK_REQUEST_H

#include "devices/virtqueue.h"
#include "include/abi/virtio_blk.h"

#define BLK_SEG_MAX 254 /* data segments; with header and status as many as the queue has entries */
#define BLK_RANGES  32  /* of a discard or a write of zeroes */

/* The status of a request that is not over: no status byte has this value. */
#define BLK_PENDING 0xffu

enum blk_state {
	BLK_FREE,
	BLK_WAITING, /* for the host to take the next step */
	BLK_LENT,
	BLK_FORGOTTEN, /* lent, and its queue was reset: its guest knows nothing of it any more */
};

struct blk_request {
	struct dm_request lent; /* the step: first, so that done() finds the rest */
	enum blk_state state;
	uint8_t queue;
	bool flush; /* the last step is a flush */
	uint8_t range, n_ranges;
	uint32_t head;
	uint32_t written; /* what the used ring says if all goes well */
	gpa_t status;     /* of the status byte */
	union {
		struct slice slices[BLK_SEG_MAX];
		struct virtio_blk_range ranges[BLK_RANGES];
	};
};

/* What a request is checked against. */
struct blk_rules {
	struct dm_disk disk;
	uint64_t features; /* negotiated */
	bool writethrough; /* writes are kept before they are reported */
};

/*
 * Fills `request` from a chain that has at least a status byte. BLK_PENDING: its first step is to be submitted; else it is over with this VIRTIO_BLK_S_
 * (and `written` holds for VIRTIO_BLK_S_OK).
 */
MUST_CHECK uint8_t blk_request_parse(
	struct blk_request *request, const struct blk_rules *rules, const struct vq_chain *chain);

/* A step went well: the next one is made ready. false: that was the last. */
MUST_CHECK bool blk_request_next(struct blk_request *request);

#endif
