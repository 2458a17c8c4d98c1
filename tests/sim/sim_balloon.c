/* SPDX-License-Identifier: MIT */
/*
 * The balloon: which blocks the host is given and when, that nothing is acknowledged before, and that nobody gains by lies; over
 * both transports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/small_vm.h"

#define INFLATE VIRTIO_BALLOON_INFLATEQ
#define DEFLATE VIRTIO_BALLOON_DEFLATEQ
#define STATS   VIRTIO_BALLOON_STATSQ
#define REPORT  VIRTIO_BALLOON_REPORTINGQ

#define PAGES ((uint32_t)(SMALL_VM_BLOCK / VIRTIO_BALLOON_PAGE)) /* of a block */
#define TELL  VIRTIO_FEATURE(VIRTIO_BALLOON_F_MUST_TELL_HOST)
#define USUAL                                                                 \
	(DRIVER_FEATURES | TELL | VIRTIO_FEATURE(VIRTIO_BALLOON_F_STATS_VQ) | \
		VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_REPORTING))

static uint32_t list[4 * PAGES];

/* Rings and lists are in block 0, which no test gives away. */
static void start(uint64_t features)
{
	host_free_all(&vm.host);
	assert_true(driver_start(&vm.balloon, features, 128));
	driver_run(&vm.balloon);
	assert_true(vm.host.ram_taken < SMALL_VM_BLOCK / 2);
}

static void answers(enum dm_answer a, unsigned n)
{
	vm.n_answers = vm.at_answer = 0;
	for (; vm.n_answers < n; vm.n_answers++)
		vm.answer[vm.n_answers] = a;
}

/* A chain of page numbers, kicked and run. */
static void add_list(unsigned q, const uint32_t *pfn, unsigned n)
{
	gpa_t at = host_alloc(&vm.host, n * 4u, 4);
	struct slice s = {at, n * 4u};

	memcpy(vm.host.ram + (at.a - GUEST_RAM_BASE), pfn, n * 4u);
	assert_true(driver_add(&vm.balloon, q, &s, 1, NULL, 0) >= 0);
	driver_notify(&vm.balloon, q);
	driver_run(&vm.balloon);
}

static void add_pages(unsigned q, uint64_t offset, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		list[i] = small_vm_pfn(offset) + i;
	add_list(q, list, n);
}

static bool used(unsigned q)
{
	uint16_t head;
	uint32_t written;

	if (!driver_collect(&vm.balloon, q, &head, &written))
		return false;
	assert_int_equal(written, 0);
	return true;
}

static void inflate_block(unsigned block)
{
	add_pages(INFLATE, block * SMALL_VM_BLOCK, PAGES);
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(vm.given[block]);
}

static void report(unsigned q, const struct slice *ranges, unsigned n)
{
	assert_true(driver_add(&vm.balloon, q, NULL, 0, ranges, n) >= 0);
	driver_notify(&vm.balloon, q);
	driver_run(&vm.balloon);
}

/* ---- configuration ---- */

static void test_target(void **state)
{
	(void)state;
	vm.host.balloon_target = MIB(6) + 5000;
	start(USUAL);
	assert_int_equal(driver_config(&vm.balloon, 0, 4), (MIB(6) + 5000) / 4096);
	assert_int_equal(driver_interrupt(&vm.balloon), 0);
	vm.host.balloon_target = MIB(8);
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	assert_int_equal(driver_interrupt(&vm.balloon), VIRTIO_INTERRUPT_CONFIG);
	assert_int_equal(driver_config(&vm.balloon, 0, 4), MIB(8) / 4096);
	/* Nothing has changed. */
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	assert_int_equal(driver_interrupt(&vm.balloon), 0);
	/* More than there is. */
	vm.host.balloon_target = UINT64_MAX;
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	assert_int_equal(driver_config(&vm.balloon, 0, 4), SMALL_VM_RAM / 4096);
}

