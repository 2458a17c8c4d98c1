/* SPDX-License-Identifier: MIT */
/* A disk that works: what it says of itself, every operation, both transports and rings, all features, caches, busy hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/blk_vm.h"

#define ALL    UINT64_MAX
#define BIT(n) VIRTIO_FEATURE(VIRTIO_BLK_F_##n)
#define SPLIT  (ALL & ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))

static const struct blk_vm_options usual;

static uint8_t buffer[256 * 1024], back[256 * 1024];

static void fill(uint8_t *at, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(i * 31 + seed + i / 251);
}

static struct virtio_blk_config read_config(void)
{
	struct virtio_blk_config c;

	for (unsigned i = 0; i < sizeof(c); i++)
		((uint8_t *)&c)[i] = (uint8_t)driver_config(&vm.driver, i, 1);
	return c;
}

static void test_config(void **state)
{
	static const struct blk_vm_options big = {.block_size = 4096, .queues = 3};

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	struct virtio_blk_config c = read_config();
	assert_int_equal(c.capacity, BLK_VM_SECTORS);
	assert_int_equal(c.size_max, MIB(2));
	assert_int_equal(c.seg_max, 254);
	assert_int_equal(c.blk_size, 512);
	assert_int_equal(c.physical_block_exp, 3);
	assert_int_equal(c.min_io_size, 8);
	assert_int_equal(c.opt_io_size, 128);
	assert_int_equal(c.writeback, 1);
	assert_int_equal(c.num_queues, 1);
	assert_int_equal(c.max_discard_sectors, BLK_VM_SECTORS / 4);
	assert_int_equal(c.max_discard_seg, 32);
	assert_int_equal(c.discard_sector_alignment, 1);
	assert_int_equal(c.max_write_zeroes_sectors, BLK_VM_SECTORS / 2);
	assert_int_equal(c.max_write_zeroes_seg, 32);
	assert_int_equal(c.write_zeroes_may_unmap, 1);
	assert_int_equal(driver_config(&vm.driver, 0, 8), BLK_VM_SECTORS);
	assert_int_equal(driver_config(&vm.driver, 72, 4), 0);
	blk_vm_close();

	blk_vm_open(&big);
	blk_vm_start(ALL, 64);
	c = read_config();
	assert_int_equal(c.blk_size, 4096);
	assert_int_equal(c.physical_block_exp, 0);
	assert_int_equal(c.opt_io_size, 16);
	assert_int_equal(c.num_queues, 3);
	assert_int_equal(c.discard_sector_alignment, 8);
	blk_vm_close();
}

static void test_offered(void **state)
{
	static const struct {
		struct blk_vm_options o;
		uint64_t with, without;
	} cases[] = {
		{{.queues = 1}, BIT(DISCARD) | BIT(WRITE_ZEROES) | BIT(FLUSH), BIT(RO)},
		{{.read_only = true}, BIT(RO) | BIT(FLUSH), BIT(DISCARD) | BIT(WRITE_ZEROES)},
		{{.no_discard = true}, BIT(WRITE_ZEROES), BIT(DISCARD) | BIT(RO)},
		{{.no_write_zeroes = true}, BIT(DISCARD), BIT(WRITE_ZEROES)},
		{{.no_flush = true}, BIT(FLUSH) | BIT(CONFIG_WCE), 0},
	};
	uint64_t always = BIT(SEG_MAX) | BIT(BLK_SIZE) | BIT(TOPOLOGY) | BIT(MQ) | BIT(SIZE_MAX);

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		blk_vm_open(&cases[i].o);
		uint64_t offered = driver_offered(&vm.driver);
		assert_int_equal(offered & cases[i].with, cases[i].with);
		assert_int_equal(offered & cases[i].without, 0);
		assert_int_equal(offered & always, always);
		blk_vm_close();
	}
}

/* As many queues as the configuration or the vCPUs say. */
static void test_queues(void **state)
{
	static const struct {
		unsigned queues, vcpus, expected;
	} cases[] = {{0, 1, 1}, {0, 3, 3}, {0, 64, VM_QUEUES_MAX}, {5, 2, 5}, {8, 1, 8}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blk_vm_options o = {.queues = cases[i].queues, .vcpus = cases[i].vcpus};
		unsigned n = 0;

		blk_vm_open(&o);
		blk_vm_start(ALL, 8);
		while (vm.driver.q[n].size)
			n++;
		assert_int_equal(n, cases[i].expected);
		for (unsigned q = 0; q < n; q++) {
			uint32_t used;
			uint16_t head;
			struct blk_io io = blk_vm_add(q, VIRTIO_BLK_T_IN, q, NULL, 512, 0);
			driver_notify(&vm.driver, q);
			driver_run(&vm.driver);
			assert_int_equal(vm.host.lent[0]->queue, q);
			blk_vm_settle();
			assert_true(driver_collect(&vm.driver, q, &head, &used));
			assert_int_equal(used, 513);
			assert_memory_equal(blk_vm_ram(io.data), vm.disk + q * 512, 512);
		}
		blk_vm_close();
	}
}

