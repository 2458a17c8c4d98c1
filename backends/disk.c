/* SPDX-License-Identifier: MIT */
/*
 * Pieces of the machine's disks, and images, that are open. One table of them says who has what, so that no two
 * write to one place. A request for a physical disk is checked, moved by where the piece begins and passed on; one for
 * an image is a copy, done at once.
 */
#include <stdio.h>
#include <string.h>

#include "backends/disk_parts.h"
#include "lib/log.h"
#include "lib/spinlock.h"

#define IMAGE_BLOCK 512u /* bytes */
#define OPEN_MAX    128

struct disk {
	struct disk_piece piece;
	struct cow cow; /* under `lock` */
	char owner[VM_NAME_MAX];
	char id[20];
	enum { FREE, TAKEN, OPEN } state; /* under open_lock; OPEN: its piece is its own */
	struct spinlock lock;
	bool read_only;
	bool image;     /* it is `cow`, and of `piece` only the size counts */
	bool full_said; /* under `lock` */
};

static struct spinlock open_lock;
static struct disk disks[OPEN_MAX];

/* ---- who has what ---- */

static bool clash(const struct disk *a, const struct disk *b)
{
	const struct disk_piece *p = &a->piece, *q = &b->piece;

	return !a->image && !b->image && p->disk == q->disk && !(a->read_only && b->read_only) &&
	       p->offset < q->offset + q->size && q->offset < p->offset + p->size;
}

/* It is open, if nothing that is open is in its way. ERR_BUSY: that is, and who has it. */
static enum status claim(struct disk *disk, char other[VM_NAME_MAX])
{
	enum status status = OK;

	spin_lock(&open_lock);
	for (struct disk *d = disks; d < disks + OPEN_MAX && status == OK; d++) {
		if (d->state == OPEN && clash(d, disk)) {
			memcpy(other, d->owner, VM_NAME_MAX);
			status = ERR_BUSY;
		}
	}
	if (status == OK)
		disk->state = OPEN;
	spin_unlock(&open_lock);
	return status;
}

/* NULL: as many are open as there can be. */
static struct disk *take(void)
{
	struct disk *disk = disks;

	spin_lock(&open_lock);
	while (disk < disks + OPEN_MAX && disk->state != FREE)
		disk++;
	if (disk == disks + OPEN_MAX)
		disk = NULL;
	else
		*disk = (struct disk){.state = TAKEN};
	spin_unlock(&open_lock);
	return disk;
}

void disk_close(struct disk *disk)
{
	spin_lock(&open_lock);
	disk->state = FREE;
	spin_unlock(&open_lock);
}

/* ---- opening ---- */

uint64_t disk_memory_needed(const struct vm_device *spec)
{
	return spec->disk.source == VM_DISK_IMAGE
		       ? cow_memory_needed(spec->image.size, spec->arena_size)
		       : 0;
}

static enum status open_image(
	struct disk *disk, const struct vm_device *spec, void *memory, struct text *why)
{
	uint64_t size = spec->image.size;

	if (size == 0) {
		text_add(why, "the image of a disk is empty: give it one with data in it");
		return ERR_INVALID;
	}
	disk->image = true;
	disk->piece.size = (size + IMAGE_BLOCK - 1) / IMAGE_BLOCK * IMAGE_BLOCK;
	cow_init(&disk->cow, spec->image.data, size, spec->arena_size, memory);
	return OK;
}

static enum status open_physical(struct disk *disk, const struct vm_device *spec, struct text *why)
{
	char other[VM_NAME_MAX];
	enum status status = disk_find(&spec->disk, &disk->piece, why);

	if (status != OK)
		return status;
	disk->read_only |= block_info(disk->piece.disk)->read_only;
	status = claim(disk, other);
	if (status != OK) {
		disk_name(why, &spec->disk);
		text_add(why,
			": already open in VM \"%s\": give each VM its own, or make both "
			"read-only",
			other);
	}
	return status;
}

/* What get-id says: the configuration's, or VM and device index, of which the index matters more. */
static void set_id(struct disk *disk, const struct vm_device *spec)
{
	char index[12];
	int len = snprintf(index, sizeof(index), "-%u", spec->port - 1);

	memcpy(disk->id, spec->disk.serial, sizeof(disk->id));
	if (disk->id[0])
		return;
	size_t room = sizeof(disk->id) - (size_t)len, n = strlen(disk->owner);

	n = n < room ? n : room;
	memcpy(disk->id, disk->owner, n);
	memcpy(disk->id + n, index, (size_t)len);
}

enum status disk_open(const struct vm_device *spec, const char *owner, void *memory,
	struct disk **out, char *why, size_t why_size)
{
	struct disk *disk = take();
	struct text text;

