/* SPDX-License-Identifier: MIT */
/*
 * A disk under a driver made of fuzzer input: chains of any shape, headers that are often nearly right, memory that changes at any
 * time, resets, and a host that is busy, fails, or completes in any order. The host checks each request;
 * in the end everything that was lent has come back and nothing is pinned.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tests/sim/blk_vm.h"

#define QUEUES 2
#define SIZE   16
#define LOW    (64u * 1024) /* bytes of RAM that are played with; the rings are at their start */
#define OPS    150

static struct input input;

static uint64_t number(size_t bytes)
{
	return input_number(&input, bytes);
}

static void change_ram(struct host *host)
{
	uint64_t at = number(2), len = number(1) % 33;

	input_bytes(&input, host->ram + at, len < LOW - at ? len : LOW - at);
}

static void poke(void)
{
	change_ram(&vm.host);
}

/* A header that a good driver could have written, but for one thing at most, and ranges behind it; where it is. */
static uint64_t write_header(void)
{
	static const uint32_t types[] = {VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH,
		VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};
	uint8_t how = (uint8_t)number(1);
	struct virtio_blk_header h = {
		how < 200 ? types[how % 6] : (uint32_t)number(4), 0, number(how & 1 ? 1 : 8)};
	struct virtio_blk_range range = {
		how & 2, how >> 4, how & 8 && h.type == VIRTIO_BLK_T_WRITE_ZEROES};
	uint64_t at = LOW / 2 + number(1) % 16 * 1024;

	memcpy(vm.host.ram + at, &h, sizeof(h));
	for (unsigned i = 1; i < 40; i++)
		memcpy(vm.host.ram + at + i * 16, &range, sizeof(range));
	return GUEST_RAM_BASE + at;
}

static struct slice some_slice(void)
{
	static const uint32_t lens[] = {1, 16, 17, 512, 513, 528, 4096, 1024};
	uint8_t how = (uint8_t)number(1);
	uint64_t at = LOW / 2 + (how & 8 ? number(2) % 1024 * 16 : number(2) % (LOW / 2));

	if (how >= 250)
		return (struct slice){gpa(number(8)), (uint32_t)number(4)};
	return (struct slice){
		gpa(GUEST_RAM_BASE + at), how & 16 ? (uint32_t)number(2) : lens[how & 7]};
}

/* The place of the next descriptor in each queue's ring, counted on for ever. What is written over may still be in use. */
static uint64_t place[QUEUES];

static void put_split(struct driver_queue *dq, uint64_t at, const struct virtq_desc *d, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		dq->desc[(at + i) % SIZE] = d[i];
		dq->desc[(at + i) % SIZE].next = (uint16_t)((at + i + 1) % SIZE);
	}
	dq->avail->ring[dq->avail->idx % SIZE] = (uint16_t)(at % SIZE);
	dq->avail->idx++;
}

static void put_packed(struct driver_queue *dq, uint64_t at, const struct virtq_desc *d, unsigned n)
{
	for (unsigned i = n; i-- > 0;) {
		bool wrap = (at + i) / SIZE % 2 == 0;
		unsigned lap = wrap ? PVIRTQ_DESC_F_AVAIL : PVIRTQ_DESC_F_USED;

		dq->packed[(at + i) % SIZE] = (struct pvirtq_desc){
			d[i].addr, d[i].len, (uint16_t)(at % SIZE), (uint16_t)(d[i].flags | lap)};
	}
}

static void put(unsigned q, const struct virtq_desc *d, unsigned n)
{
	if (vm.driver.packed)
		put_packed(&vm.driver.q[q], place[q], d, n);
	else
		put_split(&vm.driver.q[q], place[q], d, n);
	place[q] += n;
	driver_notify(&vm.driver, q);
}

/* The same as a table, somewhere. */
static struct virtq_desc as_table(struct virtq_desc *d, unsigned n)
{
	uint64_t at = LOW / 4 + number(1) * 64;

