/* SPDX-License-Identifier: MIT */
/*
 * What the files of the disk driver share. A request goes to the device in
 * parts, as many as its limits ask for; each part has a slot, whose number is
 * the head of the chain in the ring. A request that does not fit the ring's room waits
 * half issued, and nothing else is taken meanwhile.
 */
#ifndef VESPER_DRIVERS_VIRTIO_BLK_PARTS_H
#define VESPER_DRIVERS_VIRTIO_BLK_PARTS_H

#include "drivers/virtio.h"
#include "include/abi/virtio_blk.h"
#include "include/block.h"
#include "lib/spinlock.h"

#define BLK_DISKS_MAX  8
#define BLK_QUEUES_MAX 4
#define BLK_DEPTH      128 /* slots of a queue */
#define BLK_SLOT_BYTES 4096
#define BLK_TABLE      252 /* descriptors of a part */
#define BLK_DATA_MAX   (BLK_TABLE - 2)

/* Words of block_request.driver while a request is in flight. */
enum {
	BLK_ISSUED,  /* bytes that are given to the device */
	BLK_SEGMENT, /* the segment that comes next */
	BLK_WITHIN,  /* bytes of it that are issued */
	BLK_STATE,   /* parts in flight, BLK_WHOLE, and an enum status above */
};

#define BLK_FLYING       0xffffull
#define BLK_WHOLE        0x10000ull /* all parts are issued */
#define BLK_STATUS_SHIFT 32

/* A page of its own: the device reads all of it but what is said, and writes `status` and `id`. */
struct blk_slot {
	struct block_request *request; /* NULL: free */
	uint32_t started;              /* blk_disk.seconds */
	uint8_t status;
	struct virtio_blk_header header;
	union {
		struct virtio_blk_range range;
		uint8_t id[VIRTIO_BLK_ID_BYTES];
	};
	struct virtq_desc table[BLK_TABLE];
};
_Static_assert(sizeof(struct blk_slot) <= BLK_SLOT_BYTES, "blk_slot");

struct blk_queue {
	struct spinlock lock; /* of all below but disk */
	struct blk_disk *disk;
	bool dead;                  /* takes nothing more */
	bool refused;               /* ERR_BUSY was said since it last had room */
	struct block_request *half; /* issued in part */
	uint8_t *slots;             /* at multiples of BLK_SLOT_BYTES */
	struct virtio_ring ring;
};

struct blk_disk {
	struct virtio_device *device;
	struct block_info info;
	unsigned number;
	uint32_t size_max, seg_max;         /* of one part */
	uint64_t discard_part, zeroes_part; /* bytes of one part */
	uint32_t failed;
	uint32_t seconds; /* ticks that there were */
	struct blk_queue queue[BLK_QUEUES_MAX];
};

static inline struct blk_slot *blk_slot(const struct blk_queue *q, unsigned n)
{
	return (struct blk_slot *)(q->slots + (size_t)BLK_SLOT_BYTES * n);
}

/* ---- virtio_blk.c ---- */

extern struct blk_disk *blk_disks[BLK_DISKS_MAX];
extern unsigned blk_n_disks;

/* The queue may have something; the device may have changed; a second is over. */
void blk_serve(void *queue);
void blk_changed(void *disk);
bool blk_tick(void *disk);

/* Nothing works any more. */
void blk_fail(struct blk_disk *d, const char *why);

/* ---- virtio_blk_issue.c: with the queue's lock ---- */

void blk_request_start(struct block_request *r);

/* Issues parts while there is room and something left. true: all is issued. */
bool blk_issue(struct blk_queue *q, struct block_request *r);

/* The serial's request: in slot 0 of an empty queue. */
void blk_issue_get_id(struct blk_queue *q);

/* The part in the slot is over: OK, ERR_IO or ERR_UNSUPPORTED. Its request, if that was its last; else NULL. */
struct block_request *blk_part_done(struct blk_queue *q, struct blk_slot *slot, enum status status);

/* Is nothing of it left, neither to issue nor to wait for? */
static inline bool blk_request_over(const struct block_request *r)
{
	return (r->driver[BLK_STATE] & (BLK_FLYING | BLK_WHOLE)) == BLK_WHOLE;
}

enum status blk_request_status(const struct block_request *r);

#endif