/* ---- data ---- */

static void round_trip(uint64_t sector, uint32_t len, uint32_t piece)
{
	struct blk_io w, r;
	uint32_t used;
	uint16_t head;

	host_free_all(&vm.host);
	vm.host.ram_taken = MIB(1); /* beyond the rings */
	fill(buffer, len, (unsigned)sector + piece);
	w = blk_vm_add(0, VIRTIO_BLK_T_OUT, sector, buffer, len, piece);
	driver_kick(&vm.driver, 0);
	blk_vm_settle();
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
	assert_int_equal(head, w.head);
	assert_int_equal(used, 1);
	assert_int_equal(*blk_vm_ram(w.status), VIRTIO_BLK_S_OK);
	assert_memory_equal(vm.disk + sector * 512, buffer, len);

	r = blk_vm_add(0, VIRTIO_BLK_T_IN, sector, NULL, len, piece);
	driver_kick(&vm.driver, 0);
	blk_vm_settle();
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
	assert_int_equal(used, len + 1);
	assert_int_equal(*blk_vm_ram(r.status), VIRTIO_BLK_S_OK);
	assert_memory_equal(blk_vm_ram(r.data), buffer, len);
	assert_int_equal(driver_interrupt(&vm.driver), VIRTIO_INTERRUPT_USED);
}

static void round_trips(const struct blk_vm_options *o, uint64_t mask, unsigned size)
{
	static const struct {
		uint64_t sector;
		uint32_t len, piece;
	} cases[] = {{0, 512, 0}, {1, 512, 1}, {7, 512, 511}, {8, 4096, 0}, {9, 4096, 512},
		{0, 128 * 1024, 4096}, {3, 254 * 512, 512}, {BLK_VM_SECTORS - 1, 512, 100},
		{BLK_VM_SECTORS - 16, 8192, 33}, {0, 256 * 1024, 0}, {5, 8192, 1000}};

	blk_vm_open(o);
	blk_vm_start(mask, size);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t piece = cases[i].piece ? cases[i].piece : cases[i].len;
		unsigned pieces = (cases[i].len + piece - 1) / piece;
		if (pieces <= 254 && pieces + 2 <= size)
			round_trip(cases[i].sector, cases[i].len, piece);
	}
	blk_vm_close();
}

static void test_data(void **state)
{
	static const struct blk_vm_options ways[] = {{.transport = VM_TRANSPORT_MMIO},
		{.transport = VM_TRANSPORT_PCI}, {.transport = VM_TRANSPORT_PCI, .msix = true}};

	(void)state;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		round_trips(&ways[i], ALL, 256);
		round_trips(&ways[i], SPLIT, 256);
		round_trips(&ways[i], ALL & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX), 256);
		round_trips(&ways[i], SPLIT & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX), 256);
		round_trips(&ways[i], SPLIT & ~VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC), 256);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	for (unsigned size = 4; size <= 256; size++) {
		round_trips(&usual, ALL, size);
		if ((size & (size - 1)) == 0)
			round_trips(&usual, SPLIT, size);
	}
	/* A device's maximum is a maximum. */
	blk_vm_open(&usual);
	blk_vm_start(ALL, 1024);
	assert_int_equal(vm.driver.q[0].size, BLK_QUEUE_SIZE);
	round_trip(0, 4096, 0);
	blk_vm_close();
}

