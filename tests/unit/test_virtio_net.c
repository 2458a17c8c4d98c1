/* SPDX-License-Identifier: MIT */
/* The driver of physical virtio network interfaces, and of the source of entropy, against devices that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/virtio_net.h"
#include "drivers/virtio_net_parts.h"
#include "drivers/virtio_rng.h"
#include "tests/unit/virtio_mock.h"

#define F(name) VIRTIO_FEATURE(VIRTIO_NET_F_##name)
#define RING    (VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))
#define OFFLOAD \
	(F(CSUM) | F(GUEST_CSUM) | F(HOST_TSO4) | F(HOST_TSO6) | F(GUEST_TSO4) | F(GUEST_TSO6))
#define ALL     (OFFLOAD | F(MAC) | F(STATUS) | F(MTU) | F(MRG_RXBUF) | F(CTRL_VQ) | F(CTRL_RX))
#define RX      0
#define TX      1
#define CONTROL 2
#define HEADER  sizeof(struct virtio_net_hdr)

/* ---- its user ---- */

static uint8_t last[70000];
static size_t last_len;
static struct dm_frame last_frame;
static unsigned n_received, n_rooms, n_done;
static void (*in_receive)(void);

static void receive(
	unsigned nic, unsigned queue, const struct dm_frame *frame, const void *data, size_t len)
{
	assert_int_equal(nic, 0);
	assert_int_equal(queue, 0);
	assert_true(len <= sizeof(last));
	memcpy(last, data, len);
	last_len = len;
	last_frame = *frame;
	n_received++;
	if (in_receive)
		in_receive();
}

static void room(unsigned nic)
{
	assert_int_equal(nic, 0);
	n_rooms++;
}

static void done(void *owner)
{
	n_done++;
	(*(unsigned *)owner)++;
}

static const struct nic_user user = {receive, room};

static void start_with(uint64_t features, uint16_t ring)
{
	static const struct virtio_net_config config = {
		.mac = {2, 3, 4, 5, 6, 7}, .status = 1, .mtu = 9000};

	net_n_nics = n_received = n_rooms = n_done = 0;
	in_receive = NULL;
	mock_reset(VIRTIO_ID_NET, features, ring);
	memcpy(mock.config, &config, sizeof(config));
	assert_true(virtio_net_start(mock_find()));
	nic_open(0, &user);
}

static void start(void)
{
	start_with(ALL | RING, 256);
}

/* ---- the device ---- */

/* Fills buffers with a frame of `len` bytes, as many as it takes or the `claim` says. */
static void deliver(const struct virtio_net_hdr *header, size_t len, unsigned claim)
{
	static uint8_t bytes[HEADER + 80000];
	size_t total = HEADER + len, at = 0;
	unsigned n = (unsigned)((total + NET_BUFFER - 1) / NET_BUFFER);
	struct mock_chain c;

	memcpy(bytes, header, HEADER);
	((struct virtio_net_hdr *)bytes)->num_buffers = (uint16_t)(claim ? claim : n);
	for (size_t i = 0; i < len; i++)
		bytes[HEADER + i] = (uint8_t)(i * 3 + i / 256);
	while (at < total) {
		size_t piece = total - at < NET_BUFFER ? total - at : NET_BUFFER;

		assert_true(mock_pop(RX, &c));
		assert_int_equal(c.n, 1);
		assert_int_equal(c.desc[0].len, NET_BUFFER);
		memcpy((void *)(uintptr_t)c.desc[0].addr, bytes + at, piece);
		mock_push(RX, c.head, (uint32_t)piece);
		at += piece;
	}
}

