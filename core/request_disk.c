/* SPDX-License-Identifier: MIT */
/*
 * Requests to disks. Those to a physical one are lent, and go on in its interrupt a part after the other; those to an image
 * are done at once, a bounded amount in each run of the devices.
 */
#include "core/request_parts.h"

/* Of an image in one run of the devices: bytes that are copied, or so many that are discarded or zeroed. */
#define IMAGE_COPY  (MIB(1) / 4)
#define IMAGE_RANGE MIB(16)

#define SEGMENTS ((REQUEST_DISK_RECORD - sizeof(struct lent)) / sizeof(struct block_segment))

/* Parts that the disk had no room for. */
static struct lent *waiting;
static struct spinlock waiting_lock;

/* Takes `len` bytes off the end. */
static void trim(struct block_request *block, struct lent *lent, uint64_t len)
{
	block->len -= len;
	while (len) {
		uint32_t *last = &lent->segment[block->n - 1].len;
		uint32_t cut = len < *last ? (uint32_t)len : *last;

		*last -= cut;
		len -= cut;
		if (!*last)
			block->n--;
	}
}

static void advance(struct lent *lent, uint64_t len)
{
	while (len) {
		uint32_t left = lent->request->slices[lent->slice].len - lent->within;

		if (len < left) {
			lent->within += (uint32_t)len;
			return;
		}
		len -= left;
		lent->slice++;
		lent->within = 0;
	}
}

/* As much of the rest as there is room for, in whole blocks of any disk unless it is the last of it. */
static void fill_part(struct lent *lent)
{
	const struct dm_request *request = lent->request;
	struct block_request *block = &lent->block;
	unsigned i = lent->slice;
	uint32_t within = lent->within;

	block->n = 0;
	block->len = 0;
	while (i < request->n_slices) {
		const struct slice *slice = &request->slices[i];
		uint32_t len = request_contiguous(slice, within);

		if (!request_add_segment(lent->port->vm, lent->segment, &block->n, SEGMENTS,
			    gpa(slice->addr.a + within), len))
			break;
		block->len += len;
		within += len;
		if (within == slice->len) {
			i++;
			within = 0;
		}
	}
	if (i < request->n_slices)
		trim(block, lent, block->len % PAGE_SIZE);
}

static bool has_data(const struct dm_request *request)
{
	return request->op == DM_READ || request->op == DM_WRITE;
}

static enum status submit_part(struct lent *lent)
{
	if (has_data(lent->request))
		fill_part(lent);
	/* Its pieces are so small that no block comes of as many as there is room for. */
	if (has_data(lent->request) && !lent->block.len)
		return ERR_UNSUPPORTED;
	lent->block.offset = lent->offset;
	return disk_submit(lent->port->disk, &lent->block);
}

static void go_on(struct lent *lent)
{
	/* Held from the refusal on: whoever then says that there is room finds it in the list. */
	spin_lock(&waiting_lock);
	enum status status = submit_part(lent);

	if (status == ERR_BUSY) {
		lent->next = waiting;
		waiting = lent;
	}
	spin_unlock(&waiting_lock);
	if (status != OK && status != ERR_BUSY)
		request_finish(lent, status);
}

static void part_done(struct block_request *block, enum status status)
{
	struct lent *lent = block->owner;

	if (status == OK && has_data(lent->request)) {
		advance(lent, block->len);
		lent->offset += block->len;
		if (lent->slice < lent->request->n_slices) {
			go_on(lent);
			return;
		}
	}
	request_finish(lent, status);
}

/* An image's are over before disk_submit() returns. */
static void image_done(struct block_request *block, enum status status)
{
	struct lent *lent = block->owner;

	lent->status = status;
}

static enum block_op block_op(enum dm_op op)
{
	static const enum block_op ops[] = {
		[DM_READ] = BLOCK_READ,
		[DM_WRITE] = BLOCK_WRITE,
		[DM_FLUSH] = BLOCK_FLUSH,
		[DM_DISCARD] = BLOCK_DISCARD,
		[DM_WRITE_ZEROES] = BLOCK_WRITE_ZEROES,
	};

	return ops[op];
}

/* The next step of one for an image, small enough that others get their turn soon. */
static enum status image_part(struct lent *lent, uint64_t left)
{
	struct block_request *block = &lent->block;
	uint64_t *work = &lent->port->vm->image_work;

	if (has_data(lent->request)) {
		fill_part(lent);
		if (block->len > IMAGE_COPY)
			trim(block, lent, block->len - IMAGE_COPY);
		if (!block->len)
			return ERR_UNSUPPORTED;
		*work += block->len;
	} else {
		block->len = left;
		if (left > IMAGE_RANGE)
			block->len = IMAGE_RANGE - (block->offset + IMAGE_RANGE) % PAGE_SIZE;
		*work += block->len / (IMAGE_RANGE / IMAGE_COPY);
	}
	enum status status = disk_submit(lent->port->disk, block);

	return status == OK ? lent->status : status;
}

/* At once, but for what is too much for one run of the devices: that goes on with the next. */
static enum dm_answer do_image(struct lent *lent)
{
	struct dm_request *request = lent->request;
	struct vm_port *port = lent->port;
	uint64_t done = request->progress;
	enum status status = OK;

	lent->block.offset += done;
	if (has_data(request))
		advance(lent, done);
	do {
		if (port->vm->image_work >= IMAGE_COPY)
			break;
		status = image_part(lent, request->len - done);
		done += lent->block.len;
		lent->block.offset += lent->block.len;
		if (has_data(request) && status == OK)
			advance(lent, lent->block.len);
	} while (status == OK && done < request->len);
	request_take_back(lent);
	if (status != OK)
		return DM_FAILED;
	if (done >= request->len)
		return DM_DONE;
	request->progress = done;
	vm_port_ready(port);
	return DM_BUSY;
}

enum dm_answer request_disk(struct vm_port *port, struct dm_request *request)
{
	enum dm_answer answer;
	struct lent *lent = request_lend(port, request, &answer);

	if (!lent)
		return answer;
	lent->block = (struct block_request){
		.op = block_op(request->op),
		.unmap = request->unmap,
		.queue = request->queue,
		.offset = request->offset,
		.len = request->len,
		.segment = lent->segment,
		.done = port->window ? image_done : part_done,
		.owner = lent,
	};
	lent->offset = request->offset;
	if (port->window)
		return do_image(lent);
	enum status status = submit_part(lent);

	if (status == OK)
		return DM_LENT;
	request_take_back(lent);
	return status == ERR_BUSY ? DM_BUSY : DM_FAILED;
}

void request_disk_room(unsigned disk)
{
	(void)disk;
	spin_lock(&waiting_lock);
	struct lent *lent = waiting;

	waiting = NULL;
	spin_unlock(&waiting_lock);
	while (lent) {
		struct lent *next = lent->next;

		go_on(lent);
		lent = next;
	}
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		vm_ports_ready(vm, VM_DEVICE_DISK);
}
