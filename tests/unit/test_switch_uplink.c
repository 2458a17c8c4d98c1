/* SPDX-License-Identifier: MIT */
/* The switch and a physical interface: no copies where it can do what is asked, the same in software where not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/virtio.h"
#include "include/abi/virtio_net.h"
#include "tests/unit/nic_mock.h"
#include "tests/unit/switch_vm.h"

#define MERGE VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF)
#define CSUM  VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM)
#define TSO4  VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4)

static struct switch_vm a, b;
static const uint8_t outside[6] = {0x52, 0x55, 0, 0, 0, 1};
static struct nic_mock *nic = &nic_mock[0];
static uint8_t data[70000];

static int setup(void **state)
{
	(void)state;
	nic_mock_reset();
	nic_mock_ns += 1000000000;
	assert_int_equal(switch_network("wan", 0), OK);
	assert_true(vm_attach(&a, "wan", 1, 1, 2048));
	assert_true(vm_attach(&b, "wan", 2, 1, 2048));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vm_detach(&a);
	vm_detach(&b);
	return 0;
}

static struct switch_stats stats(const struct switch_vm *vm)
{
	struct switch_stats out;

	switch_stats(vm->port, &out);
	return out;
}

static size_t make(bool v6, bool udp, size_t payload, uint16_t mss, struct dm_frame *frame)
{
	struct frame_wish wish = {
		.v6 = v6, .udp = udp, .payload = payload, .mss = mss, .port = 7, .seed = 1};

	memcpy(wish.to, outside, 6);
	memcpy(wish.from, a.mac, 6);
	return frame_make(data, &wish, frame);
}

static enum switch_answer send(bool v6, bool udp, size_t payload, uint16_t mss)
{
	struct dm_frame frame;
	size_t len = make(v6, udp, payload, mss, &frame);

	return vm_send_bytes(&a, data, len, &frame, 128, 997);
}

static void test_network(void **state)
{
	(void)state;
	assert_true(nic->promiscuous);
	assert_int_equal(switch_network("wan", -1), OK);
	assert_int_equal(switch_network("wan", 0), OK);
	assert_int_equal(switch_network("wan", 1), ERR_BUSY);
	assert_int_equal(switch_network("second", 0), ERR_BUSY);
	assert_int_equal(switch_network("second", NIC_MOCKS), ERR_NOT_FOUND);
}

/* An interface that can do everything: the frame as it is, given back when it is done. */
static void test_lent(void **state)
{
	(void)state;
	nic->info.checksum = nic->info.tso4 = nic->info.tso6 = true;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		assert_int_equal(send(v6, false, 30000, 1400), SWITCH_LENT);
		struct nic_sent *sent = &nic->sent[v6];
		assert_int_equal(nic->n, v6 + 1);
		assert_int_equal(sent->len, 30000 + frame_payload(data));
		assert_memory_equal(sent->data, data, sent->len);
		assert_int_equal(sent->frame.gso_size, 1400);
		assert_int_equal(sent->frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(a.done, v6);
		nic_mock_done(0);
		assert_int_equal(a.done, v6 + 1);
	}
	assert_int_equal(stats(&a).sent, 2);
	assert_false(vm_take(&b));
}

static void test_checksum(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		assert_int_equal(send(kind & 1, kind & 2, 1000, 0), SWITCH_LENT);
		struct nic_sent *sent = &nic->sent[kind];
		assert_true(frame_valid(sent->data, sent->len));
		assert_memory_equal(
			sent->data + frame_payload(data), data + frame_payload(data), 1000);
		assert_int_equal(sent->frame.flags, 0);
	}
	assert_int_equal(a.done, 0);
	nic_mock_done(0);
	assert_int_equal(a.done, 4);
}

/* Checks that what was sent from number `first` on is the payload of `data`, in valid frames. */
static void check_segments(unsigned first, size_t payload)
{
	size_t at = 0, headers = frame_payload(data);

	for (unsigned i = first; at < payload; i++) {
		assert_true(i < nic->n);
		struct nic_sent *sent = &nic->sent[i];
		assert_true(sent->len <= 1514 && frame_valid(sent->data, sent->len));
		assert_memory_equal(sent->data + headers, data + headers + at, sent->len - headers);
		at += sent->len - headers;
	}
	assert_int_equal(at, payload);
}

