/* SPDX-License-Identifier: MIT */
/*
 * The life of a disk: requests come in, parts come back, and when the device
 * fails all that it holds ends with an error after it was reset, so that it
 * writes to nobody's memory any more. done() and room() are called with no lock.
 */
#include "drivers/virtio_blk_parts.h"
#include "lib/log.h"

#define TIMEOUT_SECONDS 30
#define SECOND_NS       1000000000ull

struct blk_disk *blk_disks[BLK_DISKS_MAX];
unsigned blk_n_disks;

static void (*on_room)(unsigned disk);

unsigned block_count(void)
{
	return blk_n_disks;
}

const struct block_info *block_info(unsigned disk)
{
	return &blk_disks[disk]->info;
}

void block_on_room(void (*room)(unsigned disk))
{
	on_room = room;
}

/* ---- what came back ---- */

/* Requests that are over, to be finished without the lock. */
struct finished {
	struct block_request *first, **end;
	bool room;
};

static void finished_add(struct finished *f, struct block_request *r)
{
	r->next = NULL;
	*f->end = r;
	f->end = &r->next;
}

static void finish(const struct blk_disk *d, struct finished *f)
{
	struct block_request *next;

	for (struct block_request *r = f->first; r; r = next) {
		next = r->next;
		r->done(r, blk_request_status(r));
	}
	if (f->room && on_room)
		on_room(d->number);
}