	for (unsigned i = 0; i < n; i++) {
		d[i].next = vm.driver.packed ? d[i].flags : (uint16_t)(i + 1);
		memcpy(vm.host.ram + at + i * sizeof(d[i]), &d[i], sizeof(d[i]));
	}
	return (struct virtq_desc){GUEST_RAM_BASE + at, n * 16, VIRTQ_DESC_F_INDIRECT, 0};
}

static void add(void)
{
	struct virtq_desc d[8];
	unsigned shape = (unsigned)number(1), n = 1 + shape % 6, out = shape / 6 % (n + 1);

	for (unsigned i = 0; i < n; i++) {
		struct slice s = some_slice();
		d[i] = (struct virtq_desc){s.addr.a, s.len,
			(uint16_t)((i < out ? 0 : VIRTQ_DESC_F_WRITE) |
				   (i + 1 < n ? VIRTQ_DESC_F_NEXT : 0)),
			0};
	}
	if (out > 0 && shape & 0x40) {
		d[0].addr = write_header();
		d[0].len = out > 1 ? 16 : 16 + 16 * (uint32_t)(number(1) % 36);
	}
	if (shape & 0x80) {
		d[0] = as_table(d, n);
		n = 1;
	}
	put(shape & 1, d, n);
}

static void run(void)
{
	driver_run(&vm.driver);
}

static void complete(void)
{
	static const enum status status[] = {OK, OK, OK, ERR_IO, ERR_UNSUPPORTED, ERR_BUSY};

	if (vm.host.n_lent > 0)
		blk_vm_complete((unsigned)number(1) % vm.host.n_lent, status[number(1) % 6]);
}

static void answers(void)
{
	vm.at_answer = 0;
	vm.n_answers = (unsigned)number(1) % 16;
	for (unsigned i = 0; i < vm.n_answers; i++)
		vm.answer[i] = (enum dm_answer)(number(1) % 4);
}

static void port_ready(void)
{
	dm_port_ready(vm.dm, BLK_VM_PORT);
}

static void drain(void)
{
	vm.n_answers = vm.at_answer = 0;
	while (vm.host.n_lent > 0)
		blk_vm_complete(0, OK);
}

static void start(void)
{
	uint8_t drop = (uint8_t)number(1);
	uint64_t mask = UINT64_MAX;

	for (unsigned i = 0; i < 8; i++) {
		static const unsigned bits[] = {VIRTIO_F_RING_PACKED, VIRTIO_F_EVENT_IDX,
			VIRTIO_F_INDIRECT_DESC, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_CONFIG_WCE,
			VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_F_RING_RESET};
		if (drop & 1u << i)
			mask &= ~VIRTIO_FEATURE(bits[i]);
	}
	drain();
	dm_reset(vm.dm);
	drain();
	blk_vm_start(mask, SIZE);
	place[0] = place[1] = 0;
}

/* A broken ring, as most end: all is new. */
static void recover(void)
{
	if (driver_read(&vm.driver, VIRTIO_MMIO_STATUS) != 15)
		start();
}

/* Some register, often one of those that set up a queue, or the configuration. */
static void write_register(void)
{
	unsigned at = (unsigned)number(1);

	if (at < 0xc8)
		driver_write(&vm.driver, at & ~3u, (uint32_t)number(at & 1 ? 1 : 4));
	else
		driver_set_config(&vm.driver, at - 0xc8, 1u << number(1) % 4, number(8));
}

static void end(void)
{
	drain();
	dm_reset(vm.dm);
	drain();
	if (dm_lent(vm.dm) != 0 || vm.host.n_pins != 0)
		abort();
	run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct blk_vm_options options = {
		.queues = QUEUES, .transport = VM_TRANSPORT_MMIO};
	static void (*const ops[])(void) = {add, add, add, add, add, add, poke, run, run, complete,
		complete, answers, port_ready, recover, recover, start, write_register};

	if (!vm.dm)
		blk_vm_open(&options);
	memset(vm.host.ram, 0, LOW);
	input = (struct input){data, size};
	vm.n_log = 0;
	start();
	if (number(1) & 1)
		vm.host.meddle = change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++)
		ops[number(1) % (sizeof(ops) / sizeof(ops[0]))]();
	vm.host.meddle = NULL;
	end();
	return 0;
}
