/* SPDX-License-Identifier: MIT */
/* The host side of dm.h: what the device model of a VM may ask for. */
#include "backends/terminal.h"
#include "core/clock.h"
#include "core/vm.h"

static struct vm *vm_of(struct host *host)
{
	return (struct vm *)host;
}

void *host_ram(struct host *host, gpa_t addr, size_t len)
{
	return vm_ram(vm_of(host), addr, len);
}

void host_irq(struct host *host, unsigned line, bool level)
{
	struct vm *vm = vm_of(host);

	vplic_set_line(&vm->vplic, line, level);
	for (unsigned i = 0; i < vm->spec->vcpus; i++)
		vcpu_set_external_irq(&vm->vcpu[i], vplic_output(&vm->vplic, i));
}

size_t host_send(struct host *host, unsigned port, const struct slice *slices, unsigned n)
{
	size_t sent = 0;

	(void)port; /* every VM has one console */
	for (unsigned i = 0; i < n; i++) {
		const void *data = vm_ram(vm_of(host), slices[i].addr, slices[i].len);
		size_t now = data ? terminal_send(data, slices[i].len) : 0;

		sent += now;
		if (now < slices[i].len)
			break;
	}
	return sent;
}

size_t host_recv(struct host *host, unsigned port, const struct slice *slices, unsigned n)
{
	size_t received = 0;

	(void)port;
	for (unsigned i = 0; i < n; i++) {
		void *data = vm_ram(vm_of(host), slices[i].addr, slices[i].len);
		size_t now = data ? terminal_read(data, slices[i].len) : 0;

		received += now;
		if (now < slices[i].len)
			break;
	}
	return received;
}

uint64_t host_time_ns(struct host *host)
{
	(void)host;
	return clock_now_ns();
}

void host_end(struct host *host, enum dm_end how, unsigned status)
{
	struct vcpu *vcpu = &vm_of(host)->vcpu[0];

	vcpu->request = how == DM_REBOOT ? VCPU_REBOOT : VCPU_SHUTDOWN;
	vcpu->exit_status = status;
}

void host_trace(struct host *host, enum dm_event event, uint64_t a, uint64_t b)
{
	struct vm *vm = vm_of(host);

	if (event == DM_RING_BROKEN && vm_may_log(vm))
		log_line("%s: device %lu: queue %lu is broken, the guest must reset the device",
			vm->spec->name, (unsigned long)a, (unsigned long)b);
}