/* The request names the guest's own pages and nothing was copied. */
static void test_no_copy(void **state)
{
	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_OUT, 3, buffer, 3000 - 440, 1000);
	driver_kick(&vm.driver, 0);
	driver_run(&vm.driver);
	assert_int_equal(vm.host.n_lent, 1);
	const struct dm_request *r = vm.host.lent[0];
	assert_int_equal(r->op, DM_WRITE);
	assert_int_equal(r->offset, 3 * 512);
	assert_int_equal(r->len, 2560);
	assert_int_equal(r->n_slices, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(r->slices[i].addr.a, io.data.a + 1000 * i);
		assert_int_equal(r->slices[i].len, i < 2 ? 1000 : 560);
	}
	blk_vm_settle();
	blk_vm_close();
}

static void test_block_size(void **state)
{
	static const struct blk_vm_options big = {.block_size = 4096};

	(void)state;
	blk_vm_open(&big);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 8, NULL, back, 8192, NULL), VIRTIO_BLK_S_OK);
	assert_memory_equal(back, vm.disk + 4096, 8192);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 1, NULL, back, 4096, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_OUT, 8, back, NULL, 512, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(vm.n_log, 1);
	blk_vm_close();
}

/* ---- other operations ---- */

static void check_id(const char *text)
{
	struct blk_vm_options o = {.id = text};
	uint8_t id[32];
	uint32_t used;

	blk_vm_open(&o);
	blk_vm_start(ALL, 64);
	for (uint32_t len = 0; len <= sizeof(id); len++) {
		char want[VIRTIO_BLK_ID_BYTES] = {0};
		uint32_t n = len < sizeof(want) ? len : sizeof(want);

		memcpy(want, text, strlen(text));
		assert_int_equal(
			blk_vm_do(VIRTIO_BLK_T_GET_ID, 0, NULL, id, len, &used), VIRTIO_BLK_S_OK);
		assert_int_equal(used, n + 1);
		assert_memory_equal(id, want, n);
	}
	assert_int_equal(vm.n_log, 0);
	blk_vm_close();
}

static void test_id(void **state)
{
	(void)state;
	check_id("a serial");
	check_id("exactly twenty chars");
	check_id("");
}

static void test_flush(void **state)
{
	static const struct blk_vm_options none = {.no_flush = true};
	uint32_t used;

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, &used), VIRTIO_BLK_S_OK);
	assert_int_equal(used, 1);
	assert_int_equal(vm.n_log, 1);
	assert_int_equal(vm.log[0].op, DM_FLUSH);
	blk_vm_close();
	/* Nothing to flush: the host is not asked. */
	blk_vm_open(&none);
	blk_vm_start(ALL, 64);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.n_log, 0);
	blk_vm_close();
}

static void test_read_only(void **state)
{
	static const struct blk_vm_options ro = {.read_only = true};
	struct virtio_blk_range range = {0, 1, 0};

	(void)state;
	blk_vm_open(&ro);
	blk_vm_start(ALL, 64);
	assert_int_equal(
		blk_vm_do(VIRTIO_BLK_T_OUT, 0, buffer, NULL, 512, NULL), VIRTIO_BLK_S_IOERR);
	assert_int_equal(
		blk_vm_do(VIRTIO_BLK_T_DISCARD, 0, &range, NULL, 16, NULL), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_WRITE_ZEROES, 0, &range, NULL, 16, NULL),
		VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(vm.n_log, 0);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 0, NULL, back, 512, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
	blk_vm_close();
}

