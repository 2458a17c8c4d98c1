/* SPDX-License-Identifier: MIT */
/* What a chain asks of a disk, and the steps that makes: see blk_request.h. */
#include "devices/blk_request.h"

#include <string.h>

/* A type of request: what negotiates it, the operation it becomes, and who reads its data. */
struct blk_type {
	uint32_t type;
	enum dm_op op;
	uint64_t feature; /* 0: always there */
	uint8_t (*take)(struct blk_request *request, const struct blk_rules *rules,
		const struct vq_chain *chain, uint64_t sector);
};

/* Is [sector, +n) of the disk, in whole blocks? Sets the range in bytes. */
static bool place(const struct dm_disk *disk, uint64_t sector, uint64_t bytes, uint64_t *offset)
{
	if (sector > UINT64_MAX / VIRTIO_BLK_SECTOR)
		return false;
	*offset = sector * VIRTIO_BLK_SECTOR;
	return range_inside(*offset, bytes, 0, disk->size) &&
	       ((*offset | bytes) & (disk->block_size - 1)) == 0;
}

/* Names [skip, skip + len) of a chain's part; false: more segments than seg_max allows. */
static bool take_slices(struct blk_request *request, const struct vq_segment *segment, unsigned n,
	uint32_t skip, uint32_t len)
{
	unsigned used = 0;

	for (unsigned i = 0; i < n && len > 0; i++) {
		if (skip >= segment[i].len) {
			skip -= segment[i].len;
			continue;
		}
		uint32_t piece = segment[i].len - skip < len ? segment[i].len - skip : len;
		if (used == BLK_SEG_MAX)
			return false;
		request->slices[used++] = (struct slice){gpa(segment[i].addr.a + skip), piece};
		len -= piece;
		skip = 0;
	}
	request->lent.n_slices = (uint16_t)used;
	request->lent.slices = request->slices;
	return true;
}

static bool wants_flush(const struct blk_rules *rules)
{
	return rules->writethrough && rules->disk.flush;
}

static uint8_t take_read(struct blk_request *request, const struct blk_rules *rules,
	const struct vq_chain *chain, uint64_t sector)
{
	uint32_t len = chain->in_len - 1;

	request->written = chain->in_len;
	request->lent.len = len;
	if (!place(&rules->disk, sector, len, &request->lent.offset) ||
		!take_slices(request, chain->segment + chain->n_out, chain->n_in, 0, len))
		return VIRTIO_BLK_S_IOERR;
	return len > 0 ? BLK_PENDING : VIRTIO_BLK_S_OK;
}

static uint8_t take_write(struct blk_request *request, const struct blk_rules *rules,
	const struct vq_chain *chain, uint64_t sector)
{
	uint32_t skip = sizeof(struct virtio_blk_header), len = chain->out_len - skip;

	request->lent.len = len;
	request->flush = wants_flush(rules);
	if (rules->disk.read_only || !place(&rules->disk, sector, len, &request->lent.offset) ||
		!take_slices(request, chain->segment, chain->n_out, skip, len))
		return VIRTIO_BLK_S_IOERR;
	return len > 0 ? BLK_PENDING : VIRTIO_BLK_S_OK;
}

static uint8_t take_flush(struct blk_request *request, const struct blk_rules *rules,
	const struct vq_chain *chain, uint64_t sector)
{
	(void)request;
	(void)chain;
	(void)sector;
	return rules->disk.flush ? BLK_PENDING : VIRTIO_BLK_S_OK;
}

static uint8_t take_id(struct blk_request *request, const struct blk_rules *rules,
	const struct vq_chain *chain, uint64_t sector)
{
	size_t room = chain->in_len - 1;
	size_t len = room < sizeof(rules->disk.id) ? room : sizeof(rules->disk.id);

	(void)sector;
	request->written = 1 + (uint32_t)vq_chain_write(chain, 0, rules->disk.id, len);
	return VIRTIO_BLK_S_OK;
}

/* ---- ranges ---- */

static bool flags_known(enum dm_op op, uint32_t flags)
{
	return flags == 0 || (op == DM_WRITE_ZEROES && flags == VIRTIO_BLK_RANGE_F_UNMAP);
}

