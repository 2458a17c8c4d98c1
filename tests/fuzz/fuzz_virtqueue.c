/* SPDX-License-Identifier: MIT */
/*
 * The ring walker over rings made of fuzzer input, which also changes them
 * between operations and, through host_ram(), within one. Every chain that is
 * accepted is checked against what the interface promises.
 */
#include <stdlib.h>

#include "devices/virtqueue.h"
#include "tests/fuzz/input.h"
#include "tests/sim/host.h"

#define RAM 8192u
#define OPS 200

static struct host host;
static struct input input;
static struct virtqueue vq;
static struct vq_chain chain;

static void require(bool what)
{
	if (!what)
		abort();
}

static void change_ram(struct host *h)
{
	uint64_t at = input_number(&input, 2), len = input_number(&input, 1) % 17;

	if (at + len <= h->ram_size)
		input_bytes(&input, h->ram + at, len);
}

/* An address that is RAM, or nearly. */
static gpa_t some_address(unsigned align)
{
	return gpa(GUEST_RAM_BASE + input_number(&input, 2) % (RAM + 64) / align * align);
}

static void start(void)
{
	uint8_t flags = (uint8_t)input_number(&input, 1);

	virtqueue_reset(&vq, &host);
	vq.size = (uint16_t)(flags & 0x80 ? input_number(&input, 2) % 300 : 1u << (flags & 7));
	vq.event_idx = flags & 8;
	vq.indirect = flags & 16;
	vq.desc = some_address(flags & 32 ? 1 : 16);
	vq.avail = some_address(flags & 32 ? 1 : 2);
	vq.used = some_address(flags & 32 ? 1 : 4);
	require(virtqueue_start(&vq) == (vq.ready && !vq.broken));
}

/* One descriptor of the ring or of what lies behind it, often a good one. */
static void write_desc(void)
{
	uint64_t where = input_number(&input, 1), flags = input_number(&input, 1);
	struct virtq_desc d = {
		.addr = (flags & 8 ? vq.desc.a & ~15ull : some_address(1).a),
		.len = (uint32_t)(flags & 16 ? 16 * (flags >> 5) : input_number(&input, 2) % 600),
		.flags = flags & 7,
		.next = (uint16_t)(input_number(&input, 1) % (vq.size + 1u)),
	};
	uint64_t at = vq.desc.a - GUEST_RAM_BASE + 16 * (where % (2u * vq.size + 1));

	if (vq.ready && at + sizeof(d) <= RAM)
		memcpy(host.ram + at, &d, sizeof(d));
}

static void expose(void)
{
	uint16_t head = (uint16_t)(input_number(&input, 1) % (vq.size + 1u));

	if (!vq.ready)
		return;
	vq.avail_ring->ring[vq.avail_ring->idx % vq.size] = head;
	vq.avail_ring->idx++;
}

static uint64_t check_part(const struct vq_segment *segment, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		require(segment[i].len > 0);
		require(range_inside(segment[i].addr.a, segment[i].len, GUEST_RAM_BASE, RAM));
		require((uint8_t *)segment[i].data ==
			host.ram + (segment[i].addr.a - GUEST_RAM_BASE));
		sum += segment[i].len;
	}
	return sum;
}

static void check_chain(void)
{
	static uint8_t buffer[4096];

	require(chain.head < vq.size && chain.n_out + chain.n_in >= 1);
	require(chain.n_out + chain.n_in <= vq.size);
	require(check_part(chain.segment, chain.n_out) == chain.out_len);
	require(check_part(chain.segment + chain.n_out, chain.n_in) == chain.in_len);

	size_t offset = input_number(&input, 2), len = input_number(&input, 2) % sizeof(buffer);
	size_t out = offset < chain.out_len ? chain.out_len - offset : 0;
	size_t in = offset < chain.in_len ? chain.in_len - offset : 0;
	require(vq_chain_read(&chain, offset, buffer, len) == (out < len ? out : len));
	require(vq_chain_write(&chain, offset, buffer, len) == (in < len ? in : len));
}

static void pop(void)
{
	uint16_t before = vq.last_avail;

	switch (virtqueue_pop(&vq, &chain)) {
	case VQ_CHAIN:
		require(vq.ready && !vq.broken && vq.last_avail == (uint16_t)(before + 1));
		check_chain();
		if (input_number(&input, 1) & 1)
			virtqueue_unpop(&vq);
		else
			require(virtqueue_push(&vq, chain.head, chain.in_len));
		break;
	case VQ_EMPTY:
		require(!vq.broken && vq.last_avail == before);
		break;
	case VQ_BROKEN:
		require(vq.broken && vq.last_avail == before);
		break;
	}
}

static void notify(void)
{
	if (virtqueue_should_notify(&vq))
		require(!virtqueue_should_notify(&vq));
	virtqueue_want_kicks(&vq, input_number(&input, 1) & 1);
}

static void restart(void)
{
	if (vq.broken || input_number(&input, 1) == 0)
		start();
}

static void change(void)
{
	change_ram(&host);
}

static void step(void)
{
	static void (*const ops[])(void) = {
		pop, pop, write_desc, write_desc, expose, expose, change, notify, restart};

	ops[input_number(&input, 1) % (sizeof(ops) / sizeof(ops[0]))]();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	host_open(&host, RAM);
	uint64_t filled = input_number(&input, 2) % 2048;
	start();
	if (vq.ready) {
		/* Where it does most: the rings themselves. */
		size_t at = vq.desc.a - GUEST_RAM_BASE;
		input_bytes(&input, host.ram + at, filled < RAM - at ? filled : RAM - at);
		vq.avail_ring->idx = (uint16_t)(input_number(&input, 1) % (vq.size + 1u));
	}
	if (filled & 1)
		host.meddle = change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++)
		step();
	host_close(&host);
	return 0;
}