/* ---- discards and zeroes ---- */

static unsigned ranges(uint32_t type, unsigned n, uint32_t flags)
{
	static struct virtio_blk_range list[64];

	for (unsigned i = 0; i < n; i++)
		list[i] = (struct virtio_blk_range){i * 16, i % 7 + 1, flags};
	vm.n_log = 0;
	return blk_vm_do(type, 0, list, NULL, n * (uint32_t)sizeof(list[0]), NULL);
}

static void test_ranges(void **state)
{
	static const struct {
		uint32_t type;
		enum dm_op op;
		uint32_t flags;
	} cases[] = {{VIRTIO_BLK_T_DISCARD, DM_DISCARD, 0},
		{VIRTIO_BLK_T_WRITE_ZEROES, DM_WRITE_ZEROES, 0},
		{VIRTIO_BLK_T_WRITE_ZEROES, DM_WRITE_ZEROES, VIRTIO_BLK_RANGE_F_UNMAP}};

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned n = 1; n <= 32; n++) {
			assert_int_equal(ranges(cases[i].type, n, cases[i].flags), VIRTIO_BLK_S_OK);
			assert_int_equal(vm.n_log, n);
			for (unsigned k = 0; k < n; k++) {
				assert_int_equal(vm.log[k].op, cases[i].op);
				assert_int_equal(vm.log[k].offset, k * 16 * 512);
				assert_int_equal(vm.log[k].len, (k % 7 + 1) * 512);
				assert_int_equal(vm.log[k].unmap, cases[i].flags);
			}
		}
		assert_int_equal(ranges(cases[i].type, 33, cases[i].flags), VIRTIO_BLK_S_IOERR);
		assert_int_equal(ranges(cases[i].type, 0, cases[i].flags), VIRTIO_BLK_S_IOERR);
		assert_int_equal(vm.n_log, 0);
	}
	blk_vm_close();
}

