/* SPDX-License-Identifier: MIT */
/*
 * Memory given, taken back and reported free as fast as it goes, with page numbers that are none, the rings' own pages among
 * them, while another vCPU has Vesper itself write to the same memory. What comes back is zero or what the guest left
 * there, never another VM's (tag= tells them apart). It goes on for seconds= (0).
 */
#include "tests/guest/smp.h"
#include "tests/guest/virtio.h"

#define BALLOON     1
#define INFLATE     0
#define DEFLATE     1
#define REPORT      4
#define QUEUES      3
#define F_MUST_TELL 1ul
#define F_REPORTING (1ul << 5)

#define EID_STA   0x535441
#define DBCN_READ 1

#define BLOCK  0x200000ul
#define FIRST  4 /* blocks below are the payload's */
#define BLOCKS (RAM_SIZE / BLOCK)
#define PAGES  512
#define ROUNDS 60 /* at least */
#define TAIL   64 /* bytes of a block that are not looked at: Vesper writes there */

static const unsigned queue_of[QUEUES] = {INFLATE, DEFLATE, REPORT};
static struct virtio_ring ring[QUEUES];
static uint32_t pfn[PAGES];
static uint64_t mark, mine, zero, asked;
static bool stop;

static void start(void)
{
	struct virtio_where where;

	virtio_start(BALLOON, F_MUST_TELL | F_REPORTING);
	for (unsigned q = 0; q < QUEUES; q++) {
		where = virtio_ring_init(&ring[q]);
		CHECK(virtio_queue(BALLOON, queue_of[q], &where), true, "a queue of the balloon");
	}
	virtio_go(BALLOON);
}

/* false: the device was broken over it, as it should be, or it waits for memory that the other VM has. */
static bool ask(unsigned q, uint64_t at, uint32_t len, uint16_t flags)
{
	uint16_t used = ring[q].used.idx;

	ring[q].desc[0] = (struct virtio_desc){at, len, flags, 0};
	virtio_offer(BALLOON, queue_of[q], &ring[q], 0);
	asked++;
	return virtio_wait_used(&ring[q], (uint16_t)(used + 1));
}

static bool ask_block(unsigned q, unsigned block)
{
	for (unsigned i = 0; i < PAGES; i++)
		pfn[i] = (uint32_t)((RAM_BASE + block * BLOCK) / 4096 + i);
	return ask(q, (uint64_t)pfn, sizeof(pfn), 0);
}

/* The other vCPU has Vesper touch it at any time, so it may be there again before it was asked for. */
static void check_block(unsigned block)
{
	uint64_t *word = (uint64_t *)(RAM_BASE + block * BLOCK);

	for (unsigned i = 0; i < (BLOCK - TAIL) / 8; i += 63) {
		uint64_t value = *(volatile uint64_t *)&word[i];

		if (value)
			CHECK(value, mark + block, "memory holds what it did, or nothing");
		*(value ? &mine : &zero) += 1;
		word[i] = mark + block;
	}
}

static void ask_nonsense(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t random = smp_random();

		pfn[i] = (uint32_t)(random >> random % 64);
		/* Pages of the payload itself: their block holds the rings, and stays. */
		if (random % 5 == 0)
			pfn[i] = (uint32_t)(RAM_BASE / 4096 + i);
	}
	if (!ask(smp_random() % 2, (uint64_t)pfn, (uint32_t)(smp_random() % sizeof(pfn)), 0))
		start();
	if (!ask(2, RAM_BASE, BLOCK, DESC_WRITE))
		start();
	if (smp_random() % 16 == 0 && !ask(2, RAM_BASE - BLOCK, 4 * BLOCK, DESC_WRITE))
		start();
}

static void one_round(void)
{
	unsigned block = (unsigned)(FIRST + smp_random() % (BLOCKS - FIRST));

	check_block(block);
	if (smp_random() % 2) {
		if (!ask(2, RAM_BASE + block * BLOCK, BLOCK, DESC_WRITE))
			guest_fail("a report is answered", block, 0);
	} else if (!ask_block(0, block) || !ask_block(1, block)) {
		start();
	}
	if (smp_random() % 8 == 0)
		ask_nonsense();
	if (smp_random() % 64 == 0)
		start();
	check_block(block);
}

static uint64_t any_tail(void)
{
	unsigned block = (unsigned)(FIRST + smp_random() % (BLOCKS - FIRST));

	return RAM_BASE + (block + 1) * BLOCK - TAIL;
}

/* Vesper writes how long it waited at each load of this vCPU, and reads and writes for its calls. */
static void have_vesper_touch(void *arg)
{
	(void)arg;
	while (!smp_load(&stop)) {
		(void)SBI(EID_STA, 0, any_tail(), 0, 0);
		(void)SBI(EID_DBCN, DBCN_READ, TAIL, any_tail(), 0);
		(void)SBI(EID_TIME, 0, guest_time() + 200);
		csr_set(sie, SIP_STIP);
		__asm__ volatile("wfi");
	}
	(void)SBI(EID_STA, 0, ~0ul, ~0ul, 0);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t ticks = guest_option(device_tree, "seconds=", 0) * TICKS_PER_SECOND;
	uint64_t from = guest_time();

	mark = 0x6d61726b00000000ul | guest_option(device_tree, "tag=", 0) << 16;
	CHECK(smp_begin(hart) > 1, true, "more than one hart");
	start();
	smp_start_others(have_vesper_touch, NULL);
	for (unsigned round = 0; round < ROUNDS || guest_time() - from < ticks; round++)
		one_round();
	smp_store(&stop, true);
	smp_join();
	print_line(
		"sdsdsd", "asked ", asked, ", words that were left ", mine, ", that went ", zero);
	CHECK(mine > 0 && zero > 0, true, "memory went and came");
	guest_pass();
}