static void test_actual(void **state)
{
	(void)state;
	start(USUAL);
	driver_set_config(&vm.balloon, 4, 4, 0x12345678);
	assert_int_equal(driver_config(&vm.balloon, 4, 4), 0x12345678);
	driver_set_config(&vm.balloon, 5, 1, 0xaa);
	assert_int_equal(driver_config(&vm.balloon, 4, 4), 0x1234aa78);
	/* The target is not the driver's, and there is nothing else. */
	driver_set_config(&vm.balloon, 0, 4, 99);
	driver_set_config(&vm.balloon, 8, 4, 99);
	assert_int_equal(driver_config(&vm.balloon, 0, 4), 0);
	assert_int_equal(driver_config(&vm.balloon, 4, 4), 0x1234aa78);
	assert_int_equal(driver_config(&vm.balloon, 8, 4), 0);
	start(USUAL);
	assert_int_equal(driver_config(&vm.balloon, 4, 4), 0);
}

static void test_features(void **state)
{
	(void)state;
	assert_int_equal(driver_offered(&vm.balloon) & 0xffff,
		TELL | VIRTIO_FEATURE(VIRTIO_BALLOON_F_STATS_VQ) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_DEFLATE_ON_OOM) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_REPORTING));
	driver_reset(&vm.balloon);
	assert_false(driver_negotiate(
		&vm.balloon, USUAL | VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_POISON)));
}

/* ---- inflating and deflating ---- */

/* A block is given when its last page is in; the chain that brought that comes back after it. */
static void inflate_and_deflate(uint64_t features)
{
	start(features);
	add_pages(INFLATE, 2 * SMALL_VM_BLOCK, 256);
	assert_true(used(INFLATE));
	assert_int_equal(vm.host.balloon_bytes, MIB(1));
	add_pages(INFLATE, 2 * SMALL_VM_BLOCK + 256 * 4096, 256);
	assert_int_equal(vm.host.n_lent, 1);
	assert_false(used(INFLATE));
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(driver_interrupt(&vm.balloon) & VIRTIO_INTERRUPT_USED);
	assert_true(vm.given[2]);
	assert_int_equal(small_vm_given(), 1);
	assert_int_equal(vm.host.balloon_bytes, MIB(2));

	/* One page of it: all of the block comes back first. */
	add_pages(DEFLATE, 2 * SMALL_VM_BLOCK + 7 * 4096, 1);
	assert_int_equal(vm.host.n_lent, 1);
	assert_false(used(DEFLATE));
	small_vm_settle();
	assert_true(used(DEFLATE));
	assert_int_equal(small_vm_given(), 0);
	assert_int_equal(vm.host.balloon_bytes, MIB(2) - 4096);
	/* The others are in the balloon still: they can leave with no more ado, or the block be given again. */
	add_pages(DEFLATE, 2 * SMALL_VM_BLOCK, 7);
	assert_true(used(DEFLATE));
	assert_int_equal(vm.reclaims, 1);
	add_pages(INFLATE, 2 * SMALL_VM_BLOCK, 8);
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(vm.given[2]);
}

static void test_inflate(void **state)
{
	(void)state;
	inflate_and_deflate(USUAL);
	assert_true(vm.last_give);
}

/* With packed rings, and a host that does it at once. */
static void test_inflate_packed(void **state)
{
	(void)state;
	inflate_and_deflate(USUAL | VIRTIO_FEATURE(VIRTIO_F_RING_PACKED));
	start(USUAL | VIRTIO_FEATURE(VIRTIO_F_RING_PACKED));
	small_vm_settle();
	answers(DM_DONE, 2);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_true(vm.given[3]);
	assert_true(used(INFLATE));
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_false(vm.given[3]);
	assert_true(used(DEFLATE));
}

/* Who may take pages out without a word keeps the right to the memory. */
static void test_no_must_tell(void **state)
{
	(void)state;
	start(USUAL & ~TELL);
	inflate_block(4);
	assert_false(vm.last_give);
}

