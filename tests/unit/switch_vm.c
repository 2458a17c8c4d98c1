/* SPDX-License-Identifier: MIT */
/* See switch_vm.h. */
#include "tests/unit/switch_vm.h"

#include <stdlib.h>
#include <string.h>

const uint8_t vm_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void require(bool what)
{
	if (!what)
		abort();
}

static void ready(void *owner)
{
	struct switch_vm *vm = owner;

	__atomic_fetch_add(&vm->ready, 1, __ATOMIC_RELAXED);
}

static void done(void *owner)
{
	struct switch_vm *vm = owner;

	vm->done++;
}

static uint8_t *buffer_at(struct switch_vm *vm, uint32_t token)
{
	return vm->buffer + (size_t)token * vm->buffer_len;
}

static void post(struct switch_vm *vm, unsigned queue, uint32_t token)
{
	struct iovec_piece piece = {buffer_at(vm, token), vm->buffer_len};

	require(mailbox_post(switch_mailbox(vm->port, queue), token, VM_ROOM, &piece, 1));
}

bool vm_attach(
	struct switch_vm *vm, const char *network, uint8_t i, unsigned queues, uint32_t buffer_len)
{
	const uint8_t mac[6] = {0x52, 0x54, 0, 0, 0, i};

	memset(vm, 0, sizeof(*vm));
	memcpy(vm->mac, mac, 6);
	vm->queues = queues;
	vm->buffer_len = buffer_len;
	vm->memory = malloc(switch_port_size(queues));
	require(vm->memory != NULL);
	if (switch_attach(vm->memory, network, mac, queues, ready, vm, &vm->port) != OK) {
		free(vm->memory);
		vm->port = NULL;
		return false;
	}
	vm->buffer = malloc((size_t)queues * VM_BUFFERS * buffer_len);
	require(vm->buffer != NULL);
	for (uint32_t token = 0; token < queues * VM_BUFFERS; token++)
		post(vm, token / VM_BUFFERS, token);
	return true;
}

void vm_detach(struct switch_vm *vm)
{
	if (!vm->port)
		return;
	switch_detach(vm->port);
	free(vm->memory);
	free(vm->buffer);
	vm->port = NULL;
}

bool vm_take_at(struct switch_vm *vm, unsigned queue)
{
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	struct dm_received got;
	unsigned n, left = 1;

	vm->len = 0;
	for (bool first = true; left > 0; first = false) {
		if (!mailbox_take(switch_mailbox(vm->port, queue), &got, pieces, &n)) {
			require(first);
			return false;
		}
		if (first) {
			vm->frame = got.frame;
			left = got.buffers;
		}
		left--;
		memcpy(vm->data + vm->len, buffer_at(vm, got.token) + (first ? VM_ROOM : 0),
			got.len);
		vm->len += got.len;
		post(vm, queue, got.token);
	}
	return true;
}

bool vm_take(struct switch_vm *vm)
{
	for (unsigned queue = 0; queue < vm->queues; queue++) {
		if (vm_take_at(vm, queue))
			return true;
	}
	return false;
}

enum switch_answer vm_send_bytes(struct switch_vm *vm, const uint8_t *data, size_t len,
	const struct dm_frame *frame, size_t header, size_t cut)
{
	static struct iovec_piece pieces[SWITCH_PIECES_MAX + 1];
	static struct block_segment segments[SWITCH_PIECES_MAX + 1];
	uint16_t n = 0;

	if (header > len)
		header = len;
	for (size_t at = header; at < len && n <= SWITCH_PIECES_MAX; n++) {
		uint32_t part = (uint32_t)(cut < len - at ? cut : len - at);
		pieces[n] = (struct iovec_piece){(uint8_t *)(uintptr_t)data + at, part};
		segments[n] = (struct block_segment){hpa((uintptr_t)data + at), part};
		at += part;
	}
	struct switch_frame out = {
		.frame = *frame,
		.header = data,
		.header_len = (uint16_t)header,
		.n = n,
		.data = pieces,
		.segment = segments,
		.n_segments = n,
		.done = done,
		.owner = vm,
	};
	return switch_send(vm->port, &out);
}

enum switch_answer vm_send(struct switch_vm *vm, const uint8_t to[6], size_t payload)
{
	struct frame_wish wish = {.udp = true, .payload = payload, .port = 1};
	static uint8_t data[70000];
	struct dm_frame frame;

	memcpy(wish.to, to, 6);
	memcpy(wish.from, vm->mac, 6);
	size_t len = frame_make(data, &wish, &frame);
	return vm_send_bytes(vm, data, len, &frame, DM_HEADER_MAX, 1000);
}
