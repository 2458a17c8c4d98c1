/* SPDX-License-Identifier: MIT */
/*
 * Three VMs that send each other and the service any packets, with buffers of any size or none, while they start over and
 * stop and time goes by. Whatever happens, nobody is told by another's name, what arrives of a connection was sent in that order
 * and without a hole, commands come only from the VM that may, and nothing waits for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/unit/vsock_vm.h"

#define VMS     3
#define PORTS   2
#define STEPS   400
#define TRUSTED 0 /* which of the VMs */

static struct input input;
static struct vsock_vm vms[VMS];
/* A packet that has to be sent again. */
static struct pending {
	bool waits;
	struct virtio_vsock_hdr hdr;
	size_t len;
	uint64_t since;
} pending[VMS];
static uint8_t data[70000];
static bool running; /* the service */

/*
 * Data of a stream counts its bytes: those of VM i's port p to VM k have the numbers from sent[][][] on. An end that was told of a
 * reset, or starts over, has another stream then, which is not looked at.
 */
static uint32_t sent[VMS][PORTS][VMS], seen[VMS][PORTS][VMS];
static bool cut[VMS][PORTS][VMS];

static void require(bool what)
{
	if (!what)
		abort();
}

static unsigned number(unsigned bound)
{
	return (unsigned)input_number(&input, bound > 256 ? 2 : 1) % bound;
}

static void service(char *line)
{
	static char text[40000];
	size_t len = strlen(line);

	require(!running && len <= 256);
	running = true;
	if (number(4) == 0)
		vsock_answer(text, number(sizeof(text)));
	if (number(8) == 0)
		vsock_service_run();
	running = false;
}

/* What a VM sent is not followed any more, nor what it was sent. */
static void forget(unsigned i)
{
	for (unsigned p = 0; p < PORTS; p++)
		for (unsigned k = 0; k < VMS; k++)
			cut[i][p][k] = cut[k][p][i] = true;
	pending[i].waits = false;
}

static void attach(unsigned i)
{
	if (!vms[i].port)
		require(vsock_vm_attach(&vms[i], 3 + i, i == TRUSTED));
}

static void stop(unsigned i)
{
	forget(i);
	vsock_vm_detach(&vms[i]);
}

static void restart(unsigned i)
{
	forget(i);
	if (vms[i].port)
		vsock_vm_restart(&vms[i]);
}

static void post(unsigned i)
{
	static const uint32_t lens[] = {44, 45, 60, 300, 4096};

	if (vms[i].port)
		(void)vsock_vm_post(&vms[i], number(20), lens[number(5)]);
}

static void check_data(unsigned from, unsigned port, unsigned to)
{
	uint32_t *next = &seen[from][port][to];
	const struct vsock_vm *vm = &vms[to];

	if (cut[from][port][to])
		return;
	for (uint32_t i = 0; i < vm->hdr.len; i++)
		require(vm->data[i] == (uint8_t)(*next)++);
}

static void take(unsigned i)
{
	struct vsock_vm *vm = &vms[i];

	if (!vm->port || !vsock_vm_take(vm, number(8) > 0))
		return;
	if (vm->hdr.op == VIRTIO_VSOCK_OP_RST && vm->hdr.dst_port < PORTS &&
		vm->hdr.src_cid - 3 < VMS)
		cut[i][vm->hdr.dst_port][vm->hdr.src_cid - 3] = true;
	if (vm->hdr.src_cid == 2)
		require(i == TRUSTED || vm->hdr.op == VIRTIO_VSOCK_OP_RST);
	if (vm->hdr.op == VIRTIO_VSOCK_OP_RW && vm->hdr.src_cid - 3 < VMS)
		check_data((unsigned)vm->hdr.src_cid - 3, vm->hdr.src_port, i);
}

static bool try(unsigned i)
{
	struct pending *p = &pending[i];

	p->waits = !vsock_vm_send(&vms[i], &p->hdr, data, p->len, 1000);
	return !p->waits;
}

/* The bytes that a stream is to go on with. */
static void fill(unsigned i, unsigned port, unsigned to, uint32_t len)
{
	for (uint32_t k = 0; k < len; k++)
		data[k] = (uint8_t)(sent[i][port][to] + k);
}

