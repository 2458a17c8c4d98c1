/* SPDX-License-Identifier: MIT */
/* The host side of dm.h: what the device model of a VM may ask for. The VM's lock is held. */
#include "backends/entropy.h"
#include "core/aia.h"
#include "core/clock.h"
#include "core/vm_ports.h"
#include "core/vm_release.h"

#include <string.h>

static struct vm *vm_of(struct host *host)
{
	return (struct vm *)host;
}

void *host_ram(struct host *host, gpa_t addr, size_t len)
{
	return vm_ram(vm_of(host), addr, len);
}

bool host_is_ram(struct host *host, gpa_t addr, size_t len)
{
	return range_inside(addr.a, len, GUEST_RAM_BASE, vm_of(host)->spec->memory);
}

void *host_pin(struct host *host, gpa_t addr, size_t len)
{
	return vm_pin(vm_of(host), addr, len);
}

void host_unpin(struct host *host, gpa_t addr, size_t len)
{
	vm_unpin(vm_of(host), addr, len);
}

/* Where a piece that is pinned is for the guest. */
static void unpin_pieces(struct vm *vm, const struct iovec_piece *pieces, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		vm_unpin(vm, gpa(GUEST_RAM_BASE + (uint64_t)((uint8_t *)pieces[i].data - vm->ram)),
			pieces[i].len);
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

void host_msi(struct host *host, gpa_t addr, uint32_t data)
{
	if (vm_of(host)->aia)
		aia_msi(vm_of(host), addr, data);
}

bool host_has_msi(struct host *host)
{
	return vm_of(host)->aia;
}

/* ---- the console ---- */

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

/* ---- requests and posted buffers ---- */

enum dm_answer host_submit(struct host *host, unsigned port, struct dm_request *request)
{
	struct vm *vm = vm_of(host);

	switch (request->op) {
	case DM_RELEASE:
	case DM_RECLAIM:
		return vm_release_submit(vm, request);
	default:
		return request_submit(vm_port(vm, port), request);
	}
}

void host_disk(struct host *host, unsigned port, struct dm_disk *out)
{
	disk_describe(vm_port(vm_of(host), port)->disk, out);
}

static struct mailbox *mailbox_of(struct vm *vm, unsigned number, unsigned queue)
{
	const struct vm_port *port = vm_port(vm, number);

	return port->vsock ? vsock_mailbox(port->vsock) : switch_mailbox(port->net, queue);
}

bool host_post(struct host *host, unsigned port, unsigned queue, uint32_t token, unsigned room,
	const struct slice *slices, unsigned n)
{
	struct vm *vm = vm_of(host);
	struct mailbox *box = mailbox_of(vm, port, queue);
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];

	for (unsigned i = 0; i < n; i++) {
		pieces[i] = (struct iovec_piece){
			vm_pin(vm, slices[i].addr, slices[i].len), slices[i].len};
		if (!pieces[i].data) {
			unpin_pieces(vm, pieces, i);
			return false;
		}
	}
	if (mailbox_post(box, token, room, pieces, n)) {
		if (vm_port(vm, port)->vsock)
			vsock_posted(vm_port(vm, port)->vsock);
		return true;
	}
	unpin_pieces(vm, pieces, n);
	return false;
}

bool host_take(struct host *host, unsigned port, unsigned queue, struct dm_received *out)
{
	struct vm *vm = vm_of(host);
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	unsigned n;

	if (!mailbox_take(mailbox_of(vm, port, queue), out, pieces, &n))
		return false;
	unpin_pieces(vm, pieces, n);
	return true;
}

void host_unpost(struct host *host, unsigned port, unsigned queue)
{
	struct vm *vm = vm_of(host);
	struct mailbox *box = mailbox_of(vm, port, queue);
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	unsigned n;

	while (mailbox_take_back(box, pieces, &n))
		unpin_pieces(vm, pieces, n);
	if (vm_port(vm, port)->vsock)
		vsock_restart(vm_port(vm, port)->vsock);
}

void host_net_features(struct host *host, unsigned port, uint64_t guest_features, unsigned queues)
{
	switch_features(vm_port(vm_of(host), port)->net, guest_features, queues);
}

void host_net_filter(struct host *host, unsigned port, const struct dm_net_filter *filter)
{
	switch_filter(vm_port(vm_of(host), port)->net, filter);
}

void host_random(struct host *host, void *data, size_t len)
{
	(void)host;
	entropy_read(data, len);
}

/* ---- the balloon ---- */

uint64_t host_balloon_target(struct host *host)
{
	return __atomic_load_n(&vm_of(host)->balloon_target, __ATOMIC_RELAXED);
}

void host_balloon_report(struct host *host, uint64_t bytes, const uint64_t stats[DM_BALLOON_STATS])
{
	vm_of(host)->balloon = bytes;
	memcpy(vm_of(host)->balloon_stats, stats, sizeof(vm_of(host)->balloon_stats));
}

/* ---- time ---- */

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
