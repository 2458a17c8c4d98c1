/* SPDX-License-Identifier: MIT */
/*
 * Rings and chains that no driver would make, on each queue of the console and
 * the file server. The device asks for a reset or refuses; after the reset the
 * same queue works again.
 */
#include "tests/guest/virtio.h"

#define CONSOLE_TX 1
#define FS         1
#define FUSE_INIT  26

/* Which of a queue's three rings lies outside of RAM; a set. */
enum wrong_place {
	WRONG_DESC = 1,
	WRONG_AVAIL = 2,
	WRONG_USED = 4,
};

struct mischief {
	const char *name;
	uint16_t head;
	struct virtio_desc desc[RING_SIZE]; /* addr 0: the payload's own buffer */
	uint16_t avail_jump;                /* added to avail.idx after the offer */
	bool may_be_fine;                   /* a device may also ignore it */
};

#define OWN 0ul /* stands for the address of `buffer` */

static uint8_t buffer[4096] __attribute__((aligned(4096)));
static struct virtio_desc table[RING_SIZE] __attribute__((aligned(16)));
static struct virtio_ring ring;
static uint64_t broken, refused, ignored;
static bool native; /* QEMU's own devices let more pass */

/* Out-of-RAM addresses to try in each wrong place. */
static const uint64_t wild[] = {NOTHING, RAM_BASE - 16, RAM_END, RAM_END - 16, PLIC, VIRTIO(0),
	0xfffffffffffffff0, 0x8000000000000000, 1ul << 40, 0x100000000 | RAM_BASE};
#define N_WILD (sizeof(wild) / sizeof(wild[0]))

static const struct mischief cases[] = {
	{.name = "loop of one", .desc = {{OWN, 16, DESC_NEXT, 0}}},
	{.name = "loop of two", .desc = {{OWN, 16, DESC_NEXT, 1}, {OWN, 16, DESC_NEXT, 0}}},
	{.name = "loop behind a good start",
		.desc = {{OWN, 16, DESC_NEXT, 1}, {OWN, 16, DESC_NEXT, 2},
			{OWN, 16, DESC_NEXT, 1}}},
	{.name = "next past the table", .desc = {{OWN, 16, DESC_NEXT, RING_SIZE}}},
	{.name = "next far past the table", .desc = {{OWN, 16, DESC_NEXT, 0xffff}}},
	{.name = "head past the table", .head = RING_SIZE, .desc = {{OWN, 16, 0, 0}}},
	{.name = "head far past the table", .head = 0xffff, .desc = {{OWN, 16, 0, 0}}},
	{.name = "a hundred heads at once", .avail_jump = 100, .desc = {{OWN, 16, 0, 0}}},
	{.name = "avail.idx gone back", .avail_jump = 0xfff0, .desc = {{OWN, 16, 0, 0}}},
	{.name = "readable after writable",
		.desc = {{OWN, 16, DESC_NEXT | DESC_WRITE, 1}, {OWN, 16, 0, 0}}},
	{.name = "length 0xffffffff", .desc = {{OWN, 0xffffffff, 0, 0}}},
	{.name = "lengths that overflow 32 bits",
		.desc = {{OWN, 0xffffffff, DESC_NEXT, 1}, {OWN, 0xffffffff, 0, 0}}},
	{.name = "address that wraps", .desc = {{~15ul, 32, 0, 0}}},
	{.name = "buffer across the end of RAM", .desc = {{RAM_END - 8, 16, 0, 0}}},
	{.name = "writable across the end of RAM", .desc = {{RAM_END - 8, 16, DESC_WRITE, 0}}},
	{.name = "buffer below RAM", .desc = {{RAM_BASE - 8, 16, 0, 0}}},
	{.name = "buffer in a device", .desc = {{VIRTIO(0), 16, 0, 0}}},
	{.name = "indirect without the feature", .desc = {{OWN, 16, DESC_INDIRECT, 0}}},
	{.name = "empty chain", .may_be_fine = true, .desc = {{OWN, 0, 0, 0}}},
	{.name = "empty writable chain", .may_be_fine = true, .desc = {{OWN, 0, DESC_WRITE, 0}}},
};
#define N_CASES (sizeof(cases) / sizeof(cases[0]))

