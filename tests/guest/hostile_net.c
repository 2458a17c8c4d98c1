/* SPDX-License-Identifier: MIT */
/*
 * A network's driver that sends what it must not: other stations' addresses, broadcasts without end, headers that lie, frames
 * of no bytes and of too many. listen=1: hears that on the other side; each frame must be for it, and from the one
 * who may send it.
 */
#include "tests/guest/virtio.h"

#define NET  1
#define RX   0
#define TX   1
#define CTRL 2

#define HEADER  12
#define F_CSUM  1ul
#define F_GUEST (1ul << 1 | 1ul << 5 | 1ul << 7 | 1ul << 8) /* CSUM, MAC, TSO4, TSO6 */
#define F_HOST  (1ul << 11 | 1ul << 12)                     /* TSO4, TSO6 */
#define F_CTRL  (1ul << 17 | 1ul << 18)
#define BUFFER  4096

static struct virtio_ring tx, rx, ctrl;
static uint8_t sent[RING_SIZE][BUFFER], heard[RING_SIZE][BUFFER], large[0x20000];
static uint8_t mac[6];
static uint64_t frames, breaks;

static void start(void)
{
	struct virtio_where where;

	virtio_start(NET, F_CSUM | F_GUEST | F_HOST | F_CTRL);
	where = virtio_ring_init(&rx);
	CHECK(virtio_queue(NET, RX, &where), true, "the receiving queue");
	where = virtio_ring_init(&tx);
	CHECK(virtio_queue(NET, TX, &where), true, "the sending queue");
	where = virtio_ring_init(&ctrl);
	CHECK(virtio_queue(NET, CTRL, &where), true, "the control queue");
	virtio_go(NET);
	for (unsigned i = 0; i < 6; i++)
		mac[i] = *(volatile uint8_t *)(VIRTIO(NET) + VIRTIO_CONFIG + i);
}

/* ---- the one who listens ---- */

static void check_frame(const uint8_t *frame, uint32_t len)
{
	CHECK(len >= HEADER + 14, true, "a frame has a header");
	bool group = frame[HEADER] & 1;

	for (unsigned i = 0; i < 6; i++) {
		if (!group)
			CHECK(frame[HEADER + i], mac[i], "the frame is for us");
		CHECK(frame[HEADER + 6 + i], i == 5 ? mac[i] ^ 3 : mac[i], "who sent it");
	}
	frames++;
}

static void post(unsigned i)
{
	rx.desc[i] = (struct virtio_desc){(uint64_t)heard[i], BUFFER, DESC_WRITE, 0};
	virtio_offer(NET, RX, &rx, (uint16_t)i);
}

static void listen(uint64_t ticks)
{
	uint16_t seen = 0;

	for (unsigned i = 0; i < RING_SIZE; i++)
		post(i);
	for (uint64_t from = guest_time(); guest_time() - from < ticks;) {
		if (*(volatile uint16_t *)&rx.used.idx == seen)
			continue;
		__asm__ volatile("fence r, r" ::: "memory");
		unsigned i = rx.used.ring[seen % RING_SIZE].id,
			 len = rx.used.ring[seen % RING_SIZE].len;

		CHECK(i < RING_SIZE, true, "the used head");
		check_frame(heard[i], len);
		seen++;
		post(i);
	}
	print_line("sd", "frames heard ", frames);
	CHECK(frames > 100, true, "frames that may be sent arrive");
}

/* ---- the one who sends ---- */

static void set_address(uint8_t *at, unsigned last)
{
	memcpy(at, mac, 6);
	at[5] = (uint8_t)last;
}

static void choose_addresses(uint8_t *frame, uint64_t random)
{
	static const uint8_t reserved[6] = {1, 0x80, 0xc2, 0, 0, 1};

	set_address(frame, random % 4); /* the other, us, and nobody */
	set_address(frame + 6, mac[5]);
	if (random >> 8 & 1)
		memset(frame, 0xff, 6);
	else if ((random >> 9 & 7) == 0)
		memcpy(frame, reserved, 6);
	if ((random >> 12 & 3) == 0)
		set_address(frame + 6, mac[5] ^ 3);
	else if ((random >> 12 & 15) == 1)
		memset(frame + 6, random >> 20 & 0xff, 6);
}

