/* SPDX-License-Identifier: MIT */
/*
 * Requests that are not as they should be, and drivers that change their mind: bad headers, lengths and places of the
 * status byte, broken chains, requests in flight when a queue or the device is reset, and a long random run
 * against a model that knows what the disk holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/blk_vm.h"

#define ALL   UINT64_MAX
#define SPLIT (ALL & ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))

static const struct blk_vm_options two = {.queues = 2};

static int setup(void **state)
{
	(void)state;
	blk_vm_open(&two);
	blk_vm_start(ALL, 64);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (vm.host.n_lent > 0)
		blk_vm_complete(0, OK);
	blk_vm_close();
	return 0;
}

static struct slice slice(gpa_t at, uint64_t offset, uint32_t len)
{
	return (struct slice){gpa(at.a + offset), len};
}

/* A chain as it is, run to its end: what the used ring says, or -1. */
static int64_t chain(const struct slice *out, unsigned n_out, const struct slice *in, unsigned n_in)
{
	uint32_t used;
	uint16_t head;

	assert_true(driver_add(&vm.driver, 0, out, n_out, in, n_in) >= 0);
	driver_notify(&vm.driver, 0);
	blk_vm_settle();
	return driver_collect(&vm.driver, 0, &head, &used) ? (int64_t)used : -1;
}

static gpa_t header(uint32_t type, uint64_t sector)
{
	struct virtio_blk_header h = {type, 0, sector};
	gpa_t at = host_alloc(&vm.host, sizeof(h), 8);

	memcpy(blk_vm_ram(at), &h, sizeof(h));
	return at;
}

/* ---- the shape of a request ---- */

/* The header in pieces, alone or with data behind it; the status byte alone or behind data, which may be in pieces. */
static void test_shapes(void **state)
{
	gpa_t out = host_alloc(&vm.host, 8192, 8), in = host_alloc(&vm.host, 8192, 8);
	struct virtio_blk_header h = {VIRTIO_BLK_T_OUT, 0, 4};

	(void)state;
	for (uint32_t cut = 1; cut < 16 + 1024; cut += cut < 20 ? 1 : 97) {
		memcpy(blk_vm_ram(out), &h, 16);
		memset(blk_vm_ram(out) + 16, (int)cut, 1024);
		struct slice o[] = {slice(out, 0, cut), slice(out, cut, 16 + 1024 - cut)};
		struct slice i[] = {slice(in, 0, 1)};
		*blk_vm_ram(in) = 0x55;
		assert_int_equal(chain(o, 2, i, 1), 1);
		assert_int_equal(*blk_vm_ram(in), VIRTIO_BLK_S_OK);
		assert_memory_equal(vm.disk + 4 * 512, blk_vm_ram(out) + 16, 1024);
	}
	h.type = VIRTIO_BLK_T_IN;
	memcpy(blk_vm_ram(out), &h, 16);
	for (uint32_t cut = 1; cut <= 1024; cut += cut < 20 || cut > 1000 ? 1 : 97) {
		struct slice o[] = {slice(out, 0, 16)};
		struct slice i[] = {slice(in, 0, cut), slice(in, 4096, 1025 - cut)};
		memset(blk_vm_ram(in), 0x55, 8192);
		assert_int_equal(chain(o, 1, i, 2), 1025);
		assert_memory_equal(blk_vm_ram(in), vm.disk + 4 * 512, cut);
		assert_memory_equal(blk_vm_ram(in) + 4096, vm.disk + 4 * 512 + cut, 1024 - cut);
		assert_int_equal(blk_vm_ram(in)[4096 + 1024 - cut], VIRTIO_BLK_S_OK);
		assert_int_equal(blk_vm_ram(in)[4096 + 1025 - cut], 0x55);
	}
}