/* An indirect descriptor that is itself good (unless noted) points to these. */
static const struct mischief indirect_cases[] = {
	{.name = "indirect loop", .desc = {{OWN, 16, DESC_NEXT, 0}}},
	{.name = "indirect in indirect", .desc = {{OWN, 16, DESC_INDIRECT, 0}}},
	{.name = "indirect next past its table", .desc = {{OWN, 16, DESC_NEXT, RING_SIZE}}},
	{.name = "indirect next far past its table", .desc = {{OWN, 16, DESC_NEXT, 0xfff0}}},
	{.name = "indirect buffer outside of RAM", .desc = {{NOTHING, 16, 0, 0}}},
};
#define N_INDIRECT (sizeof(indirect_cases) / sizeof(indirect_cases[0]))

static void copy_table(struct virtio_desc *to, const struct virtio_desc *from)
{
	for (unsigned i = 0; i < RING_SIZE; i++) {
		to[i] = from[i];
		if (to[i].addr == OWN)
			to[i].addr = (uint64_t)buffer;
	}
}

/* After a kick: what did the device make of it? */
static void judge(unsigned device, const struct mischief *m)
{
	if (virtio_wait_broken(device)) {
		broken++;
		return;
	}
	ignored++;
	if (!native && !m->may_be_fine && ring.used.idx != 0) {
		print_line("ssx", m->name, " on device ", (uint64_t)device);
		guest_fail("the chain was used", ring.used.idx, 0);
	}
}

static void offer(
	unsigned device, unsigned queue, const struct virtio_where *where, const struct mischief *m)
{
	if (!virtio_queue(device, queue, where)) {
		refused++;
		return;
	}
	virtio_go(device);
	ring.avail.idx = m->avail_jump;
	virtio_offer(device, queue, &ring, m->head);
	judge(device, m);
}

static void try_case(unsigned device, unsigned queue, const struct mischief *m)
{
	struct virtio_where where;

	virtio_start(device, 0);
	where = virtio_ring_init(&ring);
	copy_table(ring.desc, m->desc);
	offer(device, queue, &where, m);
}

static void try_indirect(unsigned device, unsigned queue, const struct mischief *m, uint64_t at,
	uint32_t len, uint16_t flags)
{
	struct virtio_where where;

	virtio_start(device, VIRTIO_F_INDIRECT);
	where = virtio_ring_init(&ring);
	copy_table(table, m->desc);
	ring.desc[0] = (struct virtio_desc){at, len, (uint16_t)(DESC_INDIRECT | flags), 1};
	ring.desc[1] = (struct virtio_desc){(uint64_t)buffer, 16, 0, 0};
	offer(device, queue, &where, m);
}

static void try_indirects(unsigned device, unsigned queue)
{
	static const struct mischief plain = {.name = "indirect table", .desc = {{OWN, 16, 0, 0}}};
	uint64_t good = (uint64_t)table;
	uint32_t len = sizeof(table);

	for (size_t i = 0; i < N_INDIRECT; i++)
		try_indirect(device, queue, &indirect_cases[i], good, len, 0);
	for (size_t i = 0; i < N_WILD; i++)
		try_indirect(device, queue, &plain, wild[i], len, 0);
	try_indirect(device, queue, &plain, good, 0, 0);
	try_indirect(device, queue, &plain, good, 15, 0);
	try_indirect(device, queue, &plain, good, 0xfffffff0, 0);
	try_indirect(device, queue, &plain, good, len, DESC_NEXT);
}

static void try_wild_places(unsigned device, unsigned queue, unsigned places)
{
	static const struct mischief plain = {.name = "wild rings", .desc = {{OWN, 16, 0, 0}}};
	struct virtio_where where;

	for (size_t i = 0; i < N_WILD; i++) {
		virtio_start(device, 0);
		where = virtio_ring_init(&ring);
		copy_table(ring.desc, plain.desc);
		if (places & WRONG_DESC)
			where.desc = wild[i];
		if (places & WRONG_AVAIL)
			where.avail = wild[i];
		if (places & WRONG_USED)
			where.used = wild[i];
		offer(device, queue, &where, &plain);
	}
}

