/* SPDX-License-Identifier: MIT */
/*
 * The walkers of both forms over rings made of fuzzer input, which also changes them
 * between operations and, through host_ram(), within one. Every chain that is
 * accepted is checked against what the interface promises, and comes back some time later in any order.
 */
#include <stdlib.h>

#include "devices/virtqueue.h"
#include "include/abi/virtio_ring.h"
#include "tests/fuzz/input.h"
#include "tests/sim/host.h"

#define RAM 32768u
#define OPS 200

static struct host host;
static struct input input;
static struct virtqueue vq;
static struct vq_chain chain;
static struct vq_used popped[VIRTQUEUE_MAX]; /* and not pushed */
static unsigned n_popped;

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

	virtqueue_reset(&vq);
	require(host.n_pins == 0);
	n_popped = 0;
	vq.packed = input_number(&input, 1) & 1;
	vq.size = (uint16_t)(flags & 0x80 ? input_number(&input, 2) % 1200 : 1u << (flags & 7));
	vq.event_idx = flags & 8;
	vq.indirect = flags & 16;
	vq.desc = some_address(flags & 32 ? 1 : 16);
	vq.avail = some_address(flags & 32 ? 1 : 4);
	vq.used = some_address(flags & 32 ? 1 : 4);
	require(virtqueue_start(&vq) == (vq.ready && !vq.broken));
	require(host.n_pins == (vq.ready ? 3 : 0));
}

/* One descriptor of the ring or of what lies behind it, often a good one. */
static void write_desc(void)
{
	uint64_t where = input_number(&input, 1), flags = input_number(&input, 1);
	uint64_t addr = flags & 8 ? vq.desc.a & ~15ull : some_address(1).a;
	uint32_t len = (uint32_t)(flags & 16 ? 16 * (flags >> 5) : input_number(&input, 2) % 600);
	uint16_t last = (uint16_t)(input_number(&input, 1) % (vq.size + 1u));
	struct virtq_desc d = {addr, len, flags & 7, last};
	uint64_t at = vq.desc.a - GUEST_RAM_BASE + 16 * (where % (2u * vq.size + 1));

	if (vq.packed)
		d = (struct virtq_desc){addr, len, last, flags & 7};
	if (vq.ready && at + sizeof(d) <= RAM)
		memcpy(host.ram + at, &d, sizeof(d));
}

static void expose_split(void)
{
	uint16_t head = (uint16_t)(input_number(&input, 1) % (vq.size + 1u));
	struct virtq_avail *avail = vq.avail_ring;

	avail->ring[avail->idx % vq.size] = head;
	avail->idx++;
}

/* The next ones that the device looks at become available, as they are. */
static void expose_packed(void)
{
	struct pvirtq_desc *ring = vq.desc_ring;
	unsigned n = 1 + (unsigned)input_number(&input, 1) % 8, at = vq.last_avail;
	bool wrap = vq.avail_wrap;

	for (unsigned i = 0; i < n; i++) {
		ring[at].flags = (uint16_t)((ring[at].flags & 7) |
					    (wrap ? PVIRTQ_DESC_F_AVAIL : PVIRTQ_DESC_F_USED));
		if (++at == vq.size) {
			at = 0;
			wrap = !wrap;
		}
	}
}

static void expose(void)
{
	if (!vq.ready)
		return;
	if (vq.packed)
		expose_packed();
	else
		expose_split();
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

	require(vq.packed ? chain.head >> 16 >= 1 && chain.head >> 16 <= vq.size
			  : chain.head < vq.size);
	require(chain.n_out + chain.n_in >= 1);
	require(chain.n_out + chain.n_in <= vq.size);
	require(check_part(chain.segment, chain.n_out) == chain.out_len);
	require(check_part(chain.segment + chain.n_out, chain.n_in) == chain.in_len);

	size_t offset = input_number(&input, 2), len = input_number(&input, 2) % sizeof(buffer);
	size_t out = offset < chain.out_len ? chain.out_len - offset : 0;
	size_t in = offset < chain.in_len ? chain.in_len - offset : 0;
	require(vq_chain_read(&chain, offset, buffer, len) == (out < len ? out : len));
	require(vq_chain_write(&chain, offset, buffer, len) == (in < len ? in : len));
}

static void keep(void)
{
	if (n_popped < VIRTQUEUE_MAX)
		popped[n_popped++] = (struct vq_used){chain.head, chain.in_len};
}

static void pop(void)
{
	struct virtqueue before = vq;

	switch (virtqueue_pop(&vq, &chain)) {
	case VQ_CHAIN:
		require(vq.ready && !vq.broken && vq.last_avail < (vq.packed ? vq.size : 1u << 16));
		check_chain();
		if (input_number(&input, 1) & 1)
			keep();
		else
			virtqueue_unpop(&vq);
		break;
	case VQ_EMPTY:
		require(!vq.broken && vq.last_avail == before.last_avail);
		break;
	case VQ_BROKEN:
		require(vq.broken && vq.last_avail == before.last_avail);
		break;
	}
}

static struct vq_used take(void)
{
	unsigned i = (unsigned)input_number(&input, 1) % n_popped;
	struct vq_used used = popped[i];

	popped[i] = popped[--n_popped];
	return used;
}

static void push(void)
{
	if (n_popped == 0)
		return;
	struct vq_used used = take();
	require(virtqueue_push(&vq, used.head, used.written) == !vq.broken);
}

static void push_all(void)
{
	struct vq_used used[8];
	unsigned n = 0;

	while (n < 8 && n_popped > 0)
		used[n++] = take();
	require(virtqueue_push_all(&vq, used, n) == (vq.ready && !vq.broken));
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
	static void (*const ops[])(void) = {pop, pop, push, push_all, write_desc, write_desc,
		expose, expose, change, notify, restart};

	ops[input_number(&input, 1) % (sizeof(ops) / sizeof(ops[0]))]();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	host_open(&host, RAM);
	uint64_t filled = input_number(&input, 2) % 2048;
	virtqueue_init(&vq, &host, VIRTQUEUE_MAX);
	start();
	if (vq.ready) {
		/* Where it does most: the rings themselves. */
		size_t at = vq.desc.a - GUEST_RAM_BASE;
		input_bytes(&input, host.ram + at, filled < RAM - at ? filled : RAM - at);
		if (!vq.packed)
			((struct virtq_avail *)vq.avail_ring)->idx =
				(uint16_t)(input_number(&input, 1) % (vq.size + 1u));
	}
	if (filled & 1)
		host.meddle = change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++)
		step();
	host.meddle = NULL;
	virtqueue_reset(&vq);
	require(host.n_pins == 0);
	host_close(&host);
	return 0;
}