static void test_several_blocks(void **state)
{
	(void)state;
	start(USUAL);
	/* Interleaved, backwards, in one list: two blocks beside each other and one apart. */
	for (unsigned i = 0; i < PAGES; i++) {
		list[3 * i] = small_vm_pfn(5 * SMALL_VM_BLOCK) + PAGES - 1 - i;
		list[3 * i + 1] = small_vm_pfn(6 * SMALL_VM_BLOCK) + i;
		list[3 * i + 2] = small_vm_pfn(9 * SMALL_VM_BLOCK) + i;
	}
	add_list(INFLATE, list, 3 * PAGES);
	assert_false(used(INFLATE));
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(vm.given[5] && vm.given[6] && vm.given[9]);
	assert_int_equal(vm.host.balloon_bytes, 3 * SMALL_VM_BLOCK);
	/* All back in one list. */
	add_list(DEFLATE, list, 3 * PAGES);
	small_vm_settle();
	assert_true(used(DEFLATE));
	assert_int_equal(small_vm_given(), 0);
	assert_int_equal(vm.host.balloon_bytes, 0);
}

/* Memory is short: the guest waits, and only that of its queues. */
static void test_busy(void **state)
{
	(void)state;
	start(USUAL);
	inflate_block(3);
	answers(DM_BUSY, 3);
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_false(used(DEFLATE));
	assert_int_equal(vm.at_answer, 1);
	/* Pages that go in meanwhile wait behind it; a report doesn't. */
	add_pages(INFLATE, 7 * SMALL_VM_BLOCK, 1);
	assert_false(used(INFLATE));
	assert_int_equal(vm.at_answer, 1);
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	driver_run(&vm.balloon);
	assert_int_equal(vm.at_answer, 2);
	assert_false(used(DEFLATE));
	vm.at_answer = vm.n_answers;
	struct slice range = {gpa(GUEST_RAM_BASE + 8 * SMALL_VM_BLOCK), SMALL_VM_BLOCK};
	report(REPORT, &range, 1);
	assert_int_equal(vm.host.n_lent, 1);
	small_vm_complete(0, OK);
	answers(DM_BUSY, 1);
	driver_run(&vm.balloon);
	assert_true(used(REPORT));
	assert_int_equal(vm.released[8], 1);
	assert_false(used(DEFLATE));
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	small_vm_settle();
	assert_true(used(DEFLATE));
	assert_true(used(INFLATE));
	assert_false(vm.given[3]);
}

/* The host could not: the pages are in the balloon, the memory is not the host's. */
static void test_release_fails(void **state)
{
	(void)state;
	start(USUAL);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	small_vm_complete(0, ERR_IO);
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_int_equal(vm.host.balloon_bytes, SMALL_VM_BLOCK);
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_true(used(DEFLATE));
	assert_int_equal(vm.reclaims, 0);
	answers(DM_FAILED, 1);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_true(used(INFLATE));
	assert_int_equal(small_vm_given(), 0);
}

/* ---- lies ---- */

static void test_wild_pages(void **state)
{
	static const uint32_t wild[] = {0, 1, 0x7ffff, UINT32_MAX, UINT32_MAX - 1, 0x80000000};

	(void)state;
	start(USUAL);
	add_list(INFLATE, wild, sizeof(wild) / sizeof(wild[0]));
	assert_true(used(INFLATE));
	uint32_t beyond = small_vm_pfn(SMALL_VM_RAM);
	add_list(INFLATE, &beyond, 1);
	assert_true(used(INFLATE));
	assert_int_equal(vm.host.balloon_bytes, 0);
	add_list(DEFLATE, wild, sizeof(wild) / sizeof(wild[0]));
	assert_true(used(DEFLATE));
	/* What is not in can't leave; the last page of RAM is one. */
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_true(used(DEFLATE));
	beyond--;
	add_list(INFLATE, &beyond, 1);
	assert_int_equal(vm.host.balloon_bytes, 4096);
	assert_int_equal(vm.host.submits, 0);
}