/* Sizes that are not a power of two or too large, and queues that do not exist. */
static void try_sizes(unsigned device, unsigned queue)
{
	static const uint32_t sizes[] = {0, 3, 7, 257, 1024, 0x8000, 0x10000, 0xffffffff};
	static const struct mischief plain = {
		.name = "queue size", .may_be_fine = true, .desc = {{OWN, 16, 0, 0}}};
	struct virtio_where where;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		virtio_start(device, 0);
		where = virtio_ring_init(&ring);
		copy_table(ring.desc, plain.desc);
		where.size = sizes[i];
		offer(device, queue, &where, &plain);
	}
}

static void try_registers(unsigned device)
{
	virtio_start(device, 0);
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, 0xffffffff);
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, 0); /* not ready */
	if (!native) {
		virtio_set(device, VIRTIO_QUEUE_SEL, 0xffffffff);
		CHECK(virtio_get(device, VIRTIO_QUEUE_NUM_MAX), 0, "QueueNumMax of no queue");
		virtio_set(device, VIRTIO_QUEUE_READY, 1);
		CHECK(virtio_get(device, VIRTIO_QUEUE_READY), 0, "QueueReady of no queue");
	}
	for (unsigned reg = 0; reg < 0x200; reg += 4)
		if (reg != VIRTIO_STATUS)
			virtio_set(device, reg, (uint32_t)guest_random());
	virtio_set(device, VIRTIO_STATUS, 0);
}

static void try_queue(unsigned device, unsigned queue)
{
	for (size_t i = 0; i < N_CASES; i++)
		try_case(device, queue, &cases[i]);
	try_indirects(device, queue);
	for (unsigned places = WRONG_DESC; places <= 7; places++)
		try_wild_places(device, queue, places);
	try_sizes(device, queue);
}

static void check_console(void)
{
	static const char line[] = "the console still prints\r\n";
	struct virtio_where where;

	virtio_start(0, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(0, CONSOLE_TX, &where), true, "the transmit queue");
	virtio_go(0);
	ring.desc[0] = (struct virtio_desc){(uint64_t)line, sizeof(line) - 1, 0, 0};
	virtio_offer(0, CONSOLE_TX, &ring, 0);
	CHECK(virtio_wait_used(&ring, 1), true, "the console works after the resets");
	CHECK(ring.used.ring[0].id, 0, "the used head");
}

/* FUSE_INIT on the request queue: header of 40 bytes and 16 more; the answer is 16 and 64. */
static void check_fs(void)
{
	static uint32_t request[14] = {sizeof(request), FUSE_INIT, 7 /* unique */};
	static uint32_t answer[20];
	struct virtio_where where;

	request[10] = 7; /* major, minor */
	request[11] = 38;
	virtio_start(FS, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(FS, 1, &where), true, "the request queue");
	virtio_go(FS);
	ring.desc[0] = (struct virtio_desc){(uint64_t)request, sizeof(request), DESC_NEXT, 1};
	ring.desc[1] = (struct virtio_desc){(uint64_t)answer, sizeof(answer), DESC_WRITE, 0};
	virtio_offer(FS, 1, &ring, 0);
	CHECK(virtio_wait_used(&ring, 1), true, "the file server works after the resets");
	CHECK(answer[1], 0, "the error of FUSE_INIT");
	CHECK(answer[2], request[2], "unique of FUSE_INIT");
	CHECK(answer[4], 7, "major of FUSE_INIT");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	native = guest_is_native();
	memset(buffer, '-', sizeof(buffer)); /* what a console may get to print */
	for (unsigned queue = 0; queue < 2; queue++)
		try_queue(0, queue);
	try_registers(0);
	check_console();
	if (native) {
		print("skipped: no file server\n");
	} else {
		for (unsigned queue = 0; queue < 2; queue++)
			try_queue(FS, queue);
		try_registers(FS);
		check_fs();
	}
	print_line("sxsxsx", "resets asked for ", broken, ", queues refused ", refused,
		", ignored ", ignored);
	CHECK(native || broken + refused > ignored, true, "most of it must be noticed");
	guest_pass();
}
