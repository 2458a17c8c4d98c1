/* SPDX-License-Identifier: MIT */
/* The host side of dm.h: what the device model of a VM may ask for. The VM's lock is held. */
#include "core/aia.h"
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

	if (vm->aia) {
		aia_set_line(vm, line, level);
		return;
	}
	vplic_set_line(&vm->vplic, line, level);
	vm_update_external_irqs(vm);
}

size_t host_send(struct host *host, unsigned port, const struct slice *slices, unsigned n)
{
	size_t sent = 0;

	(void)port; /* every VM has one console */
	for (unsigned i = 0; i < n; i++) {
		const void *data = vm_ram(vm_of(host), slices[i].addr, slices[i].len);
		size_t now = data ? console_send(vm_of(host)->console, data, slices[i].len) : 0;

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
		size_t now = data ? console_read(vm_of(host)->console, data, slices[i].len) : 0;

		received += now;
		if (now < slices[i].len)
			break;
	}
	return received;
}

size_t host_send_bytes(struct host *host, unsigned port, const void *data, size_t len)
{
	(void)port;
	return console_send(vm_of(host)->console, data, len);
}

size_t host_recv_bytes(struct host *host, unsigned port, void *data, size_t len)
{
	(void)port;
	return console_read(vm_of(host)->console, data, len);
}

bool host_has_input(struct host *host, unsigned port)
{
	(void)port;
	return console_has_input(vm_of(host)->console);
}

void host_alarm(struct host *host, uint64_t time_ns)
{
	struct vm *vm = vm_of(host);

	vm->alarm = clock_ticks_at(time_ns);
	/* Its timer is vCPU 0's affair. */
	vcpu_post(vm->vcpu[0], VCPU_EVENT_ALARM);
}

uint64_t host_time_ns(struct host *host)
{
	(void)host;
	return clock_now_ns();
}

void host_end(struct host *host, enum dm_end how, unsigned status)
{
	vm_end_locked(vm_of(host), how == DM_REBOOT ? VM_END_REBOOT : VM_END_STOP, status);
}

void host_trace(struct host *host, enum dm_event event, uint64_t a, uint64_t b)
{
	struct vm *vm = vm_of(host);

	if (event == DM_RING_BROKEN && vm_may_log(vm))
		log_line("%s: device %lu: queue %lu is broken, the guest must reset the device",
			vm->spec->name, (unsigned long)a, (unsigned long)b);
}
