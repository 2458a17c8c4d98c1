/* SPDX-License-Identifier: MIT */
#include "core/request_parts.h"

#define RECORDS 64 /* of a port */

static void put(struct request_pool *pool, struct lent *lent)
{
	lent->next = pool->free;
	pool->free = lent;
}

bool request_pool_create(struct request_pool *pool, bool disk)
{
	uint64_t size = disk ? REQUEST_DISK_RECORD : REQUEST_FRAME_RECORD;
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

struct lent *request_lend(struct vm_port *port, struct dm_request *request, enum dm_answer *answer)
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

void request_take_back(struct lent *lent)
{
	unpin(lent->port->vm, lent->request, lent->request->n_slices);
	put(&lent->port->requests, lent);
}

void request_finish(struct lent *lent, enum status status)
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
		struct vm_port *port = lent->port;
		struct dm_request *request = lent->request;
		enum status status = lent->status;

		request_take_back(lent);
		dm_request_done(vm->dm, request, status);
		tell_room(port);
		lent = next;
	}
}

uint32_t request_contiguous(const struct slice *slice, uint32_t within)
{
	uint64_t to_end = BLOCK_SIZE - (slice->addr.a + within) % BLOCK_SIZE;
	uint32_t left = slice->len - within;

	return left < to_end ? left : (uint32_t)to_end;
}

bool request_add_segment(const struct vm *vm, struct block_segment *segment, uint16_t *n,
	size_t max, gpa_t at, uint32_t len)
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

enum dm_answer request_submit(struct vm_port *port, struct dm_request *request)
{
	enum dm_answer answer =
		request->op == DM_SEND ? request_send(port, request) : request_disk(port, request);

	if (answer == DM_BUSY)
		port->requests.refused = true;
	return answer;
}