/* One bad range among good ones, at every place: nothing of it is done. */
static void test_bad_ranges(void **state)
{
	static const struct {
		uint32_t type;
		struct virtio_blk_range range;
		unsigned status;
	} cases[] = {
		{VIRTIO_BLK_T_DISCARD, {0, 1, 1}, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_DISCARD, {0, 1, 2}, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_WRITE_ZEROES, {0, 1, 0x80000001}, VIRTIO_BLK_S_UNSUPP},
		{VIRTIO_BLK_T_DISCARD, {0, 0, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {0, BLK_VM_SECTORS / 4 + 1, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_WRITE_ZEROES, {0, BLK_VM_SECTORS / 2 + 1, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_WRITE_ZEROES, {0, UINT32_MAX, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {BLK_VM_SECTORS, 1, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {BLK_VM_SECTORS - 1, 2, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {UINT64_MAX, 1, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {UINT64_MAX / 512 + 1, 1, 0}, VIRTIO_BLK_S_IOERR},
		{VIRTIO_BLK_T_DISCARD, {UINT64_MAX / 512, 2, 0}, VIRTIO_BLK_S_IOERR},
	};

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned at = 0; at < 5; at++) {
			struct virtio_blk_range list[5];

			for (unsigned k = 0; k < 5; k++)
				list[k] = (struct virtio_blk_range){k, 1, 0};
			list[at] = cases[i].range;
			assert_int_equal(
				blk_vm_do(cases[i].type, 0, list, NULL, sizeof(list), NULL),
				cases[i].status);
			assert_int_equal(vm.n_log, 0);
		}
	}
	for (uint32_t len = 1; len < 64; len++) {
		struct virtio_blk_range list[4] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}};
		if (len % 16 != 0)
			assert_int_equal(blk_vm_do(VIRTIO_BLK_T_DISCARD, 0, list, NULL, len, NULL),
				VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(vm.n_log, 0);
	blk_vm_close();
}

/* ---- the cache mode ---- */

static void expect_log(const enum dm_op *ops, unsigned n)
{
	assert_int_equal(vm.n_log, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(vm.log[i].op, ops[i]);
	vm.n_log = 0;
}

/* Is a write reported only after a flush that follows it? */
static void expect_cache(bool writeback)
{
	static const enum dm_op write[] = {DM_WRITE, DM_FLUSH};
	static const enum dm_op zeroes[] = {
		DM_WRITE_ZEROES, DM_WRITE_ZEROES, DM_WRITE_ZEROES, DM_FLUSH};
	static const enum dm_op read[] = {DM_READ};

	vm.n_log = 0;
	assert_int_equal(read_config().writeback, writeback);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_OUT, 0, buffer, NULL, 512, NULL), VIRTIO_BLK_S_OK);
	expect_log(write, writeback ? 1 : 2);
	assert_int_equal(ranges(VIRTIO_BLK_T_WRITE_ZEROES, 3, 0), VIRTIO_BLK_S_OK);
	expect_log(zeroes, writeback ? 3 : 4);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 0, NULL, back, 512, NULL), VIRTIO_BLK_S_OK);
	expect_log(read, 1);
}

static void test_cache(void **state)
{
	unsigned at = offsetof(struct virtio_blk_config, writeback);

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	expect_cache(true);
	driver_set_config(&vm.driver, at, 1, 0);
	expect_cache(false);
	driver_set_config(&vm.driver, at, 1, 2);
	expect_cache(true);
	driver_set_config(&vm.driver, at, 1, 0);
	/* A reset forgets it. */
	blk_vm_start(ALL, 64);
	expect_cache(true);
	/* Other places and widths change nothing. */
	driver_set_config(&vm.driver, at - 1, 1, 0);
	driver_set_config(&vm.driver, at + 1, 1, 0);
	driver_set_config(&vm.driver, 0, 8, 0);
	driver_set_config(&vm.driver, at, 4, 0);
	expect_cache(true);
	blk_vm_start(ALL & ~BIT(FLUSH), 64);
	expect_cache(false);
	driver_set_config(&vm.driver, at, 1, 1);
	expect_cache(true);
	blk_vm_start(ALL & ~BIT(CONFIG_WCE), 64);
	expect_cache(true);
	driver_set_config(&vm.driver, at, 1, 0);
	expect_cache(true);
	blk_vm_start(ALL & ~BIT(CONFIG_WCE) & ~BIT(FLUSH), 64);
	expect_cache(false);
	blk_vm_close();
}

/* Neither is the write reported before its flush, nor when that fails. */
static void test_writethrough_fails(void **state)
{
	uint32_t used;
	uint16_t head;

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL & ~BIT(FLUSH), 64);
	struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_OUT, 0, buffer, 512, 0);
	driver_kick(&vm.driver, 0);
	driver_run(&vm.driver);
	blk_vm_complete(0, OK);
	assert_false(driver_collect(&vm.driver, 0, &head, &used));
	driver_run(&vm.driver);
	assert_int_equal(vm.host.n_lent, 1);
	assert_int_equal(vm.host.lent[0]->op, DM_FLUSH);
	assert_false(driver_collect(&vm.driver, 0, &head, &used));
	blk_vm_complete(0, ERR_IO);
	driver_run(&vm.driver);
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
	assert_int_equal(*blk_vm_ram(io.status), VIRTIO_BLK_S_IOERR);
	blk_vm_close();
}

/* ---- every subset of features ---- */

static void subset(uint64_t features)
{
	struct virtio_blk_range range = {5, 2, 0};
	unsigned zeroes = features & BIT(WRITE_ZEROES) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_UNSUPP;
	unsigned discard = features & BIT(DISCARD) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_UNSUPP;
	bool writeback = features & BIT(FLUSH);

	blk_vm_start(features, 8);
	vm.n_log = 0;
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_OUT, 1, buffer, NULL, 1024, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.n_log, writeback ? 1 : 2);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 1, NULL, back, 1024, NULL), VIRTIO_BLK_S_OK);
	assert_memory_equal(buffer, back, 1024);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_FLUSH, 0, NULL, NULL, 0, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_DISCARD, 0, &range, NULL, 16, NULL), discard);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_WRITE_ZEROES, 0, &range, NULL, 16, NULL), zeroes);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_GET_ID, 0, NULL, back, 20, NULL), VIRTIO_BLK_S_OK);
}

