/* SPDX-License-Identifier: MIT */
/* The driver of physical virtio disks against a disk that the test plays, well and badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/virtio_blk.h"
#include "drivers/virtio_blk_parts.h"
#include "tests/unit/virtio_mock.h"

#define SECTORS  4096u
#define BYTES    (SECTORS * 512u)
#define F(name)  VIRTIO_FEATURE(VIRTIO_BLK_F_##name)
#define RING     (VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))
#define ALL      (F(SEG_MAX) | F(BLK_SIZE) | F(FLUSH) | F(TOPOLOGY) | F(DISCARD) | F(WRITE_ZEROES))
#define FINISHED 64

/* ---- the disk ---- */

static uint8_t medium[BYTES];
static unsigned parts, flushes, bad_status; /* bad_status: what the next ones get */
static unsigned longest;                    /* descriptors of a chain */

static struct virtio_blk_config *config(void)
{
	return (struct virtio_blk_config *)mock.config;
}

static void transfer(const struct mock_chain *c, uint64_t at, bool write)
{
	for (unsigned i = 1; i + 1 < c->n; i++) {
		void *data = (void *)(uintptr_t)c->desc[i].addr;
		uint32_t len = c->desc[i].len;

		assert_true(at + len <= BYTES);
		assert_int_equal(!!(c->desc[i].flags & VIRTQ_DESC_F_WRITE), !write);
		if (write)
			memcpy(medium + at, data, len);
		else
			memcpy(data, medium + at, len);
		at += len;
	}
	assert_int_equal(at % 512, 0);
}

static void zero(const struct mock_chain *c)
{
	const struct virtio_blk_range *r = (const void *)(uintptr_t)c->desc[1].addr;

	assert_int_equal(c->n, 3);
	assert_int_equal(c->desc[1].len, sizeof(*r));
	assert_true(r->sector + r->num_sectors <= SECTORS);
	memset(medium + r->sector * 512, 0, r->num_sectors * 512);
}

static uint8_t execute(const struct mock_chain *c)
{
	const struct virtio_blk_header *h = (const void *)(uintptr_t)c->desc[0].addr;

	assert_int_equal(c->desc[0].len, sizeof(*h));
	switch (h->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		transfer(c, h->sector * 512, h->type == VIRTIO_BLK_T_OUT);
		break;
	case VIRTIO_BLK_T_FLUSH:
		assert_int_equal(c->n, 2);
		flushes++;
		break;
	case VIRTIO_BLK_T_GET_ID:
		assert_int_equal(c->desc[1].len, VIRTIO_BLK_ID_BYTES);
		memcpy((void *)(uintptr_t)c->desc[1].addr, "abc\0", 4);
		return VIRTIO_BLK_S_OK;
	default:
		zero(c);
	}
	return VIRTIO_BLK_S_OK;
}

static void complete(unsigned queue, const struct mock_chain *c)
{
	uint8_t *status = (uint8_t *)(uintptr_t)c->desc[c->n - 1].addr;

	assert_int_equal(c->desc[c->n - 1].len, 1);
	parts++;
	longest = c->n > longest ? c->n : longest;
	*status = bad_status ? (uint8_t)bad_status : execute(c);
	mock_push(queue, c->head, 1);
}

/* Does all that is there, the newest first if asked. Returns how many. */
static unsigned run(unsigned queue, bool backwards)
{
	static struct mock_chain chain[128];
	unsigned n = 0;

	while (n < 128 && mock_pop(queue, &chain[n]))
		n++;
	for (unsigned i = 0; i < n; i++)
		complete(queue, &chain[backwards ? n - 1 - i : i]);
	return n;
}

static void poll_disk(void)
{
	run(0, false);
}

/* ---- its user ---- */

static struct block_request *finished[FINISHED];
static enum status finished_status[FINISHED];
static unsigned n_finished, rooms;

static void done(struct block_request *r, enum status status)
{
	assert_true(n_finished < FINISHED);
	finished[n_finished] = r;
	finished_status[n_finished++] = status;
}

static void room(unsigned disk)
{
	assert_int_equal(disk, 0);
	rooms++;
}

