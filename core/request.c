/* SPDX-License-Identifier: MIT */
#include "core/request.h"

#include "core/page.h"
#include "core/vm.h"
#include "core/vm_ports.h"

#define RECORDS      64 /* of a port */
#define DISK_RECORD  PAGE_SIZE
#define FRAME_RECORD 1024u

/* Of an image in one run of the devices: bytes that are copied, or so many that are discarded or zeroed. */
#define IMAGE_COPY  (MIB(1) / 4)
#define IMAGE_RANGE MIB(16)

struct lent {
	struct lent *next; /* in the pool, in vm->finished, in `waiting` */
	struct vm_port *port;
	struct dm_request *request;
	enum status status; /* once it is over */
	/* How far a disk's request is: in this slice, so many bytes of it. */
	unsigned slice;
	uint32_t within;
	union {
		struct {
			struct block_request block;
			uint64_t offset; /* of the part; its own is changed on the way */
		};
		struct {
			struct switch_frame frame;
			struct iovec_piece *data;
		};
	};
	struct block_segment segment[];
};

#define SEGMENTS ((DISK_RECORD - sizeof(struct lent)) / sizeof(struct block_segment))
/* A frame's pieces twice: where Vesper and where a device finds them. */
#define PIECES                                  \
	((FRAME_RECORD - sizeof(struct lent)) / \
		(sizeof(struct block_segment) + sizeof(struct iovec_piece)))

/* Parts that the disk had no room for. */
static struct lent *waiting;
static struct spinlock waiting_lock;

/* ---- records ---- */

static void put(struct request_pool *pool, struct lent *lent)
{
	lent->next = pool->free;
	pool->free = lent;
}

bool request_pool_create(struct request_pool *pool, bool disk)
{
	uint64_t size = disk ? DISK_RECORD : FRAME_RECORD;
	char *records = vm_table_create(RECORDS * size);

	if (!records)
		return false;
	for (unsigned i = 0; i < RECORDS; i++)
		put(pool, (struct lent *)(records + i * size));
	return true;
}

static void unpin(struct vm *vm, const struct dm_request *request, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		vm_unpin(vm, request->slices[i].addr, request->slices[i].len);
}

static bool pin(struct vm *vm, const struct dm_request *request)
{
	for (unsigned i = 0; i < request->n_slices; i++) {
		if (vm_pin(vm, request->slices[i].addr, request->slices[i].len))
			continue;
		unpin(vm, request, i);
		return false;
	}
	return true;
}

/* NULL: `answer` says why not. */
static struct lent *lend(struct vm_port *port, struct dm_request *request, enum dm_answer *answer)
{
	struct lent *lent = port->requests.free;

	*answer = DM_BUSY;
	if (!lent)
		return NULL;
	*answer = DM_FAILED;
	if (request->n_slices > DM_SLICES_MAX || !pin(port->vm, request))
		return NULL;
	port->requests.free = lent->next;
	lent->port = port;
	lent->request = request;
	lent->slice = lent->within = 0;
	return lent;
}

static void take_back(struct lent *lent)
{
	unpin(lent->port->vm, lent->request, lent->request->n_slices);
	put(&lent->port->requests, lent);
}

