/* SPDX-License-Identifier: MIT */
/*
 * The socket device under a driver made of fuzzer input: any chains, packets that go, wait or fail, frames that arrive, resets,
 * and memory that changes while the device looks at it. The scripted host checks what the device asks for.
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/sim/sock_vm.h"

#define STEPS 150
#define QUEUE 16
#define RAM   KIB(128)

static struct input input;
static uint8_t bytes[70000];
static uint64_t left; /* progress of the packet that waits */

static unsigned number(unsigned bound)
{
	return (unsigned)input_number(&input, 2) % bound;
}

static void meddle(struct host *host)
{
	uint64_t at = input_number(&input, 2), len = input_number(&input, 1) % 9;

	if (input.left > 0 && at + len <= host->ram_size)
		input_bytes(&input, host->ram + at, len);
}

static enum dm_answer submit(struct host *host, unsigned port, struct dm_request *request)
{
	static const enum dm_answer answers[] = {DM_DONE, DM_DONE, DM_BUSY, DM_FAILED};
	enum dm_answer answer = answers[number(4)];

	if (port != SOCK_VM_PORT || request->op != DM_SEND || request->len > SOCK_VM_PACKET ||
		request->header_len != sizeof(struct virtio_vsock_hdr) || request->n_slices > 64 ||
		request->progress != left)
		abort();
	host_slices_read(host, request, 0, bytes, request->len);
	if (answer == DM_BUSY)
		request->progress += number(1000);
	left = answer == DM_BUSY ? request->progress : 0;
	return answer;
}

static unsigned slices(struct slice *s, unsigned max)
{
	static const uint32_t lens[] = {0, 1, 20, 43, 44, 45, 100, 4096, 66000, UINT32_MAX};
	unsigned n = number(max) + 1;

	for (unsigned i = 0; i < n; i++) {
		s[i].len = number(4) ? lens[number(10)] : number(300);
		s[i].addr = gpa(
			GUEST_RAM_BASE + input_number(&input, 2) + (number(4) ? 0 : RAM - KIB(60)));
	}
	return n;
}

static void add(void)
{
	struct driver *d = &sock_vm.driver;
	unsigned q = number(3);
	struct slice s[80];

	if (d->q[q].size == 0)
		return;
	unsigned n = slices(s, number(4) ? 4 : 80), out = q == VIRTIO_VSOCK_TX ? n : 0;

	if (number(8) == 0)
		out = number(n + 1);
	(void)(number(2) ? driver_add(d, q, s, out, s + out, n - out)
			 : driver_add_indirect(d, q, s, out, s + out, n - out));
	driver_notify(d, q);
}

static void arrive(void)
{
	(void)host_arrive(&sock_vm.host, SOCK_VM_PORT, 0, bytes,
		sizeof(struct virtio_vsock_hdr) + number(5000), NULL, 1);
	dm_port_ready(sock_vm.dm, SOCK_VM_PORT);
}

static void ready(void)
{
	dm_port_ready(sock_vm.dm, SOCK_VM_PORT);
}

static void collect(void)
{
	struct driver *d = &sock_vm.driver;
	unsigned q = number(3);
	uint16_t head;
	uint32_t written;

	/* A ring that meddle() may have written is not followed. */
	if (!sock_vm.host.meddle && d->q[q].size > 0 && !d->packed)
		while (driver_collect(d, q, &head, &written))
			;
}

static void reset_queue(void)
{
	unsigned q = number(4);

	driver_write(&sock_vm.driver, VIRTIO_MMIO_QUEUE_SEL, q);
	(void)driver_try_write(&sock_vm.driver, VIRTIO_MMIO_QUEUE_RESET, 1);
	if (q == VIRTIO_VSOCK_TX && sock_vm.driver.q[q].size > 0 &&
		driver_offered(&sock_vm.driver) & VIRTIO_FEATURE(VIRTIO_F_RING_RESET))
		left = 0;
}

static void start(void)
{
	sock_vm.host.meddle = NULL;
	left = 0;
	(void)sock_vm_start(input_number(&input, 5) | VIRTIO_FEATURE(VIRTIO_F_VERSION_1), QUEUE);
	if (number(2))
		sock_vm.host.meddle = meddle;
}

static void step(void)
{
	static void (*const ops[])(void) = {
		add, add, add, add, arrive, arrive, ready, collect, reset_queue, start};
	unsigned op = number(sizeof(ops) / sizeof(ops[0]));

	/* Resets are rare. */
	if (ops[op] == start && number(4))
		return;
	ops[op]();
	for (unsigned i = 0; i < 1000; i++) {
		if (!dm_run(sock_vm.dm))
			return;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	sock_vm_open(number(2) ? VM_TRANSPORT_PCI : VM_TRANSPORT_MMIO, RAM);
	sock_vm.host.submit = submit;
	start();
	for (unsigned i = 0; i < STEPS && input.left > 0; i++)
		step();
	sock_vm.host.meddle = NULL;
	sock_vm_close();
	return 0;
}