static void send(unsigned i)
{
	struct pending *p = &pending[i];
	unsigned port = number(PORTS), to = number(VMS),
		 len = number(4) ? number(500) : number(60000);
	uint16_t op = number(2) ? VIRTIO_VSOCK_OP_RW : (uint16_t)number(9);

	if (!vms[i].port || p->waits)
		return;
	if (number(4) == 0) {
		/* To the service, and who knows to what else. */
		p->hdr = vsock_vm_header(&vms[i], port, 2, VSOCK_SERVICE_PORT, op);
		p->hdr.flags = number(4);
		p->hdr.fwd_cnt = number(4) ? 0 : number(65536);
		p->hdr.buf_alloc = number(4) ? 262144 : number(65536);
		p->len = p->hdr.len = number(4) ? number(80) : number(300);
		memset(data, 'x', p->len);
		for (unsigned k = 0; k < p->len / 4; k++)
			data[number(300)] = number(4) ? '\n' : (uint8_t)number(256);
		if (number(8) == 0)
			input_bytes(&input, &p->hdr, sizeof(p->hdr));
		/* Made of input it may be one of a stream, and is none. */
		if (p->hdr.dst_cid - 3 < VMS && p->hdr.src_port < PORTS)
			cut[i][p->hdr.src_port][p->hdr.dst_cid - 3] = true;
	} else {
		p->hdr = vsock_vm_header(&vms[i], port, 3 + to, port, op);
		p->hdr.len = op == VIRTIO_VSOCK_OP_RW ? len : number(2);
		p->len = p->hdr.len;
		fill(i, port, to, p->hdr.len);
		if (op == VIRTIO_VSOCK_OP_RW)
			sent[i][port][to] += len;
		/* A new stream. What it was before does not count. */
		if (op == VIRTIO_VSOCK_OP_REQUEST || op == VIRTIO_VSOCK_OP_RST)
			cut[i][port][to] = true;
	}
	p->since = vsock_vm_ns;
	(void)try(i);
}

static void go_on(unsigned i)
{
	struct pending *p = &pending[i];

	if (!vms[i].port || !p->waits)
		return;
	if (p->hdr.dst_cid - 3 < VMS)
		/* The same bytes. */
		for (uint32_t k = 0; k < p->len; k++)
			data[k] = (uint8_t)(sent[i][p->hdr.src_port % PORTS][p->hdr.dst_cid - 3] -
					    p->hdr.len + k);
	(void)try(i);
}

static void time_goes_by(void)
{
	bool any = false;

	vsock_vm_ns += 100000000ull * number(30);
	for (unsigned i = 0; i < VMS; i++)
		any |= vms[i].port && pending[i].waits;
	require(vsock_vm_tick() || !any);
	for (unsigned i = 0; i < VMS; i++) {
		go_on(i);
		/* Nobody of the others took anything in between: then it ends. */
		require(!pending[i].waits || vsock_vm_ns - pending[i].since < 1ull << 40);
	}
}

static void step(void)
{
	unsigned i = number(VMS);

	switch (number(16)) {
	case 0:
		attach(i);
		break;
	case 1:
		if (number(4) == 0)
			stop(i);
		break;
	case 2:
		if (number(4) == 0)
			restart(i);
		break;
	case 3:
	case 4:
		post(i);
		break;
	case 5:
		time_goes_by();
		break;
	case 6:
		vsock_service_run();
		break;
	case 7:
	case 8:
		go_on(i);
		break;
	case 9:
	case 10:
	case 11:
		take(i);
		break;
	default:
		send(i);
	}
}

/* With no buffers anywhere all that waits is over soon. */
static void finish(void)
{
	for (unsigned t = 0; t < 5; t++) {
		vsock_vm_ns += 1000000000;
		for (unsigned i = 0; i < VMS; i++)
			go_on(i);
	}
	for (unsigned i = 0; i < VMS; i++) {
		require(!pending[i].waits);
		stop(i);
	}
	for (unsigned i = 0; i < 100 && vsock_service_pending(); i++)
		vsock_service_run();
	require(!vsock_service_pending() && !vsock_vm_tick());
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	input = (struct input){bytes, size};
	vsock_service(service);
	memset(pending, 0, sizeof(pending));
	memset(sent, 0, sizeof(sent));
	memset(seen, 0, sizeof(seen));
	memset(cut, 0, sizeof(cut));
	for (unsigned i = 0; i < VMS; i++) {
		attach(i);
		/* Its guest is up: else nobody is there, and what is sent begins no stream. */
		require(vsock_vm_post(&vms[i], 1, 300));
		post(i);
	}
	for (unsigned i = 0; i < STEPS && input.left > 0; i++)
		step();
	finish();
	return 0;
}