static void start_with(uint64_t features, uint16_t ring)
{
	blk_n_disks = 0;
	n_finished = rooms = parts = flushes = bad_status = longest = 0;
	for (unsigned i = 0; i < BYTES; i++)
		medium[i] = (uint8_t)(i * 7 + i / 512);
	mock_reset(VIRTIO_ID_BLOCK, features, ring);
	*config() = (struct virtio_blk_config){
		.capacity = SECTORS,
		.seg_max = 126,
		.blk_size = 512,
		.physical_block_exp = 3,
		.opt_io_size = 16,
		.num_queues = 2,
		.max_discard_sectors = 64,
		.max_discard_seg = 1,
		.max_write_zeroes_sectors = 32,
		.max_write_zeroes_seg = 1,
	};
	mock_work = poll_disk;
	block_on_room(room);
	assert_true(virtio_blk_start(mock_find()));
	assert_int_equal(block_count(), 1);
	mock_work = NULL;
	mock.isr = 0;
	parts = longest = 0;
}

static void start(void)
{
	start_with(ALL | RING, 128);
}

static struct block_request request(
	enum block_op op, uint64_t offset, const struct block_segment *segment, unsigned n)
{
	struct block_request r = {
		.op = op, .offset = offset, .n = (uint16_t)n, .segment = segment, .done = done};

	for (unsigned i = 0; i < n; i++)
		r.len += segment[i].len;
	return r;
}

static struct block_segment segment(void *data, uint32_t len)
{
	return (struct block_segment){hpa((uintptr_t)data), len};
}

/* ---- tests ---- */

static void test_start(void **state)
{
	const struct block_info *info;

	(void)state;
	start();
	info = block_info(0);
	assert_string_equal(info->name, "disk0");
	assert_string_equal(info->id, "abc");
	assert_int_equal(info->size, BYTES);
	assert_int_equal(info->block_size, 512);
	assert_int_equal(info->physical_size, 4096);
	assert_int_equal(info->optimal_size, 8192);
	assert_int_equal(info->discard_max, 64 * 512);
	assert_int_equal(info->write_zeroes_max, 32 * 512);
	assert_true(info->flush);
	assert_false(info->read_only);
	assert_int_equal(info->queues, 1);
	assert_int_equal(mock.status, 15);
	assert_int_equal(mock.agreed, ALL | RING | VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
}

static void test_refused(void **state)
{
	(void)state;
	mock_reset(VIRTIO_ID_BLOCK, 0, 128);
	mock.offered = 0; /* no VERSION_1 */
	assert_false(virtio_blk_start(mock_find()));
	mock_reset(VIRTIO_ID_BLOCK, 0, 128);
	mock.no_irq = 1;
	assert_false(virtio_blk_start(mock_find()));
	mock_reset(VIRTIO_ID_BLOCK, 0, 0); /* no queue */
	assert_false(virtio_blk_start(mock_find()));
	mock_reset(VIRTIO_ID_BLOCK, 0, 128);
	mock.version = 1;
	assert_null(mock_find());
	mock_reset(0, 0, 128);
	assert_null(mock_find());
	assert_int_equal(mock.resets, 0); /* an empty window is left alone */
}

static void test_read_write(void **state)
{
	static uint8_t out[4096], in[4096];
	struct block_segment w = segment(out, sizeof(out));
	struct block_segment s[3] = {
		segment(in, 100), segment(in + 100, 412), segment(in + 512, 3584)};
	struct block_request write = request(BLOCK_WRITE, 8192, &w, 1);
	struct block_request read = request(BLOCK_READ, 8192, s, 3);

	(void)state;
	start();
	memset(out, 0x5a, sizeof(out));
	assert_int_equal(block_submit(0, &write), OK);
	assert_int_equal(n_finished, 0);
	assert_int_equal(mock.watched, 1);
	assert_int_equal(run(0, false), 1);
	assert_true(mock_interrupt());
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], OK);
	assert_memory_equal(medium + 8192, out, sizeof(out));
	assert_int_equal(block_submit(0, &read), OK);
	run(0, false);
	assert_true(mock_interrupt());
	assert_int_equal(n_finished, 2);
	assert_ptr_equal(finished[1], &read);
	assert_memory_equal(in, out, sizeof(in));
	assert_false(mock_interrupt());
}