static void test_the_same_page(void **state)
{
	(void)state;
	start(USUAL);
	for (unsigned i = 0; i < 1000; i++)
		list[i] = small_vm_pfn(3 * SMALL_VM_BLOCK);
	add_list(INFLATE, list, 1000);
	assert_true(used(INFLATE));
	assert_int_equal(vm.host.balloon_bytes, 4096);
	add_list(DEFLATE, list, 1000);
	assert_true(used(DEFLATE));
	assert_int_equal(vm.host.balloon_bytes, 0);
	inflate_block(3);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	assert_true(used(INFLATE));
	assert_int_equal(vm.releases, 1);
	/* In and out in one list, and back in. */
	add_list(DEFLATE, list, 1);
	small_vm_settle();
	assert_int_equal(vm.reclaims, 1);
}

/* A list of nothing, one that is cut in the middle of a number, and one without a part to read. */
static void test_odd_lists(void **state)
{
	(void)state;
	start(USUAL);
	gpa_t at = host_alloc(&vm.host, 16, 16);
	uint32_t pfn[2] = {small_vm_pfn(3 * SMALL_VM_BLOCK), small_vm_pfn(4 * SMALL_VM_BLOCK)};
	struct slice s[3] = {{at, 1}, {gpa(at.a + 1), 5}, {gpa(at.a + 6), 1}};
	struct slice in = {at, 16};

	memcpy(vm.host.ram + (at.a - GUEST_RAM_BASE), pfn, sizeof(pfn));
	assert_true(driver_add(&vm.balloon, INFLATE, s, 3, NULL, 0) >= 0);
	assert_true(driver_add(&vm.balloon, INFLATE, NULL, 0, &in, 1) >= 0);
	assert_true(driver_add(&vm.balloon, DEFLATE, NULL, 0, &in, 1) >= 0);
	driver_notify(&vm.balloon, INFLATE);
	driver_notify(&vm.balloon, DEFLATE);
	driver_run(&vm.balloon);
	assert_true(used(INFLATE));
	assert_true(used(INFLATE));
	assert_true(used(DEFLATE));
	assert_int_equal(vm.host.balloon_bytes, 4096);
}

/* Millions of numbers: a bounded part of them at a time. */
static void test_huge_list(void **state)
{
	unsigned runs = 0;

	(void)state;
	start(USUAL);
	struct slice s = {
		gpa(GUEST_RAM_BASE + 16 * SMALL_VM_BLOCK), (uint32_t)(8 * SMALL_VM_BLOCK)};
	uint32_t *pfn = (uint32_t *)(vm.host.ram + 16 * SMALL_VM_BLOCK);
	for (unsigned i = 0; i < s.len / 4; i++)
		pfn[i] = small_vm_pfn((i % 5000) * 4096);
	assert_true(driver_add(&vm.balloon, INFLATE, &s, 1, NULL, 0) >= 0);
	driver_notify(&vm.balloon, INFLATE);
	while (dm_run(vm.dm) || vm.host.n_lent > 0) {
		runs++;
		if (vm.host.n_lent > 0)
			small_vm_complete(0, OK);
	}
	assert_true(used(INFLATE));
	assert_true(runs > 4000);
	assert_int_equal(vm.host.balloon_bytes, 5000 * 4096);
	assert_int_equal(small_vm_given(), 5000 / PAGES);
}

/* ---- reports ---- */

static void test_report(void **state)
{
	static const unsigned queues[] = {REPORT, VIRTIO_BALLOON_FREE_PAGEQ};
	struct slice ranges[] = {
		{gpa(GUEST_RAM_BASE + 10 * SMALL_VM_BLOCK - 4096), 2 * SMALL_VM_BLOCK + 4096},
		{gpa(GUEST_RAM_BASE + 20 * SMALL_VM_BLOCK + 4096), 2 * SMALL_VM_BLOCK - 4096},
		{gpa(GUEST_RAM_BASE + 30 * SMALL_VM_BLOCK), SMALL_VM_BLOCK - 1},
		{gpa(GUEST_RAM_BASE + 40 * SMALL_VM_BLOCK + 1), SMALL_VM_BLOCK}};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start(USUAL);
		memset(vm.released, 0, sizeof(vm.released));
		report(queues[i], ranges, 4);
		assert_int_equal(vm.host.n_lent, 1);
		assert_false(used(queues[i]));
		small_vm_settle();
		assert_true(used(queues[i]));
		assert_false(vm.last_give);
		for (unsigned b = 0; b < SMALL_VM_BLOCKS; b++)
			assert_int_equal(vm.released[b], b == 10 || b == 11 || b == 21);
	}
	/* It touches nothing, so it may name what is not there yet. */
	unsigned before = vm.host.ram_calls;
	report(REPORT, ranges, 1);
	small_vm_settle();
	assert_int_equal(vm.host.ram_calls, before);
}

