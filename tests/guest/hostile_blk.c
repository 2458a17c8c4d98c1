/* SPDX-License-Identifier: MIT */
/*
 * A disk's driver that does what none would: requests of a great many tiny pieces, of pieces outside of RAM and of all there
 * is; resets and a power-off with requests in flight; reads into memory that is being given back. After a reset nothing is
 * written any more, and the disk still works. seconds=: does that to the image alone, for so long.
 *
 * It reboots TIMES times with requests in flight and counts that on the disk.
 */
#include "tests/guest/virtio.h"

#define DISK    1
#define TRIAL   2
#define BALLOON 3
#define REPORT  4 /* a queue of the balloon */

#define T_IN           0
#define T_OUT          1
#define T_DISCARD      11
#define T_WRITE_ZEROES 13
#define F_DISCARD      (1ul << 13)
#define F_WRITE_ZEROES (1ul << 14)
#define S_OK           0
#define S_NONE         0xaa

#define QUEUE   256
#define SECTOR  512u
#define MIB     0x100000ul
#define PIECES  254 /* of one request, header and status apart */
#define RANGES  32
#define TIMES   5
#define COUNTER 0    /* the sector with the number of starts */
#define PATTERN 2048 /* the sector where two MiB begin that are known */
#define MARK    0x6d61726b00000000ul

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct range {
	uint64_t sector;
	uint32_t n, flags;
};

struct slot {
	struct virtio_desc table[PIECES + 2];
	struct header header;
	struct range range[RANGES];
	uint8_t status;
};

/* A chain may have as many pieces as its queue has places. */
static struct {
	struct virtio_desc desc[QUEUE];
	struct {
		uint16_t flags, idx, ring[QUEUE], used_event;
	} avail;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[QUEUE];
		uint16_t avail_event;
	} used __attribute__((aligned(4)));
} ring __attribute__((aligned(16)));

static struct virtio_ring report_ring;
static struct slot slots[RING_SIZE] __attribute__((aligned(16)));
static uint64_t *const area = (uint64_t *)(RAM_BASE + 8 * MIB);

static const uint64_t wild[] = {NOTHING, RAM_BASE - 16, RAM_END, RAM_END - 16, PLIC, VIRTIO(0),
	0xfffffffffffffe00, 0x8000000000000000, 1ul << 40, 0x100000000 | RAM_BASE};
#define N_WILD (sizeof(wild) / sizeof(wild[0]))

static void start(unsigned device)
{
	struct virtio_where where;

	virtio_start(device, VIRTIO_F_INDIRECT | F_DISCARD | F_WRITE_ZEROES);
	memset(&ring, 0, sizeof(ring));
	where = (struct virtio_where){
		(uint64_t)ring.desc, (uint64_t)&ring.avail, (uint64_t)&ring.used, QUEUE};
	CHECK(virtio_queue(device, 0, &where), true, "the disk's queue");
	virtio_go(device);
}

/* A request with what its table has from entry 1 to `n`. */
static void ask(unsigned device, unsigned i, uint32_t type, uint64_t sector, unsigned n)
{
	struct slot *slot = &slots[i];

	slot->header = (struct header){type, 0, sector};
	slot->status = S_NONE;
	slot->table[0] = (struct virtio_desc){(uint64_t)&slot->header, 16, DESC_NEXT, 1};
	for (unsigned d = 1; d <= n; d++) {
		slot->table[d].flags = (uint16_t)(DESC_NEXT | (type == T_IN ? DESC_WRITE : 0));
		slot->table[d].next = (uint16_t)(d + 1);
	}
	slot->table[n + 1] = (struct virtio_desc){(uint64_t)&slot->status, 1, DESC_WRITE, 0};
	ring.desc[i] = (struct virtio_desc){
		(uint64_t)slot->table, (n + 2) * sizeof(struct virtio_desc), DESC_INDIRECT, 0};
	ring.avail.ring[ring.avail.idx % QUEUE] = (uint16_t)i;
	__asm__ volatile("fence rw, rw" ::: "memory");
	ring.avail.idx++;
	__asm__ volatile("fence rw, iorw" ::: "memory");
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, 0);
}

static void ask_data(
	unsigned device, unsigned i, uint32_t type, uint64_t sector, uint64_t at, uint32_t len)
{
	slots[i].table[1] = (struct virtio_desc){at, len, 0, 0};
	ask(device, i, type, sector, 1);
}