static void assert_last(size_t len)
{
	assert_int_equal(last_len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(last[i], (uint8_t)(i * 3 + i / 256));
}

static const struct virtio_net_hdr plain;

/* ---- tests ---- */

static void test_start(void **state)
{
	static const uint8_t mac[6] = {2, 3, 4, 5, 6, 7};
	const struct nic_info *info;

	(void)state;
	start();
	info = nic_info(0);
	assert_int_equal(nic_count(), 1);
	assert_string_equal(info->name, "nic0");
	assert_memory_equal(info->mac, mac, 6);
	assert_int_equal(info->mtu, 9000);
	assert_true(info->checksum && info->tso4 && info->tso6 && info->receives_csum &&
		    info->receives_gso && info->link);
	assert_int_equal(mock.agreed, ALL | RING | VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	/* Nothing large without buffers that join, nothing cut without checksums. */
	start_with((ALL | RING) & ~F(MRG_RXBUF) & ~F(CSUM), 256);
	info = nic_info(0);
	assert_false(info->receives_gso || info->tso4 || info->tso6 || info->checksum);
	assert_int_equal(info->mtu, 1500);
	start_with(0, 2);
	assert_int_equal(nic_info(0)->mtu, 1500);
	assert_true(nic_info(0)->link);
}

static void test_receive(void **state)
{
	static const struct virtio_net_hdr header = {.flags = 3,
		.gso_type = 1,
		.hdr_len = 54,
		.gso_size = 1448,
		.csum_start = 34,
		.csum_offset = 16};

	(void)state;
	start();
	deliver(&plain, 60, 0);
	assert_true(mock_interrupt());
	assert_int_equal(n_received, 1);
	assert_last(60);
	deliver(&header, 40000, 0);
	deliver(&plain, 2036, 0);
	mock_interrupt();
	assert_int_equal(n_received, 3);
	assert_last(2036);
	deliver(&header, 65000, 0);
	mock_interrupt();
	assert_last(65000);
	assert_int_equal(last_frame.flags, 3);
	assert_int_equal(last_frame.gso_type, 1);
	assert_int_equal(last_frame.gso_size, 1448);
	assert_int_equal(last_frame.csum_start, 34);
	/* Buffers come back: many times as many as there are. */
	for (unsigned i = 0; i < 3000; i++) {
		deliver(&plain, 100 + i, 0);
		mock_interrupt();
		assert_int_equal(n_received, 5 + i);
		assert_last(100 + i);
	}
}

/* What the device must not offer is not believed. */
static void test_receive_unasked(void **state)
{
	static const struct virtio_net_hdr header = {.flags = 1, .gso_type = 1, .csum_start = 34};

	(void)state;
	start_with((ALL | RING) & ~OFFLOAD, 16);
	deliver(&header, 60, 0);
	mock_interrupt();
	assert_last(60);
	assert_int_equal(last_frame.flags, 0);
	assert_int_equal(last_frame.gso_type, 0);
	start_with(RING, 16);
	deliver(&plain, 60, 7); /* without MRG_RXBUF the count means nothing */
	mock_interrupt();
	assert_last(60);
}

static void test_receive_lies(void **state)
{
	struct mock_chain c;

	(void)state;
	start();
	deliver(&plain, 60, 5); /* four that are not there */
	mock_interrupt();
	assert_int_equal(n_received, 0);
	deliver(&plain, 70000, 0); /* longer than any frame */
	mock_interrupt();
	assert_int_equal(n_received, 0);
	assert_true(mock_pop(RX, &c));
	mock_push(RX, c.head, 5); /* no header */
	mock_interrupt();
	assert_int_equal(n_received, 0);
	assert_true(mock_pop(RX, &c));
	memset((void *)(uintptr_t)c.desc[0].addr, 0, HEADER);
	mock_push(RX, c.head, 0xffffffff); /* more than the buffer holds */
	mock_interrupt();
	assert_int_equal(n_received, 1);
	assert_int_equal(last_len, NET_BUFFER - HEADER);
	deliver(&plain, 60, 0);
	mock_interrupt();
	assert_last(60);
	assert_true(nic_info(0)->link);
	mock_push(RX, 300, 60); /* no such buffer */
	mock.isr = VIRTIO_INTERRUPT_USED;
	mock_interrupt();
	assert_false(nic_info(0)->link);
}

/* An interrupt on another hart while one serves: it is served by the one that does. */
static void interrupt_again(void)
{
	in_receive = NULL;
	deliver(&plain, 61, 0);
	mock.isr = VIRTIO_INTERRUPT_USED;
	mock_interrupt();
	assert_int_equal(n_received, 1);
}

static void test_receive_together(void **state)
{
	(void)state;
	start();
	in_receive = interrupt_again;
	deliver(&plain, 60, 0);
	mock_interrupt();
	assert_int_equal(n_received, 2);
	assert_last(61);
}

/* ---- sending ---- */

static unsigned count;

static struct nic_frame frame_of(
	const void *header, unsigned header_len, const struct block_segment *segment, unsigned n)
{
	return (struct nic_frame){.header = header,
		.header_len = (uint16_t)header_len,
		.n = (uint16_t)n,
		.segment = segment,
		.done = done,
		.owner = &count};
}

static void test_send(void **state)
{
	static uint8_t head[54], body[3000];
	struct block_segment s[3] = {{hpa((uintptr_t)body), 1000}, {hpa((uintptr_t)body + 1000), 0},
		{hpa((uintptr_t)body + 2000), 50}};
	struct nic_frame f = frame_of(head, sizeof(head), s, 3);
	const struct virtio_net_hdr *h;
	struct mock_chain c;

	(void)state;
	start();
	memset(head, 0x11, sizeof(head));
	f.frame = (struct dm_frame){.flags = 1,
		.gso_type = 1,
		.hdr_len = 54,
		.gso_size = 500,
		.csum_start = 34,
		.csum_offset = 16};
	assert_int_equal(nic_send(0, &f), OK);
	assert_int_equal(mock.queue[TX].notified, 1);
	assert_int_equal(mock.watched, 1);
	memset(head, 0x22, sizeof(head)); /* it was copied */
	assert_true(mock_pop(TX, &c));
	assert_int_equal(c.n, 3);
	h = (const void *)(uintptr_t)c.desc[0].addr;
	assert_int_equal(c.desc[0].len, HEADER + 54);
	assert_int_equal(((const uint8_t *)h)[HEADER + 53], 0x11);
	assert_int_equal(h->flags, 1);
	assert_int_equal(h->gso_size, 500);
	assert_int_equal(h->csum_offset, 16);
	assert_int_equal(h->num_buffers, 0);
	assert_int_equal(c.desc[1].addr, (uintptr_t)body);
	assert_int_equal(c.desc[2].len, 50);
	assert_int_equal(c.desc[2].flags & VIRTQ_DESC_F_WRITE, 0);
	assert_int_equal(n_done, 0);
	mock_push(TX, c.head, 0);
	assert_true(mock_interrupt());
	assert_int_equal(n_done, 1);
}

static void test_send_refused(void **state)
{
	static uint8_t head[DM_HEADER_MAX + 1];
	static struct block_segment s[NET_TABLE];
	struct nic_frame f = frame_of(head, 60, s, 0);

	(void)state;
	start_with((ALL | RING) & ~F(HOST_TSO6), 256);
	f.frame.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	assert_int_equal(nic_send(0, &f), ERR_UNSUPPORTED);
	f.frame.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	assert_int_equal(nic_send(0, &f), ERR_UNSUPPORTED);
	f.frame.gso_type = 0;
	f.n = NET_TABLE;
	assert_int_equal(nic_send(0, &f), ERR_INVALID);
	f.n = 0;
	f.header_len = DM_HEADER_MAX + 1;
	assert_int_equal(nic_send(0, &f), ERR_INVALID);
	start_with(RING, 256);
	f.header_len = 60;
	f.frame.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	assert_int_equal(nic_send(0, &f), ERR_UNSUPPORTED);
	assert_int_equal(mock.queue[TX].notified, 0);
}

static unsigned drain(unsigned max)
{
	struct mock_chain c;
	unsigned n = 0;

	while (n < max && mock_pop(TX, &c)) {
		mock_push(TX, c.head, 0);
		n++;
	}
	return n;
}

static void test_send_full(void **state)
{
	static uint8_t head[60];
	struct nic_frame f = frame_of(head, sizeof(head), NULL, 0);
	unsigned interrupts = 0;

	(void)state;
	start();
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(nic_send(0, &f), OK);
	assert_int_equal(nic_send(0, &f), ERR_BUSY);
	assert_int_equal(n_rooms, 0);
	/* One after the other goes out: all are told of, with few interrupts. */
	while (drain(1)) {
		if (mock.isr)
			interrupts++;
		mock_interrupt();
	}
	assert_int_equal(n_done, 256);
	assert_int_equal(n_rooms, 1);
	assert_true(interrupts < 16);
	assert_int_equal(nic_send(0, &f), OK);
	assert_int_equal(drain(9), 1);
	assert_true(mock_interrupt());
	assert_int_equal(n_done, 257);
	/* Without EVENT_IDX and tables, too. */
	start_with(ALL, 16);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(nic_send(0, &f), OK);
	assert_int_equal(nic_send(0, &f), ERR_BUSY);
	assert_int_equal(drain(99), 16);
	mock_interrupt();
	assert_int_equal(n_done, 16);
	assert_int_equal(n_rooms, 1);
}

/* ---- the rest ---- */

static void answer_control(void)
{
	struct mock_chain c;

	if (!mock_pop(CONTROL, &c))
		return;
	assert_int_equal(c.n, 3);
	assert_memory_equal((const void *)(uintptr_t)c.desc[0].addr, "\0\0", 2);
	assert_int_equal(*(const uint8_t *)(uintptr_t)c.desc[1].addr, 1);
	*(uint8_t *)(uintptr_t)c.desc[2].addr = VIRTIO_NET_OK;
	mock_push(CONTROL, c.head, 1);
	count++;
}

static void test_promiscuous(void **state)
{
	(void)state;
	start();
	count = 0;
	mock_work = answer_control;
	nic_promiscuous(0);
	assert_int_equal(count, 1);
	nic_promiscuous(0);
	assert_int_equal(count, 2);
	mock_work = NULL;
	nic_promiscuous(0); /* no answer: it does not hang, and is not asked again */
	mock_work = answer_control;
	nic_promiscuous(0);
	assert_int_equal(count, 2);
}

static void test_link(void **state)
{
	(void)state;
	start();
	mock.config[6] = 0;
	mock.isr = VIRTIO_INTERRUPT_CONFIG;
	mock_interrupt();
	assert_false(nic_info(0)->link);
	mock.config[6] = 1;
	mock.isr = VIRTIO_INTERRUPT_CONFIG;
	mock_interrupt();
	assert_true(nic_info(0)->link);
}

static void send_three(void)
{
	static uint8_t head[60];
	struct nic_frame f = frame_of(head, sizeof(head), NULL, 0);

	start();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(nic_send(0, &f), OK);
}

static void assert_dead(void)
{
	static uint8_t head[60];
	struct nic_frame f = frame_of(head, sizeof(head), NULL, 0);

	assert_int_equal(n_done, 3);
	assert_int_equal(n_rooms, 1);
	assert_false(nic_info(0)->link);
	assert_int_equal(nic_send(0, &f), ERR_IO);
	assert_false(mock_tick());
	assert_int_equal(n_done, 3);
}

static void test_fails(void **state)
{
	(void)state;
	send_three();
	mock.status |= VIRTIO_STATUS_NEEDS_RESET;
	mock.isr = VIRTIO_INTERRUPT_CONFIG;
	mock_interrupt();
	assert_int_equal(mock.status, 0);
	assert_dead();
	send_three();
	mock.gone = true;
	mock_tick();
	assert_dead();
	send_three();
	mock_push(TX, 256, 0);
	mock.isr = VIRTIO_INTERRUPT_USED;
	mock_interrupt();
	assert_dead();
	send_three();
	for (unsigned i = 0; i < 30; i++)
		assert_true(mock_tick());
	assert_int_equal(n_done, 0);
	mock_tick();
	assert_dead();
}

/* ---- entropy ---- */

static unsigned entropy_calls;
static size_t entropy_bytes;

static void take_entropy(const void *data, size_t len)
{
	entropy_calls++;
	entropy_bytes += len;
	assert_int_equal(*(const uint8_t *)data, 0xa5);
}

static void answer_entropy(void)
{
	struct mock_chain c;

	if (!mock_pop(0, &c))
		return;
	assert_int_equal(c.desc[0].len, 64);
	memset((void *)(uintptr_t)c.desc[0].addr, 0xa5, 64);
	mock_push(0, c.head, entropy_calls ? 0xffffffff : 48);
}

static void test_rng(void **state)
{
	(void)state;
	virtio_rng_on_entropy(take_entropy);
	mock_reset(VIRTIO_ID_RNG, RING, 8);
	mock_work = answer_entropy;
	assert_true(virtio_rng_start(mock_find()));
	assert_int_equal(entropy_calls, 1);
	assert_int_equal(entropy_bytes, 48);
	assert_false(mock_tick());
	assert_int_equal(entropy_calls, 1);
	mock.now_ns += 200000000000ull;
	assert_false(mock_tick()); /* asks */
	answer_entropy();
	mock_interrupt();
	assert_int_equal(entropy_calls, 2);
	assert_int_equal(entropy_bytes, 48 + 64); /* it says more than there was room for */
	mock_push(0, 99, 64);
	mock.isr = VIRTIO_INTERRUPT_USED;
	mock_interrupt();
	mock.now_ns += 200000000000ull;
	mock_tick();
	mock_interrupt();
	assert_int_equal(entropy_calls, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_receive_unasked),
		cmocka_unit_test(test_receive_lies),
		cmocka_unit_test(test_receive_together),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_send_refused),
		cmocka_unit_test(test_send_full),
		cmocka_unit_test(test_promiscuous),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_fails),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