/* All of RAM, which is more than one request takes, and many times over. */
static void test_report_all(void **state)
{
	struct slice all[29];

	(void)state;
	start(USUAL);
	for (unsigned i = 0; i < 29; i++)
		all[i] = (struct slice){gpa(GUEST_RAM_BASE + SMALL_VM_BLOCK),
			(uint32_t)(SMALL_VM_RAM - SMALL_VM_BLOCK)};
	report(REPORT, all, 1);
	small_vm_settle();
	assert_true(used(REPORT));
	assert_int_equal(vm.releases, 2);
	for (unsigned b = 1; b < SMALL_VM_BLOCKS; b++)
		assert_int_equal(vm.released[b], 1);
	/* A chain has fewer bytes than 4 GiB. */
	report(REPORT, all, 29);
	assert_int_equal(vm.host.n_lent, 1);
	small_vm_settle();
	assert_true(used(REPORT));
	for (unsigned b = 1; b < SMALL_VM_BLOCKS; b++)
		assert_int_equal(vm.released[b], 30);
}

/* What the host has is no news. */
static void test_report_of_the_balloon(void **state)
{
	struct slice range = {gpa(GUEST_RAM_BASE + 3 * SMALL_VM_BLOCK), 2 * SMALL_VM_BLOCK};

	(void)state;
	start(USUAL);
	inflate_block(3);
	report(REPORT, &range, 1);
	small_vm_settle();
	assert_true(used(REPORT));
	assert_int_equal(vm.released[3], 1);
	assert_int_equal(vm.released[4], 1);
}