/* Two at once, done in the other order with one interrupt; only the first needs a notification. */
static void test_out_of_order(void **state)
{
	static uint8_t a[512], b[512];
	struct block_segment sa = segment(a, 512), sb = segment(b, 512);
	struct block_request ra = request(BLOCK_READ, 0, &sa, 1),
			     rb = request(BLOCK_READ, 512, &sb, 1);
	unsigned before;

	(void)state;
	start();
	before = mock.queue[0].notified;
	assert_int_equal(block_submit(0, &ra), OK);
	assert_int_equal(block_submit(0, &rb), OK);
	assert_int_equal(mock.queue[0].notified, before + 1);
	assert_int_equal(run(0, true), 2);
	assert_true(mock_interrupt());
	assert_int_equal(n_finished, 2);
	assert_ptr_equal(finished[0], &rb);
	assert_memory_equal(a, medium, 512);
	assert_memory_equal(b, medium + 512, 512);
}

/* More segments than a part takes, and at odd places: parts are whole blocks. */
static void check_split(void)
{
	static uint8_t data[512 * 700];
	static struct block_segment s[BLOCK_SEGMENTS_MAX];
	unsigned at = 0;

	for (unsigned i = 0; i < BLOCK_SEGMENTS_MAX; i++) {
		uint32_t len = i == BLOCK_SEGMENTS_MAX - 1 ? 512 - at % 512 : 300 + i % 7 * 100;

		s[i] = segment(data + at, len);
		at += len;
	}
	assert_true(at <= sizeof(data));
	struct block_request r = request(BLOCK_READ, 1024, s, BLOCK_SEGMENTS_MAX);
	unsigned rounds = 0;

	memset(data, 0, sizeof(data));
	assert_int_equal(block_submit(0, &r), OK);
	while (!n_finished && rounds++ < 100) {
		assert_true(run(0, true) > 0);
		mock_interrupt();
	}
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], OK);
	assert_memory_equal(data, medium + 1024, at);
}

static void test_split_segments(void **state)
{
	(void)state;
	start();
	check_split();
	assert_true(parts >= 5);
	assert_int_equal(longest, 128);
	/* Without tables a request lives in the ring, a piece at a time. */
	start_with(ALL, 16);
	check_split();
	assert_true(parts > 30);
	assert_true(longest <= 16);
	start_with(ALL | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX), 16);
	check_split();
	start_with(
		(ALL | RING) & ~F(SEG_MAX), 2); /* one segment at a time: 100 bytes are no block */
}

static void test_split_size(void **state)
{
	static uint8_t data[65536];
	struct block_segment s = segment(data, sizeof(data));
	struct block_request r = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start_with(ALL | RING | F(SIZE_MAX), 4);
	blk_disks[0]->size_max = 1024;
	blk_disks[0]->seg_max = 3;
	assert_int_equal(block_submit(0, &r), OK);
	for (unsigned i = 0; i < 20 && !n_finished; i++) {
		run(0, false);
		mock_interrupt();
	}
	assert_int_equal(n_finished, 1);
	assert_memory_equal(data, medium, sizeof(data));
	assert_int_equal(parts, 22);
	assert_int_equal(longest, 5);
}

/* Segments of which no block can be made are an error, and nothing hangs. */
static void test_crumbs(void **state)
{
	static uint8_t data[1024];
	static struct block_segment s[256];

	(void)state;
	start();
	blk_disks[0]->seg_max = 100;
	for (unsigned i = 0; i < 256; i++)
		s[i] = segment(data + i * 4, 4);
	struct block_request r = request(BLOCK_READ, 0, s, 256);

	assert_int_equal(block_submit(0, &r), ERR_INVALID);
	assert_int_equal(n_finished, 0);
	/* The first part goes, the second can't. */
	s[0].len = 512;
	s[0].addr = hpa((uintptr_t)data);
	r = request(BLOCK_READ, 0, s, 129);
	assert_int_equal(r.len, 1024);
	assert_int_equal(block_submit(0, &r), OK);
	run(0, false);
	assert_true(mock_interrupt());
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], ERR_INVALID);
}