static void test_segments(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		unsigned before = nic->n;
		assert_int_equal(send(v6, false, 60000, 1408), SWITCH_LENT);
		check_segments(before, 60000);
		assert_int_equal(a.done, v6);
		nic_mock_done(0);
		assert_int_equal(a.done, v6 + 1);
	}
	assert_int_equal(stats(&a).sent, 2);
}

/* No room in the middle: the rest follows when there is some, others wait, and nothing is sent twice. */
static void test_segments_wait(void **state)
{
	(void)state;
	nic->room = 5;
	assert_int_equal(send(false, false, 20000, 1408), SWITCH_LENT);
	assert_int_equal(nic->n, 5);
	nic_mock_done(0);
	assert_int_equal(a.done, 0);
	assert_int_equal(vm_send(&b, outside, 100), SWITCH_BUSY);
	assert_int_equal(vm_send(&b, a.mac, 100), SWITCH_DONE);
	nic->room = 3;
	unsigned ready = b.ready;
	nic->user->room(0);
	assert_int_equal(nic->n, 8);
	assert_int_equal(b.ready, ready);
	nic->room = 100;
	nic->user->room(0);
	assert_int_equal(b.ready, ready + 1);
	check_segments(0, 20000);
	assert_int_equal(a.done, 0);
	nic_mock_done(0);
	assert_int_equal(a.done, 1);
	assert_int_equal(vm_send(&b, outside, 100), SWITCH_LENT);
}

/* The segments before are done already when the last part is not taken: still exactly one end. */
static void test_interface_gone(void **state)
{
	(void)state;
	nic->room = 5;
	assert_int_equal(send(false, false, 20000, 1408), SWITCH_LENT);
	nic_mock_done(0);
	nic->answer = ERR_IO;
	nic->user->room(0);
	assert_int_equal(a.done, 1);
	/* At once, from the start. */
	assert_int_equal(send(false, false, 20000, 1408), SWITCH_DONE);
	assert_int_equal(vm_send(&a, outside, 100), SWITCH_DONE);
	assert_int_equal(a.done, 1);
	assert_int_equal(stats(&a).dropped, 1);
	nic->answer = OK;
	nic->room = 1;
	assert_int_equal(vm_send(&a, outside, 100), SWITCH_LENT);
}

/* The port goes while its frame is at the interface; the end comes all the same. */
static void test_detach_while_lent(void **state)
{
	(void)state;
	nic->room = 2;
	assert_int_equal(send(false, false, 6000, 1408), SWITCH_LENT);
	vm_detach(&a);
	nic->room = 10;
	nic->user->room(0);
	check_segments(0, 6000);
	nic_mock_done(0);
	assert_int_equal(a.done, 1);
}