static void test_subsets(void **state)
{
	static const unsigned bits[] = {VIRTIO_BLK_F_SIZE_MAX, VIRTIO_BLK_F_SEG_MAX,
		VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_TOPOLOGY,
		VIRTIO_BLK_F_CONFIG_WCE, VIRTIO_BLK_F_MQ, VIRTIO_BLK_F_DISCARD,
		VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_F_RING_PACKED, VIRTIO_F_RING_RESET};
	unsigned n = sizeof(bits) / sizeof(bits[0]);

	(void)state;
	blk_vm_open(&usual);
	for (unsigned set = 0; set < 1u << n; set++) {
		uint64_t features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);

		for (unsigned i = 0; i < n; i++) {
			if (set & 1u << i)
				features |= VIRTIO_FEATURE(bits[i]);
		}
		subset(features);
	}
	blk_vm_close();
}

/* ---- how the host answers ---- */

static void answers(const enum dm_answer *answer, unsigned n)
{
	memcpy(vm.answer, answer, n * sizeof(*answer));
	vm.n_answers = n;
	vm.at_answer = 0;
}

static void test_done_at_once(void **state)
{
	static const enum dm_answer done[] = {DM_DONE, DM_DONE, DM_DONE};
	static const enum dm_answer mixed[] = {DM_DONE, DM_LENT, DM_DONE, DM_LENT};
	static const enum dm_answer failed[] = {DM_DONE, DM_FAILED};

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL & ~BIT(FLUSH), 64);
	answers(done, 3);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_IN, 2, NULL, back, 4096, NULL), VIRTIO_BLK_S_OK);
	assert_memory_equal(back, vm.disk + 1024, 4096);
	assert_int_equal(blk_vm_do(VIRTIO_BLK_T_OUT, 2, buffer, NULL, 4096, NULL), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.at_answer, 3);
	answers(mixed, 4);
	assert_int_equal(ranges(VIRTIO_BLK_T_DISCARD, 3, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.at_answer, 4);
	answers(failed, 2);
	assert_int_equal(ranges(VIRTIO_BLK_T_DISCARD, 3, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(vm.n_log, 2);
	blk_vm_close();
}

static void test_failures(void **state)
{
	static const struct {
		enum status status;
		unsigned expected;
	} cases[] = {{OK, VIRTIO_BLK_S_OK}, {ERR_IO, VIRTIO_BLK_S_IOERR},
		{ERR_UNSUPPORTED, VIRTIO_BLK_S_UNSUPP}};
	static const enum dm_answer failed[] = {DM_FAILED};
	uint32_t used;
	uint16_t head;

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL, 64);
	for (unsigned i = 0; i < 3; i++) {
		struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_IN, 0, NULL, 512, 0);
		driver_kick(&vm.driver, 0);
		driver_run(&vm.driver);
		assert_int_equal(vm.host.n_lent, 1);
		blk_vm_complete(0, cases[i].status);
		driver_run(&vm.driver);
		assert_true(driver_collect(&vm.driver, 0, &head, &used));
		assert_int_equal(used, cases[i].status == OK ? 513 : 1);
		assert_int_equal(*blk_vm_ram(io.status), cases[i].expected);
	}
	answers(failed, 1);
	assert_int_equal(
		blk_vm_do(VIRTIO_BLK_T_OUT, 0, buffer, NULL, 512, NULL), VIRTIO_BLK_S_IOERR);
	blk_vm_close();
}

