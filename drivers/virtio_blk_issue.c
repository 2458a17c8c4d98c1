/* SPDX-License-Identifier: MIT */
/* From requests to descriptors, and what became of them. */
#include "drivers/virtio_blk_parts.h"

#define PART_BYTES_MAX MIB(64) /* far below what 32 bits of sectors or bytes hold anywhere */

/* ---- a request's state ---- */

void blk_request_start(struct block_request *r)
{
	for (unsigned i = 0; i <= BLK_STATE; i++)
		r->driver[i] = 0;
}

static void note_failure(struct block_request *r, enum status status)
{
	if (status != OK && blk_request_status(r) == OK)
		r->driver[BLK_STATE] |= (uint64_t)status << BLK_STATUS_SHIFT;
}

enum status blk_request_status(const struct block_request *r)
{
	return (enum status)(r->driver[BLK_STATE] >> BLK_STATUS_SHIFT);
}

struct block_request *blk_part_done(struct blk_queue *q, struct blk_slot *slot, enum status status)
{
	struct block_request *r = slot->request;

	slot->request = NULL;
	note_failure(r, status);
	r->driver[BLK_STATE]--;
	/* What is not issued yet of one that failed need not be. */
	if (status != OK && q->half == r) {
		q->half = NULL;
		r->driver[BLK_STATE] |= BLK_WHOLE;
	}
	return blk_request_over(r) ? r : NULL;
}

/* ---- a part ---- */