static void wait_used(uint16_t n, const char *why)
{
	uint64_t start = guest_time();

	while (*(volatile uint16_t *)&ring.used.idx != n)
		if (guest_time() - start > 60 * TICKS_PER_SECOND)
			guest_fail(why, ring.used.idx, n);
	__asm__ volatile("fence iorw, rw" ::: "memory");
}

static void transfer(unsigned device, uint32_t type, uint64_t sector, void *at, uint32_t len)
{
	uint16_t used = ring.used.idx;

	ask_data(device, 0, type, sector, (uint64_t)at, len);
	wait_used((uint16_t)(used + 1), "a good request is answered");
	CHECK(slots[0].status, S_OK, "the status of a good request");
}

static void check_works(unsigned device)
{
	start(device);
	for (unsigned i = 0; i < 64; i++)
		area[i] = MARK + i * 3;
	transfer(device, T_OUT, 8, area, SECTOR);
	memset(area, 0, SECTOR);
	transfer(device, T_IN, 8, area, SECTOR);
	for (unsigned i = 0; i < 64; i++)
		CHECK(area[i], MARK + i * 3, "what was written is read");
}

/* ---- pieces ---- */

/* 512 bytes in as many pieces as there can be, none of which follows another. */
static void try_tiny(unsigned device)
{
	start(device);
	for (unsigned d = 1; d <= PIECES; d++)
		slots[0].table[d] =
			(struct virtio_desc){(uint64_t)area + 8 * d, d > PIECES - 2 ? 4 : 2, 0, 0};
	ask(device, 0, T_IN, 0, PIECES);
	wait_used(1, "a request of tiny pieces is answered");
	CHECK(slots[0].status != S_NONE, true, "its status");
}

/* Good ones between, so that what is refused has company. */
static void try_wild(unsigned device)
{
	for (unsigned i = 0; i < N_WILD; i++) {
		start(device);
		ask_data(device, 0, T_IN, 0, (uint64_t)area, 4096);
		ask_data(device, 1, i % 2 ? T_IN : T_OUT, 0, wild[i], 4096);
		ask_data(device, 2, T_IN, 0, (uint64_t)area, 0xfffffe00);
		ask_data(device, 3, T_IN, ~0ul / SECTOR, (uint64_t)area, SECTOR);
		(void)virtio_wait_broken(device);
		CHECK(slots[1].status != S_OK, true, "no data comes from or goes to nowhere");
	}
}

/* As much as fits, over and over: the disk is large, and it is all the same memory. */
static void ask_much(unsigned device, unsigned i, unsigned mib)
{
	for (unsigned d = 1; d <= mib; d++)
		slots[i].table[d] = (struct virtio_desc){(uint64_t)area, MIB, 0, 0};
	ask(device, i, T_IN, 0, mib);
}

static void ask_ranges(unsigned device, unsigned i, uint32_t type, uint32_t sectors)
{
	for (unsigned r = 0; r < RANGES; r++)
		slots[i].range[r] = (struct range){r % 8, sectors - 8, 0};
	slots[i].table[1] =
		(struct virtio_desc){(uint64_t)slots[i].range, sizeof(slots[i].range), 0, 0};
	ask(device, i, type, 0, 1);
}

static void try_much(unsigned device)
{
	uint32_t sectors = virtio_get(device, VIRTIO_CONFIG);

	start(device);
	for (unsigned i = 0; i < RING_SIZE; i++) {
		if (i % 4 == 0)
			ask_ranges(device, i, i % 8 ? T_DISCARD : T_WRITE_ZEROES, sectors);
		else
			ask_much(device, i, sectors * SECTOR / MIB < 16 ? 1 : 16);
	}
	wait_used(RING_SIZE, "requests for all of the disk are answered");
}

/* ---- the end of requests ---- */

static void ask_in_flight(unsigned device)
{
	start(device);
	for (unsigned i = 0; i < RING_SIZE; i++)
		ask_data(device, i, T_IN, PATTERN, (uint64_t)area + i * MIB, MIB);
}