/* IPv4 with TCP, as far as anybody looks. */
static void fill(uint8_t *frame)
{
	frame[12] = 8;
	frame[13] = 0;
	frame[14] = 0x45;
	frame[14 + 9] = 6;
	frame[34 + 12] = 0x50;
}

static void lie(uint8_t *header, uint64_t random)
{
	memset(header, 0, HEADER);
	if (random >> 32 & 1)
		return;
	header[0] = 1;                           /* NEEDS_CSUM */
	header[1] = (uint8_t)(random >> 33 & 7); /* gso_type */
	header[2] = (uint8_t)(random >> 36);     /* hdr_len */
	header[4] = (uint8_t)(random >> 40 & 3); /* gso_size, often 0 or tiny */
	header[6] = random >> 42 & 1 ? 34 : (uint8_t)(random >> 44);
	header[8] = random >> 42 & 1 ? 16 : (uint8_t)(random >> 52);
}

static void send(unsigned i)
{
	static const uint32_t lengths[] = {
		0, 1, HEADER, HEADER + 1, HEADER + 13, HEADER + 14, 66, 90, 1514, 4096};
	uint64_t random = guest_random();
	uint32_t len = random >> 56 & 1 ? 90 : lengths[(random >> 57) % 10];

	choose_addresses(sent[i] + HEADER, random);
	fill(sent[i] + HEADER);
	lie(sent[i], random);
	tx.desc[i] = (struct virtio_desc){(uint64_t)sent[i], len, 0, 0};
	/* Now and then a long rest behind it. */
	if ((random >> 16 & 15) == 0 && i + 1 < RING_SIZE) {
		tx.desc[i].flags = DESC_NEXT;
		tx.desc[i].next = (uint16_t)(i + 1);
		tx.desc[i + 1] = (struct virtio_desc){
			(uint64_t)large, random >> 20 & 1 ? 60000 : sizeof(large), 0, 0};
	}
	virtio_offer(NET, TX, &tx, (uint16_t)i);
}

static void command(void)
{
	static uint8_t words[64], answer;

	for (unsigned i = 0; i < sizeof(words); i++)
		words[i] = (uint8_t)(guest_random() % 6);
	ctrl.desc[0] = (struct virtio_desc){
		(uint64_t)words, (uint32_t)(guest_random() % sizeof(words)), DESC_NEXT, 1};
	ctrl.desc[1] = (struct virtio_desc){(uint64_t)&answer, 1, DESC_WRITE, 0};
	virtio_offer(NET, CTRL, &ctrl, 0);
}

static bool is_broken(void)
{
	return virtio_get(NET, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET;
}

static void wait_sent(uint16_t idx)
{
	uint64_t from = guest_time();

	while (*(volatile uint16_t *)&tx.used.idx != idx && !is_broken())
		if (guest_time() - from > 5 * TICKS_PER_SECOND)
			guest_fail("what was sent is done", tx.used.idx, idx);
}

static void send_round(void)
{
	uint16_t idx = (uint16_t)(tx.avail.idx + RING_SIZE / 2);

	for (unsigned i = 0; i < RING_SIZE; i += 2)
		send(i);
	if (guest_random() % 16 == 0)
		command();
	/* A driver need not wait for what it sent before it goes away. */
	if (guest_random() % 256 == 0)
		start();
	else
		wait_sent(idx);
	if (is_broken()) {
		breaks++;
		start();
	}
}

static void send_good(void)
{
	start();
	memset(sent[0], 0, BUFFER);
	memset(sent[0] + HEADER, 0xff, 6);
	set_address(sent[0] + HEADER + 6, mac[5]);
	tx.desc[0] = (struct virtio_desc){(uint64_t)sent[0], 100, 0, 0};
	virtio_offer(NET, TX, &tx, 0);
	CHECK(virtio_wait_used(&tx, 1), true, "a good frame is sent after all that");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t ticks = guest_option(device_tree, "seconds=", 2) * TICKS_PER_SECOND;
	uint64_t rounds = 0;

	(void)hart;
	start();
	if (guest_option(device_tree, "listen=", 0)) {
		listen(ticks);
		guest_pass();
	}
	for (uint64_t from = guest_time(); guest_time() - from < ticks; rounds++)
		send_round();
	send_good();
	print_line("sdsd", "rounds ", rounds, ", resets asked for ", breaks);
	CHECK(rounds > 10, true, "rounds");
	guest_pass();
}