static const uint32_t types[] = {
	[BLOCK_READ] = VIRTIO_BLK_T_IN,
	[BLOCK_WRITE] = VIRTIO_BLK_T_OUT,
	[BLOCK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[BLOCK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[BLOCK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
};

static void put(struct virtq_desc *desc, const void *at, uint32_t len, uint16_t flags)
{
	*desc = (struct virtq_desc){.addr = (uintptr_t)at, .len = len, .flags = flags};
}

/* The slot that the next chain has, its header written. */
static struct blk_slot *next_slot(struct blk_queue *q, uint32_t type, uint64_t sector)
{
	struct blk_slot *slot = blk_slot(q, virtio_ring_head(&q->ring));

	slot->status = 0xff;
	slot->started = q->disk->seconds;
	slot->header = (struct virtio_blk_header){.type = type, .sector = sector};
	put(&slot->table[0], &slot->header, sizeof(slot->header), 0);
	return slot;
}

/* `n` descriptors between header and status are in the table. */
static void send(struct blk_queue *q, struct blk_slot *slot, struct block_request *r, unsigned n)
{
	put(&slot->table[n + 1], &slot->status, 1, VIRTQ_DESC_F_WRITE);
	slot->request = r;
	virtio_ring_add(&q->ring, slot->table, n + 2);
	if (r)
		r->driver[BLK_STATE]++;
}

/* A walk along the segments that are left. */
struct place {
	uint64_t segment, within;
};

/* The next piece, `max` bytes at most, and steps over it. 0: there is none. */
static uint32_t next_piece(
	const struct block_request *r, struct place *p, uint64_t max, uint64_t *addr)
{
	while (p->segment < r->n && p->within == r->segment[p->segment].len)
		*p = (struct place){p->segment + 1, 0};
	if (p->segment == r->n)
		return 0;
	const struct block_segment *s = &r->segment[p->segment];
	uint32_t left = s->len - (uint32_t)p->within;
	uint32_t n = left < max ? left : (uint32_t)max;

	*addr = s->addr.a + p->within;
	p->within += n;
	return n;
}

/* How many bytes fit `pieces` descriptors: whole blocks, for the next part has to begin with one. */
static uint64_t part_bytes(
	const struct blk_disk *d, const struct block_request *r, struct place p, unsigned pieces)
{
	uint64_t bytes = 0, addr;
	uint32_t n;

	while (pieces-- && bytes < PART_BYTES_MAX &&
		(n = next_piece(r, &p, d->size_max, &addr)) > 0)
		bytes += n;
	bytes = bytes < PART_BYTES_MAX ? bytes : PART_BYTES_MAX;
	return bytes / d->info.block_size * d->info.block_size;
}

static uint16_t fill(const struct blk_disk *d, const struct block_request *r, struct place *p,
	uint64_t bytes, struct virtq_desc *table)
{
	uint16_t n = 0, flags = r->op == BLOCK_READ ? VIRTQ_DESC_F_WRITE : 0;

	while (bytes) {
		uint64_t addr, max = bytes < d->size_max ? bytes : d->size_max;
		uint32_t len = next_piece(r, p, max, &addr);

		table[n++] = (struct virtq_desc){.addr = addr, .len = len, .flags = flags};
		bytes -= len;
	}
	return n;
}

/* Nearly all requests: all of it fits one part, a descriptor for each segment. false: it does not. */
static bool issue_whole(struct blk_queue *q, struct block_request *r, unsigned pieces)
{
	const struct blk_disk *d = q->disk;
	uint64_t bytes = 0;

	if (r->driver[BLK_ISSUED] || r->n > pieces || r->len > PART_BYTES_MAX ||
		r->len > d->size_max)
		return false;
	struct blk_slot *slot = next_slot(q, types[r->op], r->offset / VIRTIO_BLK_SECTOR);
	uint16_t flags = r->op == BLOCK_READ ? VIRTQ_DESC_F_WRITE : 0;

	for (unsigned i = 0; i < r->n; i++) {
		const struct block_segment *s = &r->segment[i];

		if (!s->len)
			return false;
		slot->table[1 + i] =
			(struct virtq_desc){.addr = s->addr.a, .len = s->len, .flags = flags};
		bytes += s->len;
	}
	/* What is longer than the request, or shorter, is for the long way. */
	if (bytes != r->len)
		return false;
	send(q, slot, r, r->n);
	return true;
}

/* Bytes issued; 0: segments too small to make a block of. */
static uint64_t issue_data(struct blk_queue *q, struct block_request *r, unsigned room)
{
	const struct blk_disk *d = q->disk;
	struct place p = {r->driver[BLK_SEGMENT], r->driver[BLK_WITHIN]};
	unsigned pieces = room - 2 < d->seg_max ? room - 2 : d->seg_max;

	if (issue_whole(q, r, pieces))
		return r->len;
	uint64_t bytes = part_bytes(d, r, p, pieces), left = r->len - r->driver[BLK_ISSUED];
	uint64_t sector = (r->offset + r->driver[BLK_ISSUED]) / VIRTIO_BLK_SECTOR;

	bytes = bytes < left ? bytes : left;
	if (!bytes)
		return 0;
	struct blk_slot *slot = next_slot(q, types[r->op], sector);
	unsigned n = fill(d, r, &p, bytes, slot->table + 1);

	r->driver[BLK_SEGMENT] = p.segment;
	r->driver[BLK_WITHIN] = p.within;
	send(q, slot, r, n);
	return bytes;
}

static uint64_t issue_range(struct blk_queue *q, struct block_request *r)
{
	const struct blk_disk *d = q->disk;
	uint64_t max = r->op == BLOCK_DISCARD ? d->discard_part : d->zeroes_part;
	uint64_t left = r->len - r->driver[BLK_ISSUED];
	uint64_t bytes = left < max ? left : max;
	struct blk_slot *slot = next_slot(q, types[r->op], 0);

	slot->range = (struct virtio_blk_range){
		.sector = (r->offset + r->driver[BLK_ISSUED]) / VIRTIO_BLK_SECTOR,
		.num_sectors = (uint32_t)(bytes / VIRTIO_BLK_SECTOR),
		.flags = r->op == BLOCK_WRITE_ZEROES && r->unmap ? VIRTIO_BLK_RANGE_F_UNMAP : 0,
	};
	put(&slot->table[1], &slot->range, sizeof(slot->range), 0);
	send(q, slot, r, 1);
	return bytes;
}

static uint64_t issue_part(struct blk_queue *q, struct block_request *r, unsigned room)
{
	switch (r->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		return issue_data(q, r, room);
	case BLOCK_FLUSH:
		send(q, next_slot(q, types[r->op], 0), r, 0);
		return 0;
	default:
		return issue_range(q, r);
	}
}

bool blk_issue(struct blk_queue *q, struct block_request *r)
{
	uint64_t len = r->op == BLOCK_FLUSH ? 0 : r->len;

	do {
		unsigned room = virtio_ring_room(&q->ring, BLK_TABLE);
		uint64_t bytes;

		/* A chain without a table of its own wants a fair part of the ring. */
		if (room < 3 || (!q->ring.indirect && room < q->ring.size / 4u))
			return false;
		bytes = issue_part(q, r, room);
		if (!bytes && len) {
			note_failure(r, ERR_INVALID);
			break;
		}
		r->driver[BLK_ISSUED] += bytes;
	} while (r->driver[BLK_ISSUED] < len);
	r->driver[BLK_STATE] |= BLK_WHOLE;
	return true;
}

void blk_issue_get_id(struct blk_queue *q)
{
	struct blk_slot *slot = next_slot(q, VIRTIO_BLK_T_GET_ID, 0);

	put(&slot->table[1], slot->id, sizeof(slot->id), VIRTQ_DESC_F_WRITE);
	send(q, slot, NULL, 1);
}