static void try_resets(unsigned device, bool queue)
{
	ask_in_flight(device);
	if (queue) {
		virtio_set(device, VIRTIO_QUEUE_SEL, 0);
		virtio_set(device, VIRTIO_QUEUE_READY, 0);
	} else {
		virtio_set(device, VIRTIO_STATUS, 0);
	}
	for (unsigned page = 0; page < RING_SIZE * MIB / 4096; page++)
		area[page * 512] = 0x5555;
	for (uint64_t from = guest_time(); guest_time() - from < TICKS_PER_SECOND / 50;)
		;
	for (unsigned page = 0; page < RING_SIZE * MIB / 4096; page++)
		CHECK(area[page * 512], 0x5555, "nothing is written after a reset");
}

/* ---- memory that is given back ---- */

static void write_pattern(void)
{
	start(DISK);
	for (unsigned i = 0; i < 2 * MIB / 8; i++)
		area[i] = MARK + i;
	transfer(DISK, T_OUT, PATTERN, area, MIB);
	transfer(DISK, T_OUT, PATTERN + MIB / SECTOR, area + MIB / 8, MIB);
}

static void start_balloon(void)
{
	struct virtio_where where;

	virtio_start(BALLOON, 1ul << 5); /* PAGE_REPORTING */
	where = virtio_ring_init(&report_ring);
	CHECK(virtio_queue(BALLOON, REPORT, &where), true, "the reporting queue");
	virtio_go(BALLOON);
}

static void report(uint64_t block)
{
	uint16_t used = report_ring.used.idx;

	report_ring.desc[0] = (struct virtio_desc){block, 2 * MIB, DESC_WRITE, 0};
	virtio_offer(BALLOON, REPORT, &report_ring, 0);
	CHECK(virtio_wait_used(&report_ring, (uint16_t)(used + 1)), true, "a report is answered");
}

/* Each page is the disk's or, taken away after it was read, zero. */
static void check_block(const uint64_t *block, uint64_t *zeros)
{
	for (unsigned i = 0; i < 2 * MIB / 8; i += 511) {
		if (block[i])
			CHECK(block[i], MARK + i, "a page of what was read");
		else
			++*zeros;
	}
}

static void try_release(void)
{
	uint64_t zeros = 0;

	write_pattern();
	start_balloon();
	for (unsigned round = 0; round < 40; round++) {
		uint64_t *block = area + round % 8 * (2 * MIB / 8);
		uint16_t used = ring.used.idx;

		memset(block, 0xff, 64);
		if (round % 3 == 0)
			report((uint64_t)block);
		ask_data(DISK, 1, T_IN, PATTERN, (uint64_t)block, MIB);
		ask_data(DISK, 2, T_IN, PATTERN + MIB / SECTOR, (uint64_t)block + MIB, MIB);
		report((uint64_t)block);
		wait_used((uint16_t)(used + 2), "reads into what is reported are answered");
		check_block(block, &zeros);
	}
	print_line("sd", "words of pages that were taken: ", zeros);
}

/* ---- all ---- */

static unsigned earlier_starts(void)
{
	start(DISK);
	transfer(DISK, T_IN, COUNTER, area, SECTOR);
	return area[0] >> 32 == MARK >> 32 ? area[0] & 0xff : 0;
}

static void count_start(unsigned before)
{
	start(DISK);
	area[0] = MARK + before + 1;
	transfer(DISK, T_OUT, COUNTER, area, SECTOR);
}

static void try_all(unsigned device)
{
	check_works(device);
	try_tiny(device);
	check_works(device);
	try_wild(device);
	check_works(device);
	try_much(device);
	for (unsigned i = 0; i < 10; i++)
		try_resets(device, i % 2);
	check_works(device);
}

static void trouble_image(uint64_t ticks)
{
	uint64_t from = guest_time();

	while (guest_time() - from < ticks)
		try_much(TRIAL);
	check_works(TRIAL);
	guest_pass();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t seconds = guest_option(device_tree, "seconds=", 0);
	unsigned before;

	(void)hart;
	if (seconds)
		trouble_image(seconds * TICKS_PER_SECOND);
	before = earlier_starts();
	print_line("sd", "earlier starts: ", (uint64_t)before);
	if (before == 0) {
		try_all(TRIAL);
		try_all(DISK);
		try_release();
	}
	count_start(before);
	ask_in_flight(DISK);
	if (before == TIMES)
		guest_pass();
	(void)SBI(EID_SRST, 0, before % 2 ? 1 : 2, 0);
	guest_fail("the reboot came back", before, TIMES);
}