/* On any hart. */
static void finish(struct lent *lent, enum status status)
{
	struct vm_port *port = lent->port;
	struct lent **top = &port->vm->finished;

	lent->status = status;
	lent->next = __atomic_load_n(top, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
		top, &lent->next, lent, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	vm_request_over(port);
}

/* Whoever was refused may try again. */
static void tell_room(struct vm_port *port)
{
	if (!port->requests.refused)
		return;
	port->requests.refused = false;
	dm_port_ready(port->vm->dm, port->number);
}

void request_take_finished(struct vm *vm)
{
	struct lent *lent = __atomic_exchange_n(&vm->finished, NULL, __ATOMIC_ACQUIRE);

	while (lent) {
		struct lent *next = lent->next;
		struct dm_request *request = lent->request;
		enum status status = lent->status;

		struct vm_port *port = lent->port;

		take_back(lent);
		dm_request_done(vm->dm, request, status);
		tell_room(port);
		lent = next;
	}
}

/* ---- disks ---- */

/* The piece of a slice at `within` that is contiguous in the machine's memory. */
static uint32_t contiguous(const struct slice *slice, uint32_t within)
{
	uint64_t to_end = BLOCK_SIZE - (slice->addr.a + within) % BLOCK_SIZE;
	uint32_t left = slice->len - within;

	return left < to_end ? left : (uint32_t)to_end;
}

/* One more piece of guest memory; false: there is no room in n. */
static bool add_segment(const struct vm *vm, struct block_segment *segment, uint16_t *n, size_t max,
	gpa_t at, uint32_t len)
{
	uint64_t addr = vm_pinned_hpa(vm, at).a;
	struct block_segment *last = segment + *n - 1;

	if (*n && last->addr.a + last->len == addr && last->len + (uint64_t)len <= UINT32_MAX) {
		last->len += len;
		return true;
	}
	if (*n == max)
		return false;
	segment[(*n)++] = (struct block_segment){hpa(addr), len};
	return true;
}

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
		uint32_t len = contiguous(slice, within);

		if (!add_segment(lent->port->vm, lent->segment, &block->n, SEGMENTS,
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
		finish(lent, status);
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
	finish(lent, status);
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
	take_back(lent);
	if (status != OK)
		return DM_FAILED;
	if (done >= request->len)
		return DM_DONE;
	request->progress = done;
	vm_port_ready(port);
	return DM_BUSY;
}

static enum dm_answer request_disk(struct vm_port *port, struct dm_request *request)
{
	enum dm_answer answer;
	struct lent *lent = lend(port, request, &answer);

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
	take_back(lent);
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

/* ---- frames ---- */

static void frame_done(void *owner)
{
	finish(owner, OK);
}

static bool fill_frame(struct lent *lent)
{
	const struct dm_request *request = lent->request;
	struct vm *vm = lent->port->vm;
	struct switch_frame *frame = &lent->frame;
	struct iovec_piece *data = (struct iovec_piece *)(lent->segment + PIECES);

	if (request->n_slices > PIECES)
		return false;
	frame->n = request->n_slices;
	frame->data = data;
	frame->segment = lent->segment;
	frame->n_segments = 0;
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *slice = &request->slices[i];

		data[i] = (struct iovec_piece){vm_ram(vm, slice->addr, slice->len), slice->len};
		for (uint32_t at = 0, len; at < slice->len; at += len) {
			len = contiguous(slice, at);
			if (!add_segment(vm, lent->segment, &frame->n_segments, PIECES,
				    gpa(slice->addr.a + at), len))
				return false;
		}
	}
	return true;
}

/* Copied before this returns, so nothing is pinned. */
static enum dm_answer send_packet(struct vm_port *port, struct dm_request *request)
{
	struct iovec_piece pieces[VSOCK_PIECES_MAX];

	if (request->n_slices > VSOCK_PIECES_MAX)
		return DM_FAILED;
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *slice = &request->slices[i];

		pieces[i] =
			(struct iovec_piece){vm_ram(port->vm, slice->addr, slice->len), slice->len};
		if (!pieces[i].data)
			return DM_FAILED;
	}
	return vsock_send(
		       port->vsock, request->header, pieces, request->n_slices, &request->progress)
		       ? DM_DONE
		       : DM_BUSY;
}

static enum dm_answer request_send(struct vm_port *port, struct dm_request *request)
{
	if (port->vsock)
		return send_packet(port, request);
	enum dm_answer answer;
	struct lent *lent = lend(port, request, &answer);

	if (!lent)
		return answer;
	lent->frame = (struct switch_frame){
		.frame = request->frame,
		.header = request->header,
		.header_len = request->header_len,
		.queue = request->queue / 2, /* a pair's second queue sends */
		.done = frame_done,
		.owner = lent,
	};
	if (!fill_frame(lent)) {
		take_back(lent);
		return DM_FAILED;
	}
	enum switch_answer sent = switch_send(port->net, &lent->frame);

	if (sent == SWITCH_LENT)
		return DM_LENT;
	take_back(lent);
	return sent == SWITCH_BUSY ? DM_BUSY : DM_DONE;
}

enum dm_answer request_submit(struct vm_port *port, struct dm_request *request)
{
	enum dm_answer answer =
		request->op == DM_SEND ? request_send(port, request) : request_disk(port, request);

	if (answer == DM_BUSY)
		port->requests.refused = true;
	return answer;
}