/* The length counts, whatever the segments say: nothing behind it is read or written. */
static void test_length(void **state)
{
	static uint8_t data[4096];
	struct block_segment s[3] = {
		segment(data, 1024), segment(data, 0), segment(data + 1024, 3072)};
	struct block_request r = request(BLOCK_WRITE, 0, s, 3);

	(void)state;
	start();
	memset(data, 0x77, sizeof(data));
	r.len = 2048;
	assert_int_equal(block_submit(0, &r), OK);
	run(0, false);
	mock_interrupt();
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], OK);
	assert_int_equal(longest, 4);
	assert_int_equal(medium[2047], 0x77);
	assert_int_equal(medium[2048], (uint8_t)(2048 * 7 + 4));
	r.len = 8192;
	assert_int_equal(block_submit(0, &r), OK);
	run(0, false);
	mock_interrupt();
	assert_int_equal(n_finished, 2);
	assert_int_equal(finished_status[1], ERR_INVALID);
}

static void test_other_operations(void **state)
{
	struct block_request flush = {.op = BLOCK_FLUSH, .done = done};
	struct block_request discard = {
		.op = BLOCK_DISCARD, .offset = 4096, .len = 65536, .done = done};
	struct block_request zeroes = {.op = BLOCK_WRITE_ZEROES,
		.unmap = true,
		.offset = 131072,
		.len = 32768,
		.done = done};

	(void)state;
	start();
	assert_int_equal(block_submit(0, &flush), OK);
	assert_int_equal(block_submit(0, &discard), OK);
	assert_int_equal(block_submit(0, &zeroes), OK);
	assert_int_equal(run(0, false), 1 + 2 + 2);
	mock_interrupt();
	assert_int_equal(n_finished, 3);
	assert_int_equal(flushes, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(finished_status[i], OK);
	assert_int_equal(medium[4095], (uint8_t)(4095 * 7 + 7));
	for (unsigned i = 4096; i < 4096 + 65536; i++)
		assert_int_equal(medium[i], 0);
	assert_int_equal(medium[131072 + 32767], 0);
	assert_int_not_equal(medium[131072 + 32768 + 1], 0);
}

static void test_not_offered(void **state)
{
	static uint8_t data[512];
	struct block_segment s = segment(data, 512);
	struct block_request flush = {.op = BLOCK_FLUSH, .done = done};
	struct block_request discard = {.op = BLOCK_DISCARD, .len = 512, .done = done};
	struct block_request write = request(BLOCK_WRITE, 0, &s, 1),
			     read = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start_with(RING | F(RO) | F(DISCARD), 128);
	assert_true(block_info(0)->read_only);
	assert_int_equal(block_info(0)->discard_max, 0);
	assert_int_equal(block_submit(0, &flush), ERR_UNSUPPORTED);
	assert_int_equal(block_submit(0, &discard), ERR_UNSUPPORTED);
	assert_int_equal(block_submit(0, &write), ERR_UNSUPPORTED);
	read.offset = BYTES;
	assert_int_equal(block_submit(0, &read), ERR_INVALID);
	read.offset = UINT64_MAX - 511;
	assert_int_equal(block_submit(0, &read), ERR_INVALID);
	read.offset = 100;
	assert_int_equal(block_submit(0, &read), ERR_INVALID);
	read.offset = 0;
	read.len = 0;
	assert_int_equal(block_submit(0, &read), ERR_INVALID);
	assert_int_equal(run(0, false), 0);
}

static void test_device_errors(void **state)
{
	static uint8_t data[65536];
	struct block_segment s = segment(data, sizeof(data));
	struct block_request r = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start();
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned code[] = {VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_UNSUPP, 0xff};
		static const enum status want[] = {ERR_IO, ERR_UNSUPPORTED, ERR_IO};

		bad_status = code[i];
		assert_int_equal(block_submit(0, &r), OK);
		run(0, false);
		mock_interrupt();
		assert_int_equal(n_finished, i + 1);
		assert_int_equal(finished_status[i], want[i]);
	}
	bad_status = 0;
	assert_int_equal(block_submit(0, &r), OK);
	run(0, false);
	mock_interrupt();
	assert_int_equal(finished_status[3], OK);
}