/* Rings of one and two places hold what fits them. */
static void tiny(uint64_t mask)
{
	gpa_t out, in;

	blk_vm_start(mask, 1);
	struct slice flush = {header(VIRTIO_BLK_T_FLUSH, 0), 16};
	assert_int_equal(chain(&flush, 1, NULL, 0), 0);
	blk_vm_start(mask, 2);
	out = header(VIRTIO_BLK_T_OUT, 1);
	host_alloc(&vm.host, 512, 1); /* behind the header */
	memset(blk_vm_ram(out) + 16, 0x3c, 512);
	in = host_alloc(&vm.host, 513, 1);
	struct slice o = {out, 16 + 512}, i = {in, 1};
	assert_int_equal(chain(&o, 1, &i, 1), 1);
	assert_int_equal(*blk_vm_ram(in), VIRTIO_BLK_S_OK);
	o = (struct slice){header(VIRTIO_BLK_T_IN, 1), 16};
	i.len = 513;
	assert_int_equal(chain(&o, 1, &i, 1), 513);
	assert_memory_equal(blk_vm_ram(in), blk_vm_ram(out) + 16, 512);
	assert_int_equal(blk_vm_ram(in)[512], VIRTIO_BLK_S_OK);
}

static void test_tiny(void **state)
{
	(void)state;
	tiny(ALL);
	tiny(SPLIT);
}

static void test_no_status(void **state)
{
	struct slice out[] = {{header(VIRTIO_BLK_T_FLUSH, 0), 16}};

	(void)state;
	assert_int_equal(chain(out, 1, NULL, 0), 0);
	out[0].len = 3;
	assert_int_equal(chain(out, 1, NULL, 0), 0);
	assert_int_equal(vm.n_log, 0);
}

static void test_short_header(void **state)
{
	gpa_t at = header(VIRTIO_BLK_T_FLUSH, 0), status = host_alloc(&vm.host, 4, 1);

	(void)state;
	for (uint32_t len = 0; len < 16; len++) {
		struct slice out[] = {{at, len}}, in[] = {{status, 4}};
		*blk_vm_ram(gpa(status.a + 3)) = 0x55;
		assert_int_equal(chain(out, len > 0, in, 1), 1);
		assert_int_equal(*blk_vm_ram(gpa(status.a + 3)), VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(vm.n_log, 0);
}

static void test_types(void **state)
{
	static const uint32_t types[] = {2, 3, 5, 6, 7, 9, VIRTIO_BLK_T_GET_LIFETIME, 12,
		VIRTIO_BLK_T_SECURE_ERASE, 15, 255, 0x80000000, 0x80000001, UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint32_t used;
		assert_int_equal(
			blk_vm_do(types[i], 0, NULL, NULL, 512, &used), VIRTIO_BLK_S_UNSUPP);
		assert_int_equal(used, 1);
	}
	assert_int_equal(vm.n_log, 0);
}

static void test_places(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
		unsigned status;
	} cases[] = {
		{0, 0, VIRTIO_BLK_S_OK},
		{BLK_VM_SECTORS, 0, VIRTIO_BLK_S_OK},
		{BLK_VM_SECTORS + 1, 0, VIRTIO_BLK_S_IOERR},
		{BLK_VM_SECTORS, 512, VIRTIO_BLK_S_IOERR},
		{BLK_VM_SECTORS - 1, 1024, VIRTIO_BLK_S_IOERR},
		{0, 1, VIRTIO_BLK_S_IOERR},
		{0, 511, VIRTIO_BLK_S_IOERR},
		{0, 513, VIRTIO_BLK_S_IOERR},
		{UINT64_MAX, 512, VIRTIO_BLK_S_IOERR},
		{UINT64_MAX / 512, 512, VIRTIO_BLK_S_IOERR},
		{UINT64_MAX / 512 + 1, 512, VIRTIO_BLK_S_IOERR},
		{UINT64_MAX / 512 + 2, 0, VIRTIO_BLK_S_IOERR},
		{1ull << 55, 512, VIRTIO_BLK_S_IOERR},
		{1ull << 63, 512, VIRTIO_BLK_S_IOERR},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			blk_vm_do(VIRTIO_BLK_T_IN, cases[i].sector, NULL, NULL, cases[i].len, NULL),
			cases[i].status);
		assert_int_equal(blk_vm_do(VIRTIO_BLK_T_OUT, cases[i].sector, NULL, NULL,
					 cases[i].len, NULL),
			cases[i].status);
	}
	assert_int_equal(vm.n_log, 0);
}

