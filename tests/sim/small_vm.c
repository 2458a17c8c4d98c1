/* SPDX-License-Identifier: MIT */
/* A VM with a random device and a balloon: see small_vm.h. */
#include <stdlib.h>
#include <string.h>

#include "devices/kinds.h"
#include "tests/sim/small_vm.h"

struct small_vm vm;

/* The device model has no other kinds here. */
const struct kind kinds[] = {
	[VM_DEVICE_RNG] = {&rng_ops, rng_state_size, rng_init, false},
	[VM_DEVICE_BALLOON] = {&balloon_ops, balloon_state_size, balloon_init, false},
};
const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);

static void require(bool what)
{
	if (!what)
		abort();
}

static void take_block(unsigned block, const struct dm_request *request)
{
	vm.released[block]++;
	if (request->queue != VIRTIO_BALLOON_INFLATEQ)
		return;
	require(!vm.given[block]);
	vm.given[block] = true;
}

static void give_block(unsigned block)
{
	require(vm.given[block]);
	vm.given[block] = false;
}

static void perform(const struct dm_request *request)
{
	bool release = request->op == DM_RELEASE;

	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *s = &request->slices[i];
		unsigned first = (unsigned)((s->addr.a - GUEST_RAM_BASE) / SMALL_VM_BLOCK);

		for (unsigned b = 0; b < s->len / SMALL_VM_BLOCK; b++) {
			if (release)
				take_block(first + b, request);
			else
				give_block(first + b);
		}
	}
	vm.releases += release;
	vm.reclaims += !release;
	vm.last_give = request->give;
}

static void check(const struct host *host, const struct dm_request *request)
{
	uint64_t sum = 0;

	require(request->device == SMALL_VM_BALLOON && request->queue < VIRTIO_BALLOON_QUEUES);
	require(request->op == DM_RELEASE || request->op == DM_RECLAIM);
	require((request->op == DM_RECLAIM) == (request->queue == VIRTIO_BALLOON_DEFLATEQ));
	require(!request->give || request->queue == VIRTIO_BALLOON_INFLATEQ);
	require(request->n_slices > 0 && host->n_lent == 0);
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *s = &request->slices[i];

		require(s->len > 0 && (s->addr.a | s->len) % SMALL_VM_BLOCK == 0);
		require(range_inside(s->addr.a, s->len, GUEST_RAM_BASE, SMALL_VM_RAM));
		sum += s->len;
	}
	require(sum == request->len);
}

static enum dm_answer submit(struct host *host, unsigned port, struct dm_request *request)
{
	enum dm_answer answer = DM_LENT;

	require(port == 1 + SMALL_VM_BALLOON);
	check(host, request);
	if (vm.at_answer < vm.n_answers)
		answer = vm.answer[vm.at_answer++];
	if (answer == DM_DONE)
		perform(request);
	return answer;
}

void small_vm_open(enum vm_transport transport)
{
	memset(&vm, 0, sizeof(vm));
	vm.spec.transport = transport;
	vm.spec.memory = SMALL_VM_RAM;
	vm.spec.vcpus = 1;
	vm.spec.n_devices = 2;
	vm.spec.devices[SMALL_VM_RNG].kind = VM_DEVICE_RNG;
	vm.spec.devices[SMALL_VM_BALLOON].kind = VM_DEVICE_BALLOON;
	for (unsigned i = 0; i < 2; i++)
		vm.spec.devices[i].port = 1 + i;
	host_open(&vm.host, SMALL_VM_RAM);
	vm.host.submit = submit;

	size_t size = dm_memory_needed(&vm.spec);
	vm.mem = aligned_alloc(4096, size);
	require(vm.mem != NULL);
	memset(vm.mem, 0xa5, size); /* dm_create() may assume nothing */
	require(dm_create(vm.mem, size, &vm.spec, &vm.host, &vm.dm) == OK);
	driver_open(&vm.rng, &vm.host, vm.dm, SMALL_VM_RNG);
	driver_open(&vm.balloon, &vm.host, vm.dm, SMALL_VM_BALLOON);
}

void small_vm_close(void)
{
	dm_reset(vm.dm);
	require(dm_lent(vm.dm) == 0 && vm.host.n_lent == 0 && vm.host.n_pins == 0);
	dm_destroy(vm.dm);
	free(vm.mem);
	host_close(&vm.host);
}

void small_vm_complete(unsigned i, enum status status)
{
	require(i < vm.host.n_lent);
	/* A reclaim that was lent can't fail. */
	if (status == OK || vm.host.lent[i]->op == DM_RECLAIM)
		perform(vm.host.lent[i]);
	host_complete(&vm.host, vm.dm, i, status);
}

void small_vm_settle(void)
{
	driver_run(&vm.balloon);
	while (vm.host.n_lent > 0) {
		small_vm_complete(0, OK);
		driver_run(&vm.balloon);
	}
}

unsigned small_vm_given(void)
{
	unsigned n = 0;

	for (unsigned b = 0; b < SMALL_VM_BLOCKS; b++)
		n += vm.given[b];
	return n;
}

int small_vm_setup_mmio(void **state)
{
	(void)state;
	small_vm_open(VM_TRANSPORT_MMIO);
	return 0;
}

int small_vm_setup_pci(void **state)
{
	(void)state;
	small_vm_open(VM_TRANSPORT_PCI);
	return 0;
}

int small_vm_teardown(void **state)
{
	(void)state;
	small_vm_close();
	return 0;
}