static void test_report_of_nothing(void **state)
{
	static const struct slice wild[] = {{{0}, 4096}, {{GUEST_RAM_BASE - 4096}, 8192},
		{{GUEST_RAM_BASE + SMALL_VM_RAM - 4096}, 8192}, {{UINT64_MAX - 4095}, 8192}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		start(USUAL);
		assert_true(driver_add(&vm.balloon, REPORT, NULL, 0, &wild[i], 1) >= 0);
		driver_notify(&vm.balloon, REPORT);
		driver_run(&vm.balloon);
		assert_true(
			driver_read(&vm.balloon, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
		assert_int_equal(vm.host.submits, 0);
	}
	/* A part that the device should read is no report. */
	start(USUAL);
	add_pages(REPORT, 3 * SMALL_VM_BLOCK, 100);
	assert_true(used(REPORT));
	assert_int_equal(vm.host.submits, 0);
}

/* ---- statistics ---- */

static void add_stats(const void *data, size_t len)
{
	gpa_t at = host_alloc(&vm.host, len + 1, 2);
	struct slice s = {at, (uint32_t)len};

	memcpy(vm.host.ram + (at.a - GUEST_RAM_BASE), data, len);
	assert_true(driver_add(&vm.balloon, STATS, &s, 1, NULL, 0) >= 0);
	driver_notify(&vm.balloon, STATS);
	driver_run(&vm.balloon);
}

static size_t pair(uint8_t *at, uint16_t tag, uint64_t value)
{
	memcpy(at, &tag, 2);
	memcpy(at + 2, &value, 8);
	return VIRTIO_BALLOON_STAT_SIZE;
}

static void test_stats(void **state)
{
	uint8_t data[64];
	size_t len = pair(data, VIRTIO_BALLOON_S_MEMFREE, 1234);

	(void)state;
	start(USUAL);
	len += pair(data + len, 0xffff, 1);
	len += pair(data + len, 15, 77);
	len += pair(data + len, 16, 78);
	add_stats(data, len + 5); /* half a pair behind them */
	assert_false(used(STATS));
	assert_int_equal(vm.host.balloon_stats[VIRTIO_BALLOON_S_MEMFREE], 1234);
	assert_int_equal(vm.host.balloon_stats[15], 77);
	assert_true(vm.host.balloon_stats[VIRTIO_BALLOON_S_MEMTOT] == UINT64_MAX);
	/* It comes back when the host wants to know more, once. */
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	driver_run(&vm.balloon);
	assert_true(used(STATS));
	assert_true(driver_interrupt(&vm.balloon) & VIRTIO_INTERRUPT_USED);
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	driver_run(&vm.balloon);
	add_stats(data, pair(data, VIRTIO_BALLOON_S_MEMTOT, 99));
	assert_int_equal(vm.host.balloon_stats[VIRTIO_BALLOON_S_MEMTOT], 99);
	assert_true(vm.host.balloon_stats[VIRTIO_BALLOON_S_MEMFREE] == UINT64_MAX);
	assert_false(used(STATS));
}

/* More pairs than are looked at, more chains than one, none, and forgotten by a reset. */
static void test_odd_stats(void **state)
{
	static uint8_t data[20000];

	(void)state;
	start(USUAL);
	for (size_t i = 0; i + 10 <= sizeof(data); i += 10)
		pair(data + i, (uint16_t)(i / 10 % 16), i);
	add_stats(data, sizeof(data));
	assert_true(vm.host.balloon_stats[15] < sizeof(data));
	unsigned reports = vm.host.balloon_reports;
	add_stats(data, 10);
	assert_int_equal(vm.host.balloon_reports, reports);
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	driver_run(&vm.balloon);
	assert_true(used(STATS));
	assert_false(used(STATS));
	start(USUAL);
	assert_true(vm.host.balloon_stats[0] == UINT64_MAX);
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	driver_run(&vm.balloon);
	assert_false(used(STATS));
	add_stats(data, 1);
	assert_true(vm.host.balloon_stats[0] == UINT64_MAX);
}

/* ---- resets ---- */

/* The new driver's balloon is empty: before anything else the host gives back what it has. */
static void test_reset(void **state)
{
	(void)state;
	start(USUAL);
	inflate_block(3);
	inflate_block(66);
	start(USUAL);
	assert_int_equal(vm.host.balloon_bytes, 0);
	assert_int_equal(vm.host.n_lent, 1);
	small_vm_settle();
	assert_int_equal(small_vm_given(), 0);
	inflate_block(3);
	assert_int_equal(vm.host.balloon_bytes, SMALL_VM_BLOCK);
	/* The same with a host that is short of memory. */
	answers(DM_BUSY, 1);
	start(USUAL);
	add_pages(INFLATE, 4 * SMALL_VM_BLOCK, PAGES);
	small_vm_settle();
	dm_port_ready(vm.dm, 1 + SMALL_VM_BALLOON);
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(vm.given[4] && !vm.given[3]);
}

/* A release or a reclaim that is lent across a reset. */
static void test_reset_in_flight(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool release = i < 2;

		start(USUAL);
		small_vm_settle();
		if (!release)
			inflate_block(3);
		add_pages(release ? INFLATE : DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
		assert_int_equal(vm.host.n_lent, 1);
		driver_try_write(&vm.balloon, VIRTIO_MMIO_STATUS, 0);
		assert_true(driver_read(&vm.balloon, VIRTIO_MMIO_STATUS) != 0);
		assert_int_equal(dm_lent(vm.dm), 1);
		unsigned submits = vm.host.submits;
		driver_run(&vm.balloon);
		assert_int_equal(vm.host.submits, submits);
		small_vm_complete(0, i % 2 ? ERR_IO : OK);
		assert_int_equal(driver_read(&vm.balloon, VIRTIO_MMIO_STATUS), 0);
		start(USUAL);
		small_vm_settle();
		assert_int_equal(small_vm_given(), 0);
		inflate_block(3);
		add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, PAGES);
		small_vm_settle();
		assert_true(used(DEFLATE));
		assert_int_equal(vm.host.balloon_bytes, 0);
	}
}

/* One that waits for memory is forgotten by a reset, and the block comes back nevertheless. */
static void test_reset_while_busy(void **state)
{
	(void)state;
	start(USUAL);
	inflate_block(3);
	answers(DM_BUSY, 1);
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, 1);
	start(USUAL);
	small_vm_settle();
	assert_int_equal(small_vm_given(), 0);
	answers(DM_BUSY, 1);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	start(USUAL);
	small_vm_settle();
	assert_int_equal(vm.reclaims, 1); /* that one was never given */
	inflate_block(3);
}