static void test_busy(void **state)
{
	(void)state;
	nic->room = 0;
	assert_int_equal(vm_send(&a, outside, 100), SWITCH_BUSY);
	assert_int_equal(send(false, false, 20000, 1408), SWITCH_LENT);
	assert_int_equal(stats(&a).sent, 1);
	/* What others have got can't be sent again. */
	assert_int_equal(vm_send(&a, vm_broadcast, 100), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_int_equal(stats(&a).dropped, 1);
	unsigned ready = a.ready;
	nic->room = 100;
	nic->user->room(0);
	assert_int_equal(a.ready, ready + 1);
	assert_int_equal(vm_send(&a, outside, 100), SWITCH_LENT);
}

static void test_broadcast(void **state)
{
	(void)state;
	assert_int_equal(vm_send(&a, vm_broadcast, 100), SWITCH_LENT);
	assert_true(vm_take(&b));
	assert_true(frame_valid(b.data, b.len));
	assert_int_equal(nic->n, 1);
	assert_true(frame_valid(nic->sent[0].data, nic->sent[0].len));
	/* Between VMs nothing goes out. */
	assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	assert_int_equal(nic->n, 1);
}

static void test_mtu(void **state)
{
	struct dm_frame frame;

	(void)state;
	assert_int_equal(send(false, true, 1472, 0), SWITCH_LENT);
	assert_int_equal(send(false, true, 1473, 0), SWITCH_DONE);
	assert_int_equal(send(false, false, 9000, 1448), SWITCH_LENT);
	assert_int_equal(send(false, false, 9000, 1449), SWITCH_DONE);
	assert_int_equal(stats(&a).dropped, 2);
	/* A tag is not counted. */
	struct frame_wish wish = {.udp = true, .vlan = true, .payload = 1472};
	memcpy(wish.to, outside, 6);
	memcpy(wish.from, a.mac, 6);
	size_t len = frame_make(data, &wish, &frame);
	assert_int_equal(vm_send_bytes(&a, data, len, &frame, 128, 997), SWITCH_LENT);
	/* More segments than a frame may cost. */
	assert_int_equal(send(false, false, 9000, 20), SWITCH_DONE);
	assert_int_equal(stats(&a).dropped, 3);
}

/* ---- from outside ---- */

static size_t incoming(const uint8_t to[6], const uint8_t from[6], uint16_t mss, size_t payload,
	struct dm_frame *frame)
{
	struct frame_wish wish = {.payload = payload, .mss = mss};

	memcpy(wish.to, to, 6);
	memcpy(wish.from, from, 6);
	return frame_make(data, &wish, frame);
}

static void test_receive(void **state)
{
	struct dm_frame frame;
	size_t len = incoming(a.mac, outside, 0, 1000, &frame);

	(void)state;
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_true(frame_valid(a.data, a.len));
	assert_int_equal(a.frame.flags, 0);
	assert_false(vm_take(&b));
	/* As it is, where it is understood. */
	switch_features(a.port, MERGE | CSUM | TSO4, 1);
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_memory_equal(a.data, data, len);
	assert_int_equal(a.frame.csum_start, frame.csum_start);
	/* What the interface has checked is checked. */
	frame = (struct dm_frame){.flags = VIRTIO_NET_HDR_F_DATA_VALID};
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_int_equal(a.frame.flags, VIRTIO_NET_HDR_F_DATA_VALID);
	switch_features(a.port, MERGE, 1);
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_int_equal(a.frame.flags, 0);
}

static void test_receive_large(void **state)
{
	struct dm_frame frame;
	size_t len = incoming(a.mac, outside, 1000, 30000, &frame), got = 0;

	(void)state;
	nic_mock_receive(0, &frame, data, len);
	for (; vm_take(&a); got += a.len - frame_payload(a.data))
		assert_true(frame_valid(a.data, a.len));
	assert_int_equal(got, 30000);
	switch_features(a.port, MERGE | CSUM | TSO4, 1);
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_memory_equal(a.data, data, len);
}

/* Nobody outside has a VM's address, and nothing from there goes back. */
static void test_receive_wrong(void **state)
{
	static const uint8_t group[6] = {0x53, 0x55, 0, 0, 0, 1},
			     unknown[6] = {0x52, 0x54, 0, 0, 0, 9};
	struct dm_frame frame;
	const struct dm_net_filter all = {.promiscuous = true};

	(void)state;
	switch_filter(b.port, &all);
	size_t len = incoming(a.mac, b.mac, 0, 100, &frame);
	nic_mock_receive(0, NULL, data, len);
	len = incoming(vm_broadcast, a.mac, 0, 100, &frame);
	nic_mock_receive(0, NULL, data, len);
	len = incoming(a.mac, group, 0, 100, &frame);
	nic_mock_receive(0, NULL, data, len);
	len = incoming(unknown, outside, 0, 100, &frame);
	nic_mock_receive(0, NULL, data, len);
	len = incoming(a.mac, outside, 0, 100, &frame);
	nic_mock_receive(0, NULL, data, 13);
	frame.csum_start = 2000;
	nic_mock_receive(0, &frame, data, len);
	assert_false(vm_take(&a));
	assert_false(vm_take(&b));
	assert_int_equal(nic->n, 0);
	nic_mock_receive(0, NULL, data, len);
	assert_true(vm_take(&a));
}

static void test_receive_broadcast(void **state)
{
	struct dm_frame frame;
	size_t len = incoming(vm_broadcast, outside, 0, 100, &frame);

	(void)state;
	nic_mock_receive(0, &frame, data, len);
	assert_true(vm_take(&a));
	assert_true(vm_take(&b));
	assert_true(frame_valid(b.data, b.len));
	assert_int_equal(nic->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_checksum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segments_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interface_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_detach_while_lent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broadcast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mtu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receive_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receive_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receive_broadcast, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
