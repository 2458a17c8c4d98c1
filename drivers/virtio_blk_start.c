/* SPDX-License-Identifier: MIT */
/* A disk at boot: what it says of itself, its queues, its serial. */
#include "drivers/virtio_blk.h"

#include <stdio.h>

#include "drivers/virtio_blk_parts.h"
#include "lib/log.h"

#define SECOND_NS 1000000000ull

/* Bytes, or `fallback` where the device does not say or says nonsense. */
static uint32_t power_of_two(uint64_t value, uint32_t fallback, uint32_t min, uint32_t max)
{
	return value >= min && value <= max && !(value & (value - 1)) ? (uint32_t)value : fallback;
}

static uint32_t limit(uint64_t value, uint32_t min, uint32_t max)
{
	return value < min ? min : value > max ? max : (uint32_t)value;
}

#define FIELD(d, field) VIRTIO_CONFIG((d)->device, struct virtio_blk_config, field)

static void read_topology(struct blk_disk *d)
{
	struct block_info *info = &d->info;

	info->block_size = VIRTIO_BLK_SECTOR;
	if (virtio_has(d->device, VIRTIO_BLK_F_BLK_SIZE))
		info->block_size = power_of_two(
			FIELD(d, blk_size), VIRTIO_BLK_SECTOR, VIRTIO_BLK_SECTOR, 4096);
	info->physical_size = info->block_size;
	if (!virtio_has(d->device, VIRTIO_BLK_F_TOPOLOGY))
		return;
	info->physical_size = info->block_size << limit(FIELD(d, physical_block_exp), 0, 8);
	info->optimal_size = (uint32_t)FIELD(d, opt_io_size) * info->block_size;
}

/* Bytes of one range; 0: no such operation. */
static uint64_t range_max(const struct blk_disk *d, unsigned feature, uint64_t sectors)
{
	uint64_t bytes = sectors * VIRTIO_BLK_SECTOR;

	if (!virtio_has(d->device, feature))
		return 0;
	return bytes - bytes % d->info.block_size;
}

static void read_config(struct blk_disk *d)
{
	const struct virtio_device *v = d->device;
	struct block_info *info = &d->info;

	read_topology(d);
	info->size = FIELD(d, capacity) * VIRTIO_BLK_SECTOR;
	info->size -= info->size % info->block_size;
	info->read_only = virtio_has(v, VIRTIO_BLK_F_RO);
	info->flush = virtio_has(v, VIRTIO_BLK_F_FLUSH);
	d->size_max = UINT32_MAX;
	if (virtio_has(v, VIRTIO_BLK_F_SIZE_MAX))
		d->size_max = limit(FIELD(d, size_max), VIRTIO_BLK_SECTOR, UINT32_MAX);
	d->seg_max = 1;
	if (virtio_has(v, VIRTIO_BLK_F_SEG_MAX))
		d->seg_max = limit(FIELD(d, seg_max), 1, BLK_DATA_MAX);
	d->discard_part = range_max(d, VIRTIO_BLK_F_DISCARD, FIELD(d, max_discard_sectors));
	d->zeroes_part =
		range_max(d, VIRTIO_BLK_F_WRITE_ZEROES, FIELD(d, max_write_zeroes_sectors));
	info->discard_max = info->read_only ? 0 : d->discard_part;
	info->write_zeroes_max = info->read_only ? 0 : d->zeroes_part;
}

static bool start_queues(struct blk_disk *d)
{
	uint8_t *slots = driver_pages(BLK_QUEUES_MAX * BLK_DEPTH);
	unsigned n = 1;

	if (virtio_has(d->device, VIRTIO_BLK_F_MQ))
		n = limit(FIELD(d, num_queues), 1, BLK_QUEUES_MAX);
	for (unsigned i = 0; slots && i < n; i++) {
		struct blk_queue *q = &d->queue[i];

		q->disk = d;
		q->slots = slots + (size_t)i * BLK_DEPTH * BLK_SLOT_BYTES;
		if (virtio_queue_init(d->device, i, &q->ring, BLK_DEPTH, blk_serve, q) != OK)
			break;
		d->info.queues++;
	}
	return d->info.queues;
}

/* Polled, and a device that has no answer has no serial. */
static void read_serial(struct blk_disk *d)
{
	struct blk_queue *q = &d->queue[0];
	const struct blk_slot *slot = blk_slot(q, virtio_ring_head(&q->ring));
	uint64_t start = driver_time_ns();
	uint32_t written;
	int head;

	blk_issue_get_id(q);
	if (virtio_ring_must_notify(&q->ring))
		virtio_notify(d->device, &q->ring);
	do {
		head = virtio_ring_take(&q->ring, &written);
	} while (head == VIRTIO_RING_NONE && driver_time_ns() - start < SECOND_NS);
	if (head < 0 || virtio_ring_rearm(&q->ring, 1)) {
		blk_fail(d, "the device does not answer");
		return;
	}
	if (*(const volatile uint8_t *)&slot->status != VIRTIO_BLK_S_OK)
		return;
	for (unsigned i = 0; i < sizeof(slot->id) && slot->id[i] > ' ' && slot->id[i] < 0x7f; i++)
		d->info.id[i] = (char)slot->id[i];
}

#define WANTED                                                                               \
	(VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |      \
		VIRTIO_FEATURE(VIRTIO_BLK_F_RO) | VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |    \
		VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) | VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) | \
		VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) | VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |     \
		VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES))

static bool start(struct blk_disk *d, struct virtio_device *v)
{
	if (virtio_begin(v, 0, WANTED) != OK)
		return false;
	virtio_on_change(v, blk_changed, d);
	read_config(d);
	return start_queues(d) && virtio_go(v) == OK;
}

static void say(const struct blk_disk *d)
{
	const struct block_info *info = &d->info;

	log_line("%s: %lu MiB%s%s%s, virtio at %s", info->name, (unsigned long)(info->size >> 20),
		info->id[0] ? ", serial " : "", info->id, info->read_only ? ", read-only" : "",
		d->device->where);
}

_Static_assert(sizeof(struct blk_disk) <= 2 * 4096, "driver_pages(2)");

bool virtio_blk_start(struct virtio_device *v)
{
	struct blk_disk *d = blk_n_disks < BLK_DISKS_MAX ? driver_pages(2) : NULL;

	if (!d)
		return false;
	d->device = v;
	d->number = blk_n_disks;
	snprintf(d->info.name, sizeof(d->info.name), "disk%u", blk_n_disks);
	if (!start(d, v) || !driver_every_second(blk_tick, d))
		return false;
	blk_disks[blk_n_disks++] = d;
	read_serial(d);
	say(d);
	return true;
}