/* One segment more than seg_max, which only a chain that is longer than the ring can have. */
static void test_segments(void **state)
{
	struct slice s[256];
	gpa_t data = host_alloc(&vm.host, 255 * 512, 8), status = host_alloc(&vm.host, 1, 1);

	(void)state;
	blk_vm_start(ALL, 256);
	vm.host.ram_taken = MIB(4);
	data = host_alloc(&vm.host, 255 * 512, 8);
	status = host_alloc(&vm.host, 1, 1);
	s[0] = (struct slice){header(VIRTIO_BLK_T_OUT, 0), 16};
	for (unsigned n = 253; n <= 254; n++) {
		for (unsigned i = 0; i < n; i++)
			s[1 + i] = slice(data, i * 512, 512);
		struct slice in = {status, 1};
		assert_int_equal(chain(s, 1 + n, &in, 1), 1);
		assert_int_equal(*blk_vm_ram(status), VIRTIO_BLK_S_OK);
	}
	/* 255 segments of data: the header shares the first one. */
	struct virtio_blk_header h = {VIRTIO_BLK_T_OUT, 0, 0};
	memcpy(blk_vm_ram(data), &h, 16);
	s[0] = slice(data, 0, 16 + 512);
	for (unsigned i = 1; i < 255; i++)
		s[i] = slice(data, i * 512, 512);
	struct slice in = {status, 1};
	unsigned before = vm.n_log;
	assert_int_equal(chain(s, 255, &in, 1), 1);
	assert_int_equal(*blk_vm_ram(status), VIRTIO_BLK_S_IOERR);
	assert_int_equal(vm.n_log, before);
}

/* Data that names one page many times, the header or the rings: the guest's own affair. */
static void test_overlaps(void **state)
{
	gpa_t at = header(VIRTIO_BLK_T_IN, 0);
	struct slice out = {at, 16};
	struct slice in[] = {{gpa(at.a - at.a % 512), 512}, {vm.driver.q[1].desc_addr, 512},
		{gpa(GUEST_RAM_BASE + MIB(6)), 512}, {gpa(GUEST_RAM_BASE + MIB(6)), 513}};

	(void)state;
	assert_int_equal(chain(&out, 1, in, 4), 2049);
	assert_int_equal(blk_vm_ram(gpa(GUEST_RAM_BASE + MIB(6)))[512], VIRTIO_BLK_S_OK);
}

/* ---- broken chains ---- */

