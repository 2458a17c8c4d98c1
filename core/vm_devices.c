/* SPDX-License-Identifier: MIT */
/*
 * When a VM's device model works: after a store of its guest, and when something came for it, which one of its vCPUs is
 * told. Whoever has something sets a bit in `ready` or puts a request into `finished`.
 */
#include "core/csr.h"
#include "core/vm_ports.h"
#include "core/vm_release.h"

/* Any vCPU will do, unless it stops just now. Best is one that has a hart. */
void vm_wake_for_devices(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		if (!__atomic_load_n(&vm->vcpu[i]->hart, __ATOMIC_RELAXED))
			continue;
		vcpu_post(vm->vcpu[i], VCPU_EVENT_DEVICES);
		return;
	}
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		if (vcpu_get_state(vm->vcpu[i]) == VCPU_STOPPED)
			continue;
		vcpu_post(vm->vcpu[i], VCPU_EVENT_DEVICES);
		if (vcpu_get_state(vm->vcpu[i]) != VCPU_STOPPED)
			return;
	}
}

/* In vm->ready: requests are over, which is no port's affair. */
#define NO_PORT 31

_Static_assert(VM_DEVICES_MAX < NO_PORT, "a bit for each port");

void vm_ready(struct vm *vm, unsigned port)
{
	uint32_t bit = 1u << port;

	/* Who set it before has woken somebody who has not looked yet. */
	if (!(__atomic_fetch_or(&vm->ready, bit, __ATOMIC_ACQ_REL) & bit))
		vm_wake_for_devices(vm);
}

void vm_console_ready(void *owner)
{
	vm_ready(owner, GUEST_UART_PORT);
}

void vm_request_over(struct vm_port *port)
{
	struct vm *vm = port->vm;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&vm->draining, __ATOMIC_RELAXED)) {
		vm_ready(vm, NO_PORT);
		return;
	}
	/* Another VM's lock may be held here; to take this one apart none may be. */
	__atomic_store_n(&vm_drains, true, __ATOMIC_SEQ_CST);
	csr_set(sip, SIE_SSIE);
}

void vm_tell_devices(struct vm *vm)
{
	uint32_t ready = __atomic_exchange_n(&vm->ready, 0, __ATOMIC_ACQUIRE) & ~(1u << NO_PORT);

	request_take_finished(vm);
	for (; ready; ready &= ready - 1)
		dm_port_ready(vm->dm, (unsigned)__builtin_ctz(ready));
	vm_run_devices(vm);
}

void vm_unlock_devices(struct vm *vm)
{
	bool releases = vm_release_pending(vm);

	spin_unlock(&vm->lock);
	if (releases)
		vm_release_finish(vm);
	if (vsock_service_pending())
		vsock_service_run();
}

void vm_run_devices(struct vm *vm)
{
	vm->image_work = 0;
	vm->dm_again = dm_run(vm->dm);
	/* A software interrupt of our own brings us back right after the guest is entered. */
	if (vm->dm_again)
		csr_set(sip, SIE_SSIE);
}

uint64_t vm_device_memory(const struct vm *vm)
{
	uint64_t size = dm_memory_needed(vm->spec);

	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		if (vm->spec->devices[i].kind == VM_DEVICE_FS)
			size -= vm->spec->devices[i].arena_size;
	return size;
}