	text_begin(&text, why, why_size);
	if (!disk) {
		text_add(&text, "%u disks are open, which is all that can be: stop a VM", OPEN_MAX);
		return ERR_NO_SPACE;
	}
	disk->read_only = spec->disk.read_only;
	snprintf(disk->owner, sizeof(disk->owner), "%s", owner);
	set_id(disk, spec);
	enum status status = spec->disk.source == VM_DISK_IMAGE
				     ? open_image(disk, spec, memory, &text)
				     : open_physical(disk, spec, &text);
	if (status != OK)
		disk_close(disk);
	*out = status == OK ? disk : NULL;
	return status;
}

void disk_describe(const struct disk *disk, struct dm_disk *out)
{
	*out = (struct dm_disk){.size = disk->piece.size, .read_only = disk->read_only};
	memcpy(out->id, disk->id, sizeof(out->id));
	if (disk->image) {
		out->block_size = IMAGE_BLOCK;
		out->physical_size = out->optimal_size = COW_BLOCK;
		out->discard_max = out->write_zeroes_max = disk->piece.size;
	} else {
		const struct block_info *info = block_info(disk->piece.disk);

		out->block_size = info->block_size;
		out->physical_size = info->physical_size;
		out->optimal_size = info->optimal_size;
		out->discard_max = info->discard_max;
		out->write_zeroes_max = info->write_zeroes_max;
		out->flush = info->flush;
	}
	if (disk->read_only)
		out->discard_max = out->write_zeroes_max = 0;
}

/* ---- requests ---- */

/* An image's answer: only that its memory is full can go wrong. */
static enum status image_step(struct disk *disk, const struct block_request *request,
	uint64_t offset, void *data, uint64_t len)
{
	switch (request->op) {
	case BLOCK_READ:
		cow_read(&disk->cow, offset, data, len);
		return OK;
	case BLOCK_WRITE:
		return cow_write(&disk->cow, offset, data, len);
	case BLOCK_DISCARD:
		cow_discard(&disk->cow, offset, len);
		return OK;
	case BLOCK_WRITE_ZEROES:
		return cow_zero(&disk->cow, offset, len);
	case BLOCK_FLUSH:
		break;
	}
	return OK;
}

static bool has_data(const struct block_request *request)
{
	return request->op == BLOCK_READ || request->op == BLOCK_WRITE;
}

static enum status image_run(struct disk *disk, const struct block_request *request)
{
	uint64_t done = 0;
	enum status status = OK;

	if (!has_data(request))
		return image_step(disk, request, request->offset, NULL, request->len);
	for (unsigned i = 0; i < request->n && status == OK; i++) {
		const struct block_segment *s = &request->segment[i];
		uint64_t len = request->len - done < s->len ? request->len - done : s->len;

		status = image_step(
			disk, request, request->offset + done, (void *)(uintptr_t)s->addr.a, len);
		done += len;
	}
	return status;
}

static void image_submit(struct disk *disk, struct block_request *request)
{
	bool say;

	spin_lock(&disk->lock);
	enum status status = image_run(disk, request);
	say = status != OK && !disk->full_said;
	disk->full_said |= say;
	spin_unlock(&disk->lock);
	if (say)
		log_line("%s: the memory for what is written to the image of its disk \"%.20s\" is "
			 "full: give the disk more writable-mib",
			disk->owner, disk->id);
	request->done(request, status == OK ? OK : ERR_IO);
}

/* May it be done to this disk? */
static enum status check(const struct disk *disk, const struct block_request *request)
{
	const struct block_info *info = disk->image ? NULL : block_info(disk->piece.disk);
	uint32_t block_size = info ? info->block_size : IMAGE_BLOCK;

	if (request->op == BLOCK_FLUSH)
		return OK;
	if (request->op != BLOCK_READ && disk->read_only)
		return ERR_UNSUPPORTED;
	if (info && ((request->op == BLOCK_DISCARD && info->discard_max == 0) ||
			    (request->op == BLOCK_WRITE_ZEROES && info->write_zeroes_max == 0)))
		return ERR_UNSUPPORTED;
	if ((request->offset | request->len) % block_size != 0 ||
		!range_inside(request->offset, request->len, 0, disk->piece.size))
		return ERR_INVALID;
	return OK;
}

enum status disk_submit(struct disk *disk, struct block_request *request)
{
	enum status status = check(disk, request);

	if (status != OK)
		return status;
	if (disk->image) {
		image_submit(disk, request);
		return OK;
	}
	/* Once it is taken it may be done, and no longer be there, before block_submit() returns. */
	request->offset += disk->piece.offset;
	status = block_submit(disk->piece.disk, request);
	if (status != OK)
		request->offset -= disk->piece.offset;
	return status;
}