/* A part that fails while others are not issued: those are not, and the request ends once. */
static void test_error_of_a_part(void **state)
{
	static uint8_t data[65536];
	struct block_segment s = segment(data, sizeof(data));
	struct block_request r = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start_with(ALL | RING, 4);
	blk_disks[0]->size_max = 1024;
	blk_disks[0]->seg_max = 3;
	assert_int_equal(block_submit(0, &r), OK);
	bad_status = VIRTIO_BLK_S_IOERR;
	assert_int_equal(run(0, false), 4);
	mock_interrupt();
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], ERR_IO);
	assert_int_equal(run(0, false), 0);
}

static void test_full(void **state)
{
	static uint8_t data[512];
	static struct block_request r[9];
	struct block_segment s = segment(data, 512);

	(void)state;
	start_with(ALL | RING, 8);
	for (unsigned i = 0; i < 9; i++) {
		r[i] = request(BLOCK_READ, 512 * i, &s, 1);
		assert_int_equal(block_submit(0, &r[i]), i < 8 ? OK : ERR_BUSY);
	}
	assert_int_equal(rooms, 0);
	run(0, false);
	mock_interrupt();
	assert_int_equal(n_finished, 8);
	assert_int_equal(rooms, 1);
	assert_int_equal(block_submit(0, &r[8]), OK);
	run(0, false);
	mock_interrupt();
	assert_int_equal(n_finished, 9);
	assert_int_equal(rooms, 1);
}

static void test_queues(void **state)
{
	static uint8_t data[512];
	struct block_segment s = segment(data, 512);
	struct block_request r = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start_with(ALL | RING | F(MQ), 128);
	assert_int_equal(block_info(0)->queues, 2);
	r.queue = 5;
	assert_int_equal(block_submit(0, &r), OK);
	assert_int_equal(run(0, false), 0);
	assert_int_equal(run(1, false), 1);
	mock_interrupt();
	assert_int_equal(n_finished, 1);
}

static void test_wait(void **state)
{
	static uint8_t data[4096];
	struct block_segment s = segment(data, sizeof(data));
	struct block_request r = request(BLOCK_READ, 4096, &s, 1);

	(void)state;
	start();
	mock_work = poll_disk;
	assert_int_equal(block_wait(0, &r), OK);
	assert_int_equal(n_finished, 0);
	assert_memory_equal(data, medium + 4096, sizeof(data));
	bad_status = VIRTIO_BLK_S_IOERR;
	assert_int_equal(block_wait(0, &r), ERR_IO);
	/* It does not answer: 30 s, then the disk is gone. */
	mock_work = NULL;
	assert_int_equal(block_wait(0, &r), ERR_IO);
	assert_int_equal(block_wait(0, &r), ERR_IO);
	assert_int_equal(n_finished, 0);
}

/* ---- a device that fails ---- */

static struct block_request flying[3];
static uint8_t flying_data[3][65536];

/* Three requests, the last of which is half issued, and one that was refused. */
static void start_flying(void)
{
	static struct block_segment s[3];

	start_with(ALL | RING, 4);
	blk_disks[0]->size_max = 1024;
	blk_disks[0]->seg_max = 3;
	for (unsigned i = 0; i < 3; i++) {
		s[i] = segment(flying_data[i], i == 2 ? 65536 : 1024);
		flying[i] = request(BLOCK_READ, 0, &s[i], 1);
		assert_int_equal(block_submit(0, &flying[i]), OK);
	}
	struct block_request more = request(BLOCK_READ, 0, &s[0], 1);

	assert_int_equal(block_submit(0, &more), ERR_BUSY);
	assert_int_equal(rooms, 0);
}

