/* SPDX-License-Identifier: MIT */
/* See sock_vm.h. */
#include "tests/sim/sock_vm.h"

#include <stdlib.h>
#include <string.h>

#include "devices/kinds.h"

struct sock_vm sock_vm;

/* The device model has no other kind here. */
const struct kind kinds[] = {
	[VM_DEVICE_VSOCK] = {&vsock_ops, vsock_state_size, vsock_init, false},
};
const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);

static void require(bool what)
{
	if (!what)
		abort();
}

static enum dm_answer submit(struct host *host, unsigned port, struct dm_request *request)
{
	struct sock_vm *vm = &sock_vm;

	require(port == SOCK_VM_PORT && request->op == DM_SEND);
	require(request->device == SOCK_VM_DEVICE && request->queue == VIRTIO_VSOCK_TX);
	require(request->header_len == sizeof(vm->hdr) && request->len <= sizeof(vm->data));
	require(request->n_slices <= 64);
	vm->submits++;
	vm->progress = request->progress;
	vm->len = request->len;
	vm->n_slices = request->n_slices;
	memcpy(&vm->hdr, request->header, sizeof(vm->hdr));
	host_slices_read(host, request, 0, vm->data, request->len);
	if (vm->at_answer == vm->n_answers)
		return DM_DONE;
	request->progress = vm->answer[vm->at_answer].progress;
	return vm->answer[vm->at_answer++].answer;
}

void sock_vm_open(enum vm_transport transport, size_t ram)
{
	struct sock_vm *vm = &sock_vm;

	memset(vm, 0, sizeof(*vm));
	vm->spec.transport = transport;
	vm->spec.vcpus = 1;
	vm->spec.n_devices = 2;
	for (unsigned i = 0; i < 2; i++) {
		vm->spec.devices[i].kind = VM_DEVICE_VSOCK;
		vm->spec.devices[i].port = 1 + i;
		vm->spec.devices[i].cid = SOCK_VM_CID - 1 + i;
	}
	host_open(&vm->host, ram);
	vm->host.submit = submit;

	size_t size = dm_memory_needed(&vm->spec);
	vm->mem = aligned_alloc(4096, size);
	require(vm->mem != NULL);
	memset(vm->mem, 0xa5, size); /* dm_create() may assume nothing */
	require(dm_create(vm->mem, size, &vm->spec, &vm->host, &vm->dm) == OK);
	driver_open(&vm->driver, &vm->host, vm->dm, SOCK_VM_DEVICE);
}

void sock_vm_close(void)
{
	struct sock_vm *vm = &sock_vm;

	dm_reset(vm->dm);
	require(dm_lent(vm->dm) == 0 && vm->host.n_pins == 0);
	require(vm->host.port[SOCK_VM_PORT].posted[0].n == 0);
	dm_destroy(vm->dm);
	free(vm->mem);
	host_close(&vm->host);
}

bool sock_vm_start(uint64_t features, unsigned size)
{
	host_free_all(&sock_vm.host);
	driver_reset(&sock_vm.driver);
	if (!driver_start(&sock_vm.driver, driver_offered(&sock_vm.driver) & features, size))
		return false;
	driver_run(&sock_vm.driver);
	return true;
}

void sock_vm_answer(enum dm_answer answer, uint64_t progress)
{
	if (sock_vm.at_answer == sock_vm.n_answers)
		sock_vm.at_answer = sock_vm.n_answers = 0;
	sock_vm.answer[sock_vm.n_answers].answer = answer;
	sock_vm.answer[sock_vm.n_answers++].progress = progress;
}

uint8_t *sock_vm_ram(gpa_t addr)
{
	require(range_inside(addr.a, 1, GUEST_RAM_BASE, sock_vm.host.ram_size));
	return sock_vm.host.ram + (addr.a - GUEST_RAM_BASE);
}

/* Pieces do not follow one another in memory: a byte lies between them. */
static unsigned lay(struct slice *s, const uint8_t *data, size_t len, size_t piece)
{
	unsigned n = 0;

	for (size_t at = 0; at < len; n++) {
		uint32_t part = (uint32_t)(piece == 0 || piece > len - at ? len - at : piece);
		require(n < DRIVER_QUEUE_MAX);
		s[n] = (struct slice){host_alloc(&sock_vm.host, part + 1u, 1), part};
		if (data)
			memcpy(sock_vm_ram(s[n].addr), data + at, part);
		at += part;
	}
	return n;
}

int sock_vm_add(const void *data, size_t len, size_t piece)
{
	static struct slice s[DRIVER_QUEUE_MAX];
	unsigned n = lay(s, data, len, piece);

	return driver_add_indirect(&sock_vm.driver, VIRTIO_VSOCK_TX, s, n, NULL, 0);
}

gpa_t sock_vm_post(uint32_t len, size_t piece)
{
	static struct slice s[DRIVER_QUEUE_MAX];
	unsigned n = lay(s, NULL, len, piece);

	require(driver_add_indirect(&sock_vm.driver, VIRTIO_VSOCK_RX, NULL, 0, s, n) >= 0);
	return s[0].addr;
}
