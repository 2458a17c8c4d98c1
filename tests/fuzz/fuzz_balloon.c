/* SPDX-License-Identifier: MIT */
/*
 * A guest made of fuzzer input with a balloon, and a host that is busy, fails and takes its time. small_vm.c aborts where a block
 * is given twice or taken back that was not given. In the end all that waits is over, and a reset brings back all
 * that was given.
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/sim/small_vm.h"

#define OPS      200
#define RUNS_MAX 100000
#define SPACE    (SMALL_VM_BLOCK / 2) /* of block 0, for rings and lists */
#define LIST_MAX 1024
#define RINGS    KIB(16) /* all of them take less */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct input input;

static void require(bool what)
{
	if (!what)
		abort();
}

static void run(void)
{
	unsigned runs = 0;

	while (dm_run(vm.dm))
		require(++runs < RUNS_MAX);
}

static void complete(enum status status)
{
	if (vm.host.n_lent > 0)
		small_vm_complete(0, status);
}

static void no_answers(void)
{
	vm.n_answers = vm.at_answer = 0;
}

/* Nothing is short of anything any more: what waits is over. */
static void settle(void)
{
	no_answers();
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	small_vm_settle();
}

/* A new driver, with any of the features that matter. */
static void start(uint8_t how)
{
	uint64_t features = DRIVER_FEATURES | (how & 0x23) |
			    (how & 4 ? VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) : 0);

	driver_try_write(&vm.balloon, VIRTIO_MMIO_STATUS, 0);
	while (vm.host.n_lent > 0)
		complete(how & 8 ? OK : ERR_IO);
	host_free_all(&vm.host);
	require(driver_start(&vm.balloon, features, 1u << (3 + (how >> 6))));
	require(vm.host.ram_taken <= RINGS);
}

static void add(unsigned q, const struct slice *slices, unsigned n, bool in)
{
	if (vm.balloon.q[q].n_free >= n)
		driver_add(&vm.balloon, q, slices, in ? 0 : n, slices, in ? n : 0);
	driver_notify(&vm.balloon, q);
}

/* Runs of pages of a few blocks, and what is no page. */
static unsigned make_list(uint32_t *pfn)
{
	unsigned n = 0;

	for (unsigned pieces = 1 + input_number(&input, 1) % 4; pieces > 0; pieces--) {
		uint8_t block = (uint8_t)input_number(&input, 1);
		unsigned first = (unsigned)input_number(&input, 2) % 512;
		unsigned count = (unsigned)input_number(&input, 2) % 513;

		if (block & 0x80)
			pfn[n++] = (uint32_t)input_number(&input, 4);
		for (; !(block & 0x80) && count > 0 && n < LIST_MAX - 4; count--)
			pfn[n++] = small_vm_pfn((1 + block % 4) * SMALL_VM_BLOCK) + first++;
	}
	return n;
}

static void add_list(void)
{
	uint32_t pfn[LIST_MAX];
	unsigned q = (unsigned)input_number(&input, 1) & 1, n = make_list(pfn);

	if (vm.host.ram_taken + n * 4 + 64 > SPACE)
		return;
	struct slice s = {host_alloc(&vm.host, n * 4 + 4, 4), n * 4 + 4};

	memcpy(vm.host.ram + (s.addr.a - GUEST_RAM_BASE), pfn, n * 4);
	add(q, &s, 1, false);
}

static void add_report(void)
{
	struct slice s[4];
	unsigned n = 1 + (unsigned)input_number(&input, 1) % 4;

	for (unsigned i = 0; i < n; i++)
		s[i] = (struct slice){gpa(GUEST_RAM_BASE + input_number(&input, 2) * 4096),
			(uint32_t)(input_number(&input, 2) * 4096 + input_number(&input, 1))};
	add(3 + (n & 1), s, n, true);
}

static void add_stats(void)
{
	uint8_t data[64];
	size_t len = input_bytes(&input, data, input_number(&input, 1) % sizeof(data));

	if (vm.host.ram_taken + len + 64 > SPACE)
		return;
	struct slice s = {host_alloc(&vm.host, len + 1, 2), (uint32_t)len + 1};

	memcpy(vm.host.ram + (s.addr.a - GUEST_RAM_BASE), data, len);
	add(VIRTIO_BALLOON_STATSQ, &s, 1, false);
}

/* Lists, but not the rings: the driver here believes them, and other fuzzers break them. */
static void change_ram(struct host *host)
{
	uint64_t at = RINGS + input_number(&input, 2) * 4, len = input_number(&input, 1) % 17;

	input_bytes(&input, host->ram + at, len);
}

static void answer(void)
{
	static const enum dm_answer answers[] = {DM_LENT, DM_DONE, DM_BUSY, DM_FAILED};
	uint64_t four = input_number(&input, 1);

	no_answers();
	for (; vm.n_answers < 4; vm.n_answers++, four >>= 2)
		vm.answer[vm.n_answers] = answers[four & 3];
}

static void collect(void)
{
	uint16_t head;
	uint32_t written;

	for (unsigned q = 0; q < VIRTIO_BALLOON_QUEUES; q++)
		for (unsigned i = 0; i < 8 && driver_collect(&vm.balloon, q, &head, &written); i++)
			require(written == 0);
}

static void step(void)
{
	switch (input_number(&input, 1) % 12) {
	case 0:
	case 1:
	case 2:
		add_list();
		break;
	case 3:
		add_report();
		break;
	case 4:
		add_stats();
		break;
	case 5:
		answer();
		break;
	case 6:
		complete(input_number(&input, 1) & 3 ? OK : ERR_IO);
		break;
	case 7:
		vm.host.balloon_target = input_number(&input, 4);
		dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
		break;
	case 8:
		start((uint8_t)input_number(&input, 1));
		break;
	case 9:
		collect();
		break;
	default:
		run();
	}
}

/* All pages leave the balloon of an honest guest: nothing is in it, and the host has nothing. */
static void deflate_all(void)
{
	struct slice s = {gpa(GUEST_RAM_BASE + SPACE), 4};

	for (uint32_t i = 0; i < SMALL_VM_RAM / 4096; i++, s.len += 4) {
		uint32_t pfn = small_vm_pfn(0) + i;
		memcpy(vm.host.ram + SPACE + i * 4, &pfn, sizeof(pfn));
	}
	collect();
	require(driver_add(&vm.balloon, VIRTIO_BALLOON_DEFLATEQ, &s, 1, NULL, 0) >= 0);
	driver_notify(&vm.balloon, VIRTIO_BALLOON_DEFLATEQ);
	settle();
	require(vm.host.balloon_bytes == 0 && small_vm_given() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	if (!vm.dm)
		small_vm_open(VM_TRANSPORT_MMIO);
	uint8_t how = (uint8_t)input_number(&input, 1);
	bool honest = how & 16;

	start(how);
	vm.host.meddle = honest ? NULL : change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++)
		step();
	vm.host.meddle = NULL;
	settle();
	require(vm.host.n_lent == 0);
	if (honest && !(driver_read(&vm.balloon, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET))
		deflate_all();
	start(0xff & ~4);
	settle();
	require(small_vm_given() == 0 && vm.host.balloon_bytes == 0);
	dm_reset(vm.dm);
	require(dm_lent(vm.dm) == 0 && vm.host.n_pins == 0);
	return 0;
}