static void assert_all_failed(void)
{
	assert_int_equal(n_finished, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(finished_status[i], ERR_IO);
	assert_true(rooms > 0);
	assert_int_equal(block_submit(0, &flying[0]), ERR_IO);
	assert_int_equal(n_finished, 3);
	assert_false(mock_tick());
}

static void test_needs_reset(void **state)
{
	unsigned resets;

	(void)state;
	start_flying();
	resets = mock.resets;
	mock.status |= VIRTIO_STATUS_NEEDS_RESET;
	mock.isr = VIRTIO_INTERRUPT_CONFIG;
	assert_true(mock_interrupt());
	assert_int_equal(mock.resets, resets + 1);
	assert_int_equal(mock.status, 0);
	assert_all_failed();
}

static void test_unplugged(void **state)
{
	(void)state;
	start_flying();
	mock.gone = true;
	assert_true(mock_tick() || n_finished);
	assert_all_failed();
	start_flying();
	mock.gone = true;
	assert_true(mock_interrupt());
	assert_all_failed();
}

static void test_too_slow(void **state)
{
	(void)state;
	start_flying();
	for (unsigned i = 0; i < 30; i++)
		assert_true(mock_tick());
	assert_int_equal(n_finished, 0);
	mock_tick();
	assert_all_failed();
}

/* A reset that never ends must not hang us. */
static void test_locked(void **state)
{
	(void)state;
	start_flying();
	mock.status |= VIRTIO_STATUS_NEEDS_RESET;
	mock.locked = 1;
	mock_tick();
	assert_all_failed();
}

static void test_lies(void **state)
{
	static const uint32_t ids[] = {4, 0xffffffff, 0x10000};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		start_flying();
		mock_push(0, ids[i], 1);
		mock.isr = VIRTIO_INTERRUPT_USED;
		assert_true(mock_interrupt());
		assert_all_failed();
	}
	/* The same one twice. */
	start_flying();
	struct mock_chain c;

	assert_true(mock_pop(0, &c));
	complete(0, &c);
	mock_push(0, c.head, 1);
	mock_interrupt();
	assert_int_equal(finished_status[0], OK);
	finished_status[0] = ERR_IO;
	assert_all_failed();
	/* More than there can be. */
	start_flying();
	((struct virtq_used *)(uintptr_t)mock.queue[0].used)->idx = 1000;
	mock.isr = VIRTIO_INTERRUPT_USED;
	mock_interrupt();
	assert_all_failed();
}

/* A length that is no length does not matter: nobody believes it. */
static void test_wild_length(void **state)
{
	struct mock_chain c;
	static uint8_t data[512];
	struct block_segment s = segment(data, 512);
	struct block_request r = request(BLOCK_READ, 0, &s, 1);

	(void)state;
	start();
	assert_int_equal(block_submit(0, &r), OK);
	assert_true(mock_pop(0, &c));
	*(uint8_t *)(uintptr_t)c.desc[2].addr = VIRTIO_BLK_S_OK;
	mock_push(0, c.head, 0xffffffff);
	mock_interrupt();
	assert_int_equal(n_finished, 1);
	assert_int_equal(finished_status[0], OK);
}

/* Around the end of the rings' indices, and without EVENT_IDX. */
static void test_long_run(void **state)
{
	static const uint64_t features[] = {ALL | RING, ALL};
	static uint8_t data[1024];
	struct block_segment s = segment(data, sizeof(data));

	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		start_with(features[f], 8);
		for (unsigned i = 0; i < 70000; i++) {
			struct block_request r = request(BLOCK_READ, i % 4000 * 512, &s, 1);

			n_finished = 0;
			assert_int_equal(block_submit(0, &r), OK);
			assert_int_equal(run(0, false), 1);
			assert_true(mock_interrupt());
			assert_int_equal(n_finished, 1);
			assert_memory_equal(data, medium + i % 4000 * 512, sizeof(data));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_read_write),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_split_segments),
		cmocka_unit_test(test_split_size),
		cmocka_unit_test(test_crumbs),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_other_operations),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_device_errors),
		cmocka_unit_test(test_error_of_a_part),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_needs_reset),
		cmocka_unit_test(test_unplugged),
		cmocka_unit_test(test_too_slow),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_wild_length),
		cmocka_unit_test(test_long_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