static void break_ring(uint64_t addr, uint32_t len, bool write)
{
	struct slice out = {header(VIRTIO_BLK_T_FLUSH, 0), 16},
		     in = {host_alloc(&vm.host, 1, 1), 1};

	*(write ? &in : &out) = (struct slice){gpa(addr), len};
	assert_int_equal(chain(&out, 1, &in, 1), -1);
	assert_true(driver_read(&vm.driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
}

static void test_broken(void **state)
{
	(void)state;
	for (unsigned write = 0; write < 2; write++) {
		break_ring(GUEST_RAM_BASE + MIB(1), 0, write);
		break_ring(GUEST_RAM_BASE + MIB(1), UINT32_MAX, write);
		break_ring(GUEST_RAM_BASE - 1, 16, write);
		break_ring(GUEST_RAM_BASE + BLK_VM_RAM - 1, 16, write);
		break_ring(GUEST_VIRTIO_BASE, 16, write);
		break_ring(UINT64_MAX - 7, 16, write);
	}
}

/* What was lent before a chain broke the ring comes back, and nobody looks at it. */
static void test_broken_in_flight(void **state)
{
	struct slice bad = {gpa(0), 16};

	(void)state;
	struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_IN, 0, NULL, 512, 0);
	driver_add(&vm.driver, 0, &bad, 1, &bad, 1);
	driver_notify(&vm.driver, 0);
	driver_run(&vm.driver);
	assert_int_equal(vm.host.n_lent, 1);
	assert_true(driver_read(&vm.driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	blk_vm_complete(0, OK);
	driver_run(&vm.driver);
	assert_int_equal(*blk_vm_ram(io.status), 0x77);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
}

/* Features and rings are fixed once the driver runs. */
static void test_changes_after_driver_ok(void **state)
{
	struct virtio_blk_range range = {0, 1, 0};

	(void)state;
	blk_vm_start(ALL & ~VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD), 64);
	for (unsigned i = 0; i < 2; i++) {
		driver_write(&vm.driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		driver_write(&vm.driver, VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	}
	driver_write(&vm.driver, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(&vm.driver, VIRTIO_MMIO_QUEUE_NUM, 1);
	driver_write(&vm.driver, VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
	assert_int_equal(
		blk_vm_do(VIRTIO_BLK_T_DISCARD, 0, &range, NULL, 16, NULL), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
	/* Neither can the configuration be changed, but for the cache mode. */
	for (unsigned at = 0; at < 80; at++) {
		uint64_t before = driver_config(&vm.driver, at, 1);
		if (at == offsetof(struct virtio_blk_config, writeback))
			continue;
		driver_set_config(&vm.driver, at, 1, ~before);
		assert_int_equal(driver_config(&vm.driver, at, 1), before);
	}
}

static struct virtio_blk_header *changing;

static void change_header(struct host *host)
{
	(void)host;
	changing->type = VIRTIO_BLK_T_OUT;
	changing->sector = UINT64_MAX / 2;
}

/* The header is looked at once: what the guest makes of it afterwards counts for nothing. */
static void test_header_changes(void **state)
{
	uint32_t used;
	uint16_t head;

	(void)state;
	struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_IN, 3, NULL, 512, 0);
	changing = (struct virtio_blk_header *)blk_vm_ram(io.header);
	driver_notify(&vm.driver, 0);
	driver_run(&vm.driver);
	change_header(&vm.host);
	vm.host.meddle = change_header;
	blk_vm_settle();
	vm.host.meddle = NULL;
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
	assert_int_equal(*blk_vm_ram(io.status), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.log[0].op, DM_READ);
	assert_int_equal(vm.log[0].offset, 3 * 512);
}

/* The memory of the status byte is gone when the request is over: it comes back without. */
static void test_status_gone(void **state)
{
	gpa_t last = gpa(GUEST_RAM_BASE + BLK_VM_RAM - 1);
	struct slice out = {header(VIRTIO_BLK_T_FLUSH, 0), 16}, in = {last, 1};
	uint32_t used;
	uint16_t head;

	(void)state;
	*blk_vm_ram(last) = 0x55;
	driver_add(&vm.driver, 0, &out, 1, &in, 1);
	driver_notify(&vm.driver, 0);
	driver_run(&vm.driver);
	vm.host.ram_size -= 4096;
	blk_vm_settle();
	vm.host.ram_size += 4096;
	assert_int_equal(*blk_vm_ram(last), 0x55);
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
}

/* ---- many at once ---- */

/* More than the pool holds, done in a wild order, over two queues. */
static void flood(uint64_t mask)
{
	static struct blk_io io[2][80];
	unsigned back[2] = {0, 0}, seed = 1;

	blk_vm_start(mask, 256);
	for (unsigned i = 0; i < 80; i++) {
		for (unsigned q = 0; q < 2; q++) {
			io[q][i] = blk_vm_add(q, VIRTIO_BLK_T_IN, 2 * i + q, NULL, 512, 0);
			assert_true(io[q][i].head >= 0);
		}
		if (i % 11 == 0) {
			driver_kick(&vm.driver, 0);
			driver_kick(&vm.driver, 1);
			driver_run(&vm.driver);
		}
	}
	driver_kick(&vm.driver, 0);
	driver_kick(&vm.driver, 1);
	driver_run(&vm.driver);
	assert_int_equal(vm.host.n_lent, BLK_REQUESTS);
	while (vm.host.n_lent > 0) {
		uint32_t used;
		uint16_t head;

		seed = seed * 1103515245 + 12345;
		blk_vm_complete((seed >> 16) % vm.host.n_lent, OK);
		driver_run(&vm.driver);
		for (unsigned q = 0; q < 2; q++) {
			while (driver_collect(&vm.driver, q, &head, &used)) {
				assert_int_equal(used, 513);
				back[q]++;
			}
		}
	}
	assert_int_equal(back[0], 80);
	assert_int_equal(back[1], 80);
	for (unsigned q = 0; q < 2; q++) {
		for (unsigned i = 0; i < 80; i++) {
			assert_int_equal(*blk_vm_ram(io[q][i].status), VIRTIO_BLK_S_OK);
			assert_memory_equal(
				blk_vm_ram(io[q][i].data), vm.disk + (2 * i + q) * 512, 512);
		}
	}
}

static void test_flood(void **state)
{
	(void)state;
	flood(SPLIT & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX));
	flood(SPLIT);
	flood(ALL);
	flood(ALL & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX));
}

/* ---- resets ---- */

static void start_some(unsigned q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		blk_vm_add(q, VIRTIO_BLK_T_IN, i, NULL, 512, 0);
	driver_notify(&vm.driver, q);
	driver_run(&vm.driver);
}

static void expect_untouched(const uint8_t *copy)
{
	assert_memory_equal(copy, vm.host.ram, BLK_VM_RAM);
}

/* The device is reset while requests are lent: it is over when they are back, and they are not heard of. */
static void test_reset_in_flight(void **state)
{
	static uint8_t copy[BLK_VM_RAM];

	(void)state;
	for (unsigned n = 1; n <= 100; n += 33) {
		blk_vm_start(n % 2 ? ALL : SPLIT, 256);
		start_some(0, n);
		unsigned lent = n < BLK_REQUESTS ? n : BLK_REQUESTS;
		assert_int_equal(dm_lent(vm.dm), lent);
		driver_write(&vm.driver, VIRTIO_MMIO_STATUS, 0);
		assert_int_not_equal(driver_read(&vm.driver, VIRTIO_MMIO_STATUS), 0);
		memcpy(copy, vm.host.ram, BLK_VM_RAM);
		while (vm.host.n_lent > 0) {
			host_complete(&vm.host, vm.dm, vm.host.n_lent / 2, OK);
			driver_run(&vm.driver);
		}
		expect_untouched(copy);
		assert_int_equal(vm.host.n_pins, 0);
		assert_int_equal(dm_lent(vm.dm), 0);
		assert_int_equal(driver_read(&vm.driver, VIRTIO_MMIO_STATUS), 0);
	}
	/* All places in the pool are free again. */
	blk_vm_start(ALL, 256);
	start_some(0, 100);
	assert_int_equal(vm.host.n_lent, BLK_REQUESTS);
}

static void reset_queue(unsigned q)
{
	driver_write(&vm.driver, VIRTIO_MMIO_QUEUE_SEL, q);
	driver_write(&vm.driver, VIRTIO_MMIO_QUEUE_RESET, 1);
}

static void set_up_again(unsigned q)
{
	driver_alloc_queue(&vm.driver, q, 64);
	driver_set_queue(&vm.driver, q);
}

/* One queue is reset: the other one's requests go on, and the first starts anew. */
static void queue_reset(uint64_t mask)
{
	uint32_t used;
	uint16_t head;

	blk_vm_start(mask, 64);
	start_some(0, 10);
	start_some(1, 10);
	reset_queue(0);
	assert_int_equal(vm.host.n_lent, 20);
	blk_vm_settle();
	for (unsigned i = 0; i < 10; i++)
		assert_true(driver_collect(&vm.driver, 1, &head, &used));
	assert_false(driver_collect(&vm.driver, 0, &head, &used));
	set_up_again(0);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
}

static void test_queue_reset(void **state)
{
	(void)state;
	queue_reset(ALL);
	queue_reset(SPLIT);
}

/* Requests that wait for room when their queue is reset are gone; those of the other queue are not. */
static void test_reset_waiting(void **state)
{
	uint32_t used;
	uint16_t head;

	(void)state;
	for (unsigned q = 0; q < 2; q++) {
		blk_vm_start(ALL & ~VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH), 64);
		/* Each write's flush waits. */
		for (unsigned i = 0; i < 6; i++)
			blk_vm_add(i % 2, VIRTIO_BLK_T_OUT, i, NULL, 512, 0);
		driver_notify(&vm.driver, 0);
		driver_notify(&vm.driver, 1);
		driver_run(&vm.driver);
		assert_int_equal(vm.host.n_lent, 6);
		while (vm.host.n_lent > 0)
			blk_vm_complete(0, OK);
		reset_queue(q);
		vm.n_log = 0;
		blk_vm_settle();
		assert_int_equal(vm.n_log, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_true(driver_collect(&vm.driver, !q, &head, &used));
		assert_false(driver_collect(&vm.driver, q, &head, &used));
	}
	blk_vm_start(ALL, 256);
	start_some(0, 100);
	assert_int_equal(vm.host.n_lent, BLK_REQUESTS);
}

/* The pool is full of another queue's requests, which is reset: who starved is served. */
static void test_reset_feeds_the_starved(void **state)
{
	uint32_t used;
	uint16_t head;

	(void)state;
	blk_vm_start(ALL, 256);
	start_some(0, 80);
	start_some(1, 3);
	assert_int_equal(vm.host.n_lent, BLK_REQUESTS);
	reset_queue(0);
	blk_vm_settle();
	for (unsigned i = 0; i < 3; i++)
		assert_true(driver_collect(&vm.driver, 1, &head, &used));
}

/* The VM starts over while requests are lent. */
static void test_dm_reset(void **state)
{
	(void)state;
	start_some(0, 5);
	dm_reset(vm.dm);
	assert_int_equal(dm_lent(vm.dm), 5);
	assert_int_equal(vm.host.n_pins, 0);
	while (vm.host.n_lent > 0)
		blk_vm_complete(0, ERR_IO);
	assert_int_equal(dm_lent(vm.dm), 0);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
}

/* ---- a long random run ---- */

static uint64_t state_of_random;

static unsigned pick(unsigned n)
{
	state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of_random >> 33) % n;
}

#define SLOTS 48 /* of 8 sectors each, with at most one request at a time */

static struct slot {
	struct blk_io io;
	bool busy, write;
	unsigned q;
	uint8_t data[4096]; /* what the disk holds there if all goes well */
} slot[SLOTS];

static void random_start(struct slot *s)
{
	unsigned i = (unsigned)(s - slot);

	vm.host.ram_taken = MIB(2) + i * 8192;
	s->q = pick(2);
	s->write = pick(2);
	if (s->write) {
		for (unsigned k = 0; k < sizeof(s->data); k++)
			s->data[k] = (uint8_t)pick(256);
	}
	s->io = blk_vm_add(s->q, s->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, i * 8,
		s->write ? s->data : NULL, 4096,
		vm.driver.q[0].size < 16 || pick(3) ? 0 : 512 + pick(3000));
	s->busy = s->io.head >= 0;
	if (!s->busy) {
		memcpy(s->data, vm.disk + i * 4096, 4096);
		return;
	}
	if (pick(3))
		driver_kick(&vm.driver, s->q);
}

/* A write that failed may be there or not: it is done again. */
static void random_end(unsigned q, uint16_t head)
{
	unsigned i = 0;

	while (i < SLOTS && !(slot[i].busy && slot[i].q == q && slot[i].io.head == head))
		i++;
	assert_true(i < SLOTS);
	slot[i].busy = false;
	uint8_t status = *blk_vm_ram(slot[i].io.status);
	assert_true(status == VIRTIO_BLK_S_OK || status == VIRTIO_BLK_S_IOERR);
	if (status == VIRTIO_BLK_S_OK)
		assert_memory_equal(
			slot[i].write ? vm.disk + i * 4096 : blk_vm_ram(slot[i].io.data),
			slot[i].data, 4096);
	else
		memcpy(slot[i].data, vm.disk + i * 4096, 4096);
}

static void random_answers(void)
{
	static const enum dm_answer some[] = {DM_LENT, DM_LENT, DM_DONE, DM_BUSY, DM_FAILED};

	vm.n_answers = pick(16);
	vm.at_answer = 0;
	for (unsigned i = 0; i < vm.n_answers; i++)
		vm.answer[i] = some[pick(5)];
}

static void random_collect(void)
{
	uint32_t used;
	uint16_t head;

	for (unsigned q = 0; q < 2; q++) {
		while (driver_collect(&vm.driver, q, &head, &used))
			random_end(q, head);
	}
}

static void random_step(void)
{
	struct slot *s = &slot[pick(SLOTS)];

	switch (pick(8)) {
	case 0:
	case 1:
	case 2:
		if (!s->busy)
			random_start(s);
		break;
	case 3:
	case 4:
		if (vm.host.n_lent > 0)
			blk_vm_complete(pick(vm.host.n_lent), pick(10) ? OK : ERR_IO);
		break;
	case 5:
		random_answers();
		break;
	case 6:
		dm_port_ready(vm.dm, BLK_VM_PORT);
		break;
	default:
		random_collect();
	}
	driver_run(&vm.driver);
}

/* Everything that was begun comes back in the end. */
static void random_drain(void)
{
	vm.n_answers = vm.at_answer = 0;
	for (unsigned q = 0; q < 2; q++)
		driver_notify(&vm.driver, q);
	dm_port_ready(vm.dm, BLK_VM_PORT);
	blk_vm_settle();
	random_collect();
	for (unsigned i = 0; i < SLOTS; i++)
		assert_false(slot[i].busy);
}

static void random_run(enum vm_transport transport, uint64_t mask, unsigned size)
{
	const struct blk_vm_options o = {.queues = 2, .transport = transport};

	blk_vm_open(&o);
	blk_vm_start(mask, size);
	memset(slot, 0, sizeof(slot));
	for (unsigned i = 0; i < SLOTS; i++)
		memcpy(slot[i].data, vm.disk + i * 4096, 4096);
	for (unsigned i = 0; i < 4000; i++)
		random_step();
	random_drain();
	blk_vm_close();
}

static void test_random(void **state)
{
	static const unsigned sizes[] = {4, 16, 64, 256, 3, 21, 100};

	(void)state;
	state_of_random = 1;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (unsigned way = 0; way < 8; way++) {
			uint64_t mask = way & 1 ? ALL : ALL & ~VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH);

			if (way & 2)
				mask &= ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
			if (i < 4)
				random_run(way & 4 ? VM_TRANSPORT_PCI : VM_TRANSPORT_MMIO,
					mask & SPLIT, sizes[i]);
			random_run(way & 4 ? VM_TRANSPORT_PCI : VM_TRANSPORT_MMIO, mask, sizes[i]);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shapes),
		TEST(test_tiny),
		TEST(test_no_status),
		TEST(test_short_header),
		TEST(test_types),
		TEST(test_places),
		TEST(test_segments),
		TEST(test_overlaps),
		TEST(test_broken),
		TEST(test_broken_in_flight),
		TEST(test_changes_after_driver_ok),
		TEST(test_header_changes),
		TEST(test_status_gone),
		TEST(test_flood),
		TEST(test_reset_in_flight),
		TEST(test_queue_reset),
		TEST(test_reset_waiting),
		TEST(test_reset_feeds_the_starved),
		TEST(test_dm_reset),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