static void set_range(struct blk_request *request, unsigned i)
{
	const struct virtio_blk_range *range = &request->ranges[i];

	request->range = (uint8_t)i;
	request->lent.progress = 0;
	request->lent.offset = range->sector * VIRTIO_BLK_SECTOR;
	request->lent.len = (uint64_t)range->num_sectors * VIRTIO_BLK_SECTOR;
	request->lent.unmap = range->flags & VIRTIO_BLK_RANGE_F_UNMAP;
}

static uint8_t check_range(const struct blk_request *request, const struct blk_rules *rules,
	const struct virtio_blk_range *range)
{
	uint64_t max = request->lent.op == DM_DISCARD ? rules->disk.discard_max
						      : rules->disk.write_zeroes_max;
	uint64_t bytes = (uint64_t)range->num_sectors * VIRTIO_BLK_SECTOR, offset;

	if (!flags_known(request->lent.op, range->flags))
		return VIRTIO_BLK_S_UNSUPP;
	if (bytes == 0 || bytes > max || !place(&rules->disk, range->sector, bytes, &offset))
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

/* All are checked before the first is done. */
static uint8_t take_ranges(struct blk_request *request, const struct blk_rules *rules,
	const struct vq_chain *chain, uint64_t sector)
{
	size_t len = chain->out_len - sizeof(struct virtio_blk_header);
	size_t n = len / sizeof(request->ranges[0]);

	(void)sector;
	if (n == 0 || n > BLK_RANGES || len % sizeof(request->ranges[0]) != 0)
		return VIRTIO_BLK_S_IOERR;
	vq_chain_read(chain, sizeof(struct virtio_blk_header), request->ranges, len);
	for (size_t i = 0; i < n; i++) {
		uint8_t status = check_range(request, rules, &request->ranges[i]);
		if (status != VIRTIO_BLK_S_OK)
			return status;
	}
	request->n_ranges = (uint8_t)n;
	request->flush = wants_flush(rules);
	set_range(request, 0);
	return BLK_PENDING;
}

/* ---- all ---- */

static const struct blk_type types[] = {
	{VIRTIO_BLK_T_IN, DM_READ, 0, take_read},
	{VIRTIO_BLK_T_OUT, DM_WRITE, 0, take_write},
	{VIRTIO_BLK_T_FLUSH, DM_FLUSH, 0, take_flush},
	{VIRTIO_BLK_T_GET_ID, DM_READ, 0, take_id},
	{VIRTIO_BLK_T_DISCARD, DM_DISCARD, VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD), take_ranges},
	{VIRTIO_BLK_T_WRITE_ZEROES, DM_WRITE_ZEROES, VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES),
		take_ranges},
};

static const struct blk_type *find_type(const struct blk_rules *rules, uint32_t type)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type == type)
			return (rules->features & types[i].feature) == types[i].feature ? &types[i]
											: NULL;
	}
	return NULL;
}

/* The status byte is the last that the device may write, wherever the pieces before it end. */
static gpa_t status_byte(const struct vq_chain *chain)
{
	const struct vq_segment *last = &chain->segment[chain->n_out + chain->n_in - 1];

	return gpa(last->addr.a + last->len - 1);
}

/* A step without data. */
static void set_step(struct blk_request *request, enum dm_op op)
{
	request->lent.op = op;
	request->lent.unmap = false;
	request->lent.n_slices = request->lent.header_len = 0;
	request->lent.offset = request->lent.len = request->lent.progress = 0;
	request->lent.slices = NULL;
}

uint8_t blk_request_parse(
	struct blk_request *request, const struct blk_rules *rules, const struct vq_chain *chain)
{
	struct virtio_blk_header header;

	request->head = chain->head;
	request->status = status_byte(chain);
	request->written = 1;
	request->flush = false;
	request->range = request->n_ranges = 0;
	if (vq_chain_read(chain, 0, &header, sizeof(header)) < sizeof(header))
		return VIRTIO_BLK_S_IOERR;
	const struct blk_type *type = find_type(rules, header.type);
	if (!type)
		return VIRTIO_BLK_S_UNSUPP;
	set_step(request, type->op);
	return type->take(request, rules, chain, header.sector);
}

bool blk_request_next(struct blk_request *request)
{
	if (request->range + 1 < request->n_ranges) {
		set_range(request, request->range + 1u);
		return true;
	}
	if (!request->flush)
		return false;
	request->flush = false;
	set_step(request, DM_FLUSH);
	return true;
}
