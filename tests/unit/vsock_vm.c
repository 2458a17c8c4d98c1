/* SPDX-License-Identifier: MIT */
/* See vsock_vm.h. */
#include "tests/unit/vsock_vm.h"

#include <stdlib.h>
#include <string.h>

#include "include/driver_env.h"

uint64_t vsock_vm_ns = 1000000000;
unsigned vsock_vm_watching;

static bool (*tick)(void *owner);
static void *tick_owner;

static void require(bool what)
{
	if (!what)
		abort();
}

uint64_t driver_time_ns(void)
{
	return vsock_vm_ns;
}

bool driver_every_second(bool (*t)(void *owner), void *owner)
{
	require(!tick);
	tick = t;
	tick_owner = owner;
	return true;
}

void driver_watch(void)
{
	vsock_vm_watching++;
}

bool vsock_vm_tick(void)
{
	return tick(tick_owner);
}

static void ready(void *owner)
{
	struct vsock_vm *vm = owner;

	require(vm->port);
	__atomic_fetch_add(&vm->ready, 1, __ATOMIC_RELAXED);
}

bool vsock_vm_attach(struct vsock_vm *vm, uint32_t cid, bool trusted)
{
	if (!vm->memory)
		vm->memory = calloc(1, vsock_port_size());
	require(vm->memory != NULL);
	vm->cid = cid;
	vm->token = vm->posted = 0;
	vm->progress = 0;
	/* A VM's owner is known before it is told anything. */
	return vsock_attach(vm->memory, cid, trusted, ready, vm, &vm->port) == OK;
}

void vsock_vm_detach(struct vsock_vm *vm)
{
	if (vm->port)
		vsock_detach(vm->port);
	vm->port = NULL;
}

bool vsock_vm_post(struct vsock_vm *vm, unsigned n, uint32_t len)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t token = vm->token % VSOCK_VM_BUFFERS;
		/* In three pieces, the header across two of them. */
		struct iovec_piece pieces[] = {{vm->buffer[token], 20}, {vm->buffer[token] + 20, 0},
			{vm->buffer[token] + 20, len - 20}};

		if (vm->posted == VSOCK_VM_BUFFERS ||
			!mailbox_post(vsock_mailbox(vm->port), token, 0, pieces, 3))
			return false;
		vm->token++;
		vm->posted++;
		vsock_posted(vm->port);
	}
	return true;
}

void vsock_vm_restart(struct vsock_vm *vm)
{
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	unsigned n;

	while (mailbox_take_back(vsock_mailbox(vm->port), pieces, &n))
		;
	vm->posted = 0;
	vsock_restart(vm->port);
	vm->progress = 0;
}

bool vsock_vm_take(struct vsock_vm *vm, bool again)
{
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	struct dm_received got;
	unsigned n;

	if (!mailbox_take(vsock_mailbox(vm->port), &got, pieces, &n))
		return false;
	vm->posted--;
	require(n == 3 && got.buffers == 1 && got.len >= sizeof(vm->hdr));
	memcpy(&vm->hdr, vm->buffer[got.token], sizeof(vm->hdr));
	memcpy(vm->data, vm->buffer[got.token] + sizeof(vm->hdr), got.len - sizeof(vm->hdr));
	/* What all may rely on. */
	require(vm->hdr.len == got.len - sizeof(vm->hdr) && vm->hdr.dst_cid == vm->cid);
	if (again)
		require(vsock_vm_post(vm, 1, 20 + pieces[2].len));
	return true;
}

bool vsock_vm_send(struct vsock_vm *vm, const struct virtio_vsock_hdr *hdr, const void *data,
	size_t len, uint32_t cut)
{
	struct iovec_piece pieces[2 * VSOCK_PIECES_MAX];
	unsigned n = 0;

	for (size_t at = 0; at < len; n++) {
		uint32_t part = (uint32_t)(cut && cut < len - at ? cut : len - at);

		require(n < 2 * VSOCK_PIECES_MAX);
		pieces[n] = (struct iovec_piece){(uint8_t *)(uintptr_t)data + at, part};
		at += part;
	}
	bool over = vsock_send(vm->port, hdr, pieces, n, &vm->progress);

	if (over)
		vm->progress = 0;
	return over;
}

struct virtio_vsock_hdr vsock_vm_header(
	const struct vsock_vm *vm, uint32_t from, uint64_t cid, uint32_t to, uint16_t op)
{
	return (struct virtio_vsock_hdr){
		.src_cid = vm->cid,
		.dst_cid = cid,
		.src_port = from,
		.dst_port = to,
		.type = VIRTIO_VSOCK_TYPE_STREAM,
		.op = op,
		.buf_alloc = 65536,
	};
}