static enum status status_of(uint8_t code)
{
	switch (code) {
	case VIRTIO_BLK_S_OK:
		return OK;
	case VIRTIO_BLK_S_UNSUPP:
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

/* A slot's part is over; the slot may be free already. */
static void part_over(
	struct blk_queue *q, struct blk_slot *slot, enum status status, struct finished *f)
{
	struct block_request *r = slot->request ? blk_part_done(q, slot, status) : NULL;

	if (r)
		finished_add(f, r);
}

/* Goes on with the request that had no room, and asks for more when there is. */
static void use_room(struct blk_queue *q, struct finished *f)
{
	struct block_request *r = q->half;

	if (r && blk_issue(q, r)) {
		q->half = NULL;
		if (blk_request_over(r))
			finished_add(f, r);
	}
	if (q->refused && !q->half) {
		q->refused = false;
		f->room = true;
	}
}

/* Takes what the device has done. false: it has gone mad. */
static bool take_all(struct blk_queue *q, struct finished *f)
{
	uint32_t written;
	int head;

	do {
		while ((head = virtio_ring_take(&q->ring, &written)) >= 0) {
			struct blk_slot *slot = blk_slot(q, (unsigned)head);

			part_over(q, slot, status_of(*(volatile uint8_t *)&slot->status), f);
		}
		if (head == VIRTIO_RING_BROKEN)
			return false;
	} while (virtio_ring_rearm(&q->ring, 1));
	return true;
}

/* ---- failure ---- */

/* All that the queue holds ends with ERR_IO. */
static void drop_all(struct blk_queue *q)
{
	struct finished f = {.end = &f.first, .room = true};

	spin_lock(&q->lock);
	if (q->half) {
		q->half->driver[BLK_STATE] |= BLK_WHOLE;
		if (blk_request_over(q->half))
			finished_add(&f, q->half);
		q->half->driver[BLK_STATE] |= (uint64_t)ERR_IO << BLK_STATUS_SHIFT;
		q->half = NULL;
	}
	for (unsigned i = 0; i < q->ring.size; i++)
		part_over(q, blk_slot(q, i), ERR_IO, &f);
	spin_unlock(&q->lock);
	finish(q->disk, &f);
}

void blk_fail(struct blk_disk *d, const char *why)
{
	if (__atomic_exchange_n(&d->failed, 1u, __ATOMIC_ACQ_REL))
		return;
	for (unsigned i = 0; i < d->info.queues; i++) {
		spin_lock(&d->queue[i].lock);
		d->queue[i].dead = true;
		spin_unlock(&d->queue[i].lock);
	}
	log_line("%s: %s; all its requests fail from now on", d->info.name, why);
	virtio_stop(d->device);
	for (unsigned i = 0; i < d->info.queues; i++)
		drop_all(&d->queue[i]);
}

void blk_changed(void *owner)
{
	struct blk_disk *d = owner;

	if (virtio_is_broken(d->device))
		blk_fail(d, "the device has failed or is gone");
}

void blk_serve(void *owner)
{
	struct blk_queue *q = owner;
	struct finished f = {.end = &f.first};
	bool sane = true, notify = false;

	spin_lock(&q->lock);
	if (!q->dead) {
		sane = take_all(q, &f);
		if (sane)
			use_room(q, &f);
		notify = sane && virtio_ring_must_notify(&q->ring);
	}
	spin_unlock(&q->lock);
	if (notify)
		virtio_notify(q->disk->device, &q->ring);
	finish(q->disk, &f);
	if (!sane)
		blk_fail(q->disk, "the device returns what it was not given");
}

/* ---- requests that take too long ---- */

static bool is_late(const struct blk_queue *q)
{
	for (unsigned i = 0; i < q->ring.size; i++) {
		const struct blk_slot *slot = blk_slot(q, i);

		if (slot->request && q->disk->seconds - slot->started > TIMEOUT_SECONDS)
			return true;
	}
	return false;
}

bool blk_tick(void *owner)
{
	struct blk_disk *d = owner;
	bool busy = false, late = false;

	if (d->failed)
		return false;
	d->seconds++;
	for (unsigned i = 0; i < d->info.queues; i++) {
		struct blk_queue *q = &d->queue[i];

		spin_lock(&q->lock);
		busy |= !virtio_ring_idle(&q->ring);
		late |= is_late(q);
		spin_unlock(&q->lock);
	}
	if (late)
		blk_fail(d, "a request has taken more than 30 s");
	else
		blk_changed(d);
	return busy;
}

/* ---- requests ---- */

static enum status check(const struct block_info *info, const struct block_request *r)
{
	uint32_t block = info->block_size;
	bool writes = r->op != BLOCK_READ && r->op != BLOCK_FLUSH;

	if ((writes && info->read_only) || (r->op == BLOCK_DISCARD && !info->discard_max) ||
		(r->op == BLOCK_WRITE_ZEROES && !info->write_zeroes_max) ||
		(r->op == BLOCK_FLUSH && !info->flush))
		return ERR_UNSUPPORTED;
	if (r->op == BLOCK_FLUSH)
		return OK;
	if (!r->len || r->offset % block || r->len % block ||
		!range_inside(r->offset, r->len, 0, info->size))
		return ERR_INVALID;
	return OK;
}

/* With the lock. Nothing of it is issued unless OK. */
static enum status take(struct blk_queue *q, struct block_request *r)
{
	if (q->dead)
		return ERR_IO;
	if (q->half || virtio_ring_room(&q->ring, 3) < 3) {
		q->refused = true;
		return ERR_BUSY;
	}
	blk_request_start(r);
	if (!blk_issue(q, r))
		q->half = r;
	/* Some of it may be issued before it turns out that the rest can't be. */
	return blk_request_over(r) ? blk_request_status(r) : OK;
}

static enum status submit(struct blk_queue *q, struct block_request *r)
{
	bool notify = false;
	enum status status;

	spin_lock(&q->lock);
	status = take(q, r);
	if (status == OK)
		notify = virtio_ring_must_notify(&q->ring);
	spin_unlock(&q->lock);
	if (notify)
		virtio_notify(q->disk->device, &q->ring);
	return status;
}

static struct blk_queue *queue_of(unsigned disk, const struct block_request *r)
{
	struct blk_disk *d = blk_disks[disk];

	return &d->queue[r->queue % d->info.queues];
}

enum status block_submit(unsigned disk, struct block_request *r)
{
	enum status status = check(&blk_disks[disk]->info, r);

	if (status == OK)
		status = submit(queue_of(disk, r), r);
	if (status == OK)
		driver_watch();
	return status;
}

static void note_done(struct block_request *r, enum status status)
{
	*(enum status *)r->owner = status;
}

#define NOT_DONE ((enum status)0xff)

enum status block_wait(unsigned disk, struct block_request *r)
{
	struct blk_queue *q = queue_of(disk, r);
	struct block_request copy = *r;
	enum status result = NOT_DONE, status = check(&blk_disks[disk]->info, r);
	uint64_t start = driver_time_ns();

	copy.done = note_done;
	copy.owner = &result;
	if (status == OK)
		status = submit(q, &copy);
	while (status == OK && result == NOT_DONE) {
		blk_serve(q);
		blk_changed(q->disk);
		if (driver_time_ns() - start > TIMEOUT_SECONDS * SECOND_NS)
			blk_fail(q->disk, "a request has taken more than 30 s");
	}
	return status == OK ? result : status;
}