/* The machine is reset: as before, with nothing said to the driver. */
static void test_dm_reset(void **state)
{
	(void)state;
	start(USUAL);
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	dm_reset(vm.dm);
	assert_int_equal(dm_lent(vm.dm), 1);
	assert_int_equal(vm.host.balloon_bytes, 0);
	small_vm_complete(0, OK);
	assert_int_equal(dm_lent(vm.dm), 0);
	assert_false(dm_run(vm.dm));
	assert_int_equal(vm.host.n_pins, 0);
	driver_open(&vm.balloon, &vm.host, vm.dm, SMALL_VM_BALLOON);
	start(USUAL);
	small_vm_settle();
	assert_int_equal(small_vm_given(), 0);
}

static void test_queue_reset(void **state)
{
	(void)state;
	start(USUAL | VIRTIO_FEATURE(VIRTIO_F_RING_RESET));
	add_pages(INFLATE, 3 * SMALL_VM_BLOCK, PAGES);
	driver_write(&vm.balloon, VIRTIO_MMIO_QUEUE_SEL, INFLATE);
	driver_try_write(&vm.balloon, VIRTIO_MMIO_QUEUE_RESET, 1);
	small_vm_settle();
	assert_true(vm.given[3]);
	assert_int_equal(driver_read(&vm.balloon, VIRTIO_MMIO_QUEUE_READY), 0);
	driver_alloc_queue(&vm.balloon, INFLATE, 64);
	driver_set_queue(&vm.balloon, INFLATE);
	/* It begins its first list at the first number. */
	add_pages(INFLATE, 5 * SMALL_VM_BLOCK, PAGES);
	small_vm_settle();
	assert_true(used(INFLATE));
	assert_true(vm.given[3] && vm.given[5]);
}

static void test_broken(void **state)
{
	(void)state;
	start(USUAL);
	inflate_block(3);
	add_pages(DEFLATE, 3 * SMALL_VM_BLOCK, 1);
	vm.balloon.q[INFLATE].desc[0] =
		(struct virtq_desc){GUEST_RAM_BASE, 16, VIRTQ_DESC_F_NEXT, 0};
	driver_expose(&vm.balloon, INFLATE, 0);
	driver_notify(&vm.balloon, INFLATE);
	driver_run(&vm.balloon);
	small_vm_settle();
	assert_true(driver_read(&vm.balloon, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(small_vm_given(), 0);
	start(USUAL);
	inflate_block(3);
}

#define BOTH(test)                                                                     \
	cmocka_unit_test_setup_teardown(test, small_vm_setup_mmio, small_vm_teardown), \
		cmocka_unit_test_setup_teardown(test, small_vm_setup_pci, small_vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_target),
		BOTH(test_actual),
		BOTH(test_features),
		BOTH(test_inflate),
		BOTH(test_inflate_packed),
		BOTH(test_no_must_tell),
		BOTH(test_several_blocks),
		BOTH(test_busy),
		BOTH(test_release_fails),
		BOTH(test_wild_pages),
		BOTH(test_the_same_page),
		BOTH(test_odd_lists),
		BOTH(test_huge_list),
		BOTH(test_report),
		BOTH(test_report_all),
		BOTH(test_report_of_the_balloon),
		BOTH(test_report_of_nothing),
		BOTH(test_stats),
		BOTH(test_odd_stats),
		BOTH(test_reset),
		BOTH(test_reset_in_flight),
		BOTH(test_reset_while_busy),
		BOTH(test_dm_reset),
		BOTH(test_queue_reset),
		BOTH(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