/* Several requests meet a busy host: they are submitted in their order once there is room. */
static void busy(uint64_t mask)
{
	static const enum dm_answer answer[] = {
		DM_LENT, DM_BUSY, DM_BUSY, DM_BUSY, DM_LENT, DM_BUSY};
	uint32_t used;
	uint16_t head;

	blk_vm_open(&usual);
	blk_vm_start(mask, 64);
	answers(answer, 6);
	for (unsigned i = 0; i < 5; i++)
		assert_true(blk_vm_add(0, VIRTIO_BLK_T_IN, i, NULL, 512, 0).head >= 0);
	driver_kick(&vm.driver, 0);
	driver_run(&vm.driver);
	assert_int_equal(vm.at_answer, 2);
	/* Nothing is asked again until the port is ready. */
	driver_notify(&vm.driver, 0);
	driver_run(&vm.driver);
	assert_int_equal(vm.at_answer, 3);
	for (unsigned i = 4; i <= 6; i++) {
		dm_port_ready(vm.dm, BLK_VM_PORT);
		driver_run(&vm.driver);
	}
	blk_vm_settle();
	for (unsigned i = 0; i < 5; i++) {
		assert_true(driver_collect(&vm.driver, 0, &head, &used));
		assert_int_equal(vm.log[i].offset, i * 512);
	}
	assert_int_equal(vm.n_log, 5);
	blk_vm_close();
}

static void test_busy(void **state)
{
	(void)state;
	busy(ALL);
	busy(SPLIT);
	busy(SPLIT & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX));
}

/* A write's flush and a discard's next range wait for room, too. */
static void test_busy_steps(void **state)
{
	static const enum dm_answer answer[] = {
		DM_LENT, DM_BUSY, DM_LENT, DM_DONE, DM_BUSY, DM_BUSY};

	(void)state;
	blk_vm_open(&usual);
	blk_vm_start(ALL & ~BIT(FLUSH), 64);
	answers(answer, 6);
	vm.n_log = 0;
	struct virtio_blk_range list[3] = {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}};
	struct blk_io io = blk_vm_add(0, VIRTIO_BLK_T_DISCARD, 0, list, sizeof(list), 0);
	driver_kick(&vm.driver, 0);
	for (unsigned i = 0; i < 8; i++) {
		blk_vm_settle();
		dm_port_ready(vm.dm, BLK_VM_PORT);
	}
	uint32_t used;
	uint16_t head;
	assert_true(driver_collect(&vm.driver, 0, &head, &used));
	assert_int_equal(*blk_vm_ram(io.status), VIRTIO_BLK_S_OK);
	assert_int_equal(vm.n_log, 4);
	assert_int_equal(vm.log[3].op, DM_FLUSH);
	blk_vm_close();
}

/* While nothing more can be taken the driver is told not to kick; afterwards it is wanted again. */
static void test_kicks_suppressed(void **state)
{
	static const enum dm_answer answer[] = {DM_BUSY};
	uint64_t flags[] = {ALL, SPLIT & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		blk_vm_open(&usual);
		blk_vm_start(flags[i], 64);
		answers(answer, 1);
		blk_vm_add(0, VIRTIO_BLK_T_IN, 0, NULL, 512, 0);
		assert_true(driver_kick(&vm.driver, 0));
		driver_run(&vm.driver);
		blk_vm_add(0, VIRTIO_BLK_T_IN, 1, NULL, 512, 0);
		assert_false(driver_kick(&vm.driver, 0));
		dm_port_ready(vm.dm, BLK_VM_PORT);
		driver_run(&vm.driver);
		assert_int_equal(vm.host.n_lent, 2);
		blk_vm_add(0, VIRTIO_BLK_T_IN, 2, NULL, 512, 0);
		assert_true(driver_kick(&vm.driver, 0));
		blk_vm_settle();
		blk_vm_close();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_offered),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_copy),
		cmocka_unit_test(test_block_size),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_bad_ranges),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_writethrough_fails),
		cmocka_unit_test(test_subsets),
		cmocka_unit_test(test_done_at_once),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_busy_steps),
		cmocka_unit_test(test_kicks_suppressed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
