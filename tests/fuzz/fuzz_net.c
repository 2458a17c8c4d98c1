/* SPDX-License-Identifier: MIT */
/*
 * The network device under a driver made of fuzzer input: chains with any header and any pieces, commands, arriving
 * frames, requests that end in any order, resets, and memory that changes while the device looks at it. The scripted
 * host checks what the device asks for.
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/sim/net_vm.h"

#define STEPS 150
#define QUEUE 16
#define RAM   KIB(128)

static struct input input;
static uint8_t bytes[NET_VM_FRAME];

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
	static const enum dm_answer answers[] = {DM_DONE, DM_LENT, DM_LENT, DM_BUSY, DM_FAILED};
	const struct dm_frame *f = &request->frame;

	(void)port;
	if (request->op != DM_SEND || request->header_len < 14 || !request->header)
		abort();
	if (request->header_len + request->len > 65550)
		abort();
	/* What the device promises of a frame's wishes. */
	if ((f->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM) || (f->gso_type && !f->flags))
		abort();
	if (f->flags && f->csum_start + f->csum_offset + 2 > request->header_len)
		abort();
	if (f->gso_type && f->gso_size == 0)
		abort();
	host_slices_read(host, request, 0, bytes, request->len);
	return answers[number(5)];
}

static unsigned slices(struct slice *s, unsigned max)
{
	unsigned n = number(max) + 1;

	for (unsigned i = 0; i < n; i++) {
		static const uint32_t lens[] = {1, 2, 6, 12, 14, 100, 1500, 4096, 66000};
		s[i].len = number(4) ? lens[number(9)] : number(300);
		s[i].addr =
			gpa(GUEST_RAM_BASE + input_number(&input, 2) + (number(4) ? 0 : MIB(1)));
	}
	return n;
}

static void add(void)
{
	struct driver *d = &net_vm.driver;
	unsigned q = number(DRIVER_QUEUES);
	struct slice s[40];

	if (d->q[q].size == 0)
		return;
	unsigned n = slices(s, number(4) ? 4 : 30), out = q % 2 ? n : 0;
	if (number(8) == 0 || q == 2 * net_vm.spec.devices[1].net.queues)
		out = number(n + 1);
	(void)(number(2) ? driver_add(d, q, s, out, s + out, n - out)
			 : driver_add_indirect(d, q, s, out, s + out, n - out));
	driver_notify(d, q);
}

/* A well-formed header or command, in one piece or two. */
static void add_good(void)
{
	struct driver *d = &net_vm.driver;
	uint8_t good[300];
	unsigned q = number(2) ? 1 : 2 * net_vm.spec.devices[1].net.queues;

	if (d->q[q].size == 0)
		return;
	size_t len = input_bytes(&input, good, number(sizeof(good)));
	if (q == 1 && len >= 12) {
		good[0] &= 1;
		good[1] &= 5;
		good[6] &= 0x7f;
		good[7] = good[9] = 0;
	} else if (len >= 2) {
		good[0] %= 6;
		good[1] %= 6;
	}
	if (len == 0)
		return;
	size_t taken = net_vm.host.ram_taken;
	if (taken + 1000 > net_vm.host.ram_size)
		return;
	struct slice s[3] = {{host_alloc(&net_vm.host, len, 1), (uint32_t)len},
		{host_alloc(&net_vm.host, 16, 1), 16}};
	memcpy(net_vm_ram(s[0].addr), good, len);
	(void)driver_add(d, q, s, 1, s + 1, q == 1 ? 0 : 1);
	driver_notify(d, q);
}

static void arrive(void)
{
	struct dm_frame frame;
	struct host_port *port = &net_vm.host.port[NET_VM_PORT];
	unsigned queue = number(2) ? 0 : number(net_vm.spec.devices[1].net.queues);

	memset(&frame, 0, sizeof(frame));
	input_bytes(&input, &frame, number(sizeof(frame)));
	(void)host_arrive(&net_vm.host, NET_VM_PORT, queue, bytes, 1 + number(20000), &frame,
		port->guest_features & VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF) ? DM_POSTED_MAX : 1);
	dm_port_ready(net_vm.dm, NET_VM_PORT);
}

static void complete(void)
{
	if (net_vm.host.n_lent > 0)
		host_complete(&net_vm.host, net_vm.dm, number(net_vm.host.n_lent),
			number(2) ? OK : ERR_IO);
}

static void complete_all(void)
{
	host_complete_all(&net_vm.host, net_vm.dm, OK);
}

static void ready(void)
{
	dm_port_ready(net_vm.dm, NET_VM_PORT);
}

static void collect(void)
{
	struct driver *d = &net_vm.driver;
	unsigned q = number(DRIVER_QUEUES);
	uint16_t head;
	uint32_t written;

	/* A ring that meddle() may have written is not followed. */
	if (!net_vm.host.meddle && d->q[q].size > 0 && !d->packed)
		while (driver_collect(d, q, &head, &written))
			;
}

static void reset_queue(void)
{
	driver_write(&net_vm.driver, VIRTIO_MMIO_QUEUE_SEL, number(DRIVER_QUEUES));
	(void)driver_try_write(&net_vm.driver, VIRTIO_MMIO_QUEUE_RESET, 1);
}

static void start(void)
{
	net_vm.host.meddle = NULL;
	complete_all();
	(void)net_vm_start(input_number(&input, 5) | VIRTIO_FEATURE(VIRTIO_F_VERSION_1), QUEUE);
	if (number(2))
		net_vm.host.meddle = meddle;
}

static void step(void)
{
	static void (*const ops[])(void) = {add, add, add, add_good, add_good, arrive, arrive,
		complete, complete_all, ready, collect, reset_queue, start};
	unsigned op = number(sizeof(ops) / sizeof(ops[0]));

	/* Resets are rare. */
	if (ops[op] == start && number(4))
		return;
	ops[op]();
	for (unsigned i = 0; i < 1000; i++) {
		if (!dm_run(net_vm.dm))
			return;
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	struct net_vm_options options = {
		.transport = number(2) ? VM_TRANSPORT_PCI : VM_TRANSPORT_MMIO,
		.pairs = 1 + number(2),
		.ram = RAM,
	};

	net_vm_open(&options);
	net_vm.host.submit = submit;
	start();
	for (unsigned i = 0; i < STEPS && input.left > 0; i++)
		step();
	net_vm.host.meddle = NULL;
	complete_all();
	net_vm_close();
	return 0;
}
