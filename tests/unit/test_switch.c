/* SPDX-License-Identifier: MIT */
/* The switch between VMs: who gets what, who must not, and what a storm costs whom. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/virtio.h"
#include "include/abi/virtio_net.h"
#include "include/vm_spec.h"
#include "tests/unit/nic_mock.h"
#include "tests/unit/switch_vm.h"

#define MERGE VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF)
#define CSUM  VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM)
#define TSO   (VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6))

static struct switch_vm a, b, c;
static const struct dm_frame plain;
static uint8_t data[70000];

static int setup(void **state)
{
	(void)state;
	nic_mock_reset();
	nic_mock_ns += 1000000000;
	assert_int_equal(switch_network("lan", -1), OK);
	assert_true(vm_attach(&a, "lan", 1, 1, 2048));
	assert_true(vm_attach(&b, "lan", 2, 1, 2048));
	assert_true(vm_attach(&c, "lan", 3, 1, 2048));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vm_detach(&a);
	vm_detach(&b);
	vm_detach(&c);
	return 0;
}

static struct switch_stats stats(const struct switch_vm *vm)
{
	struct switch_stats out;

	switch_stats(vm->port, &out);
	return out;
}

static void test_networks(void **state)
{
	(void)state;
	struct switch_vm d;
	assert_int_equal(switch_network("lan", -1), OK);
	assert_int_equal(switch_network("other", -1), OK);
	assert_false(vm_attach(&d, "missing", 9, 1, 2048));
	/* An address once in a network, as often as one likes in others. */
	assert_false(vm_attach(&d, "lan", 1, 1, 2048));
	assert_true(vm_attach(&d, "other", 1, 1, 2048));
	assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	assert_int_equal(vm_send(&a, vm_broadcast, 100), SWITCH_DONE);
	assert_false(vm_take(&d));
	vm_detach(&d);
	/* No station has a group's address, or none. */
	struct switch_port *port;
	const uint8_t group[6] = {1, 2, 3, 4, 5, 6}, none[6] = {0};
	void *memory = malloc(switch_port_size(VM_QUEUES_MAX));
	assert_true(switch_port_size(VM_QUEUES_MAX) <= SWITCH_PORT_SIZE);
	assert_int_equal(switch_attach(memory, "lan", group, 1, NULL, NULL, &port), ERR_INVALID);
	assert_int_equal(switch_attach(memory, "lan", none, 1, NULL, NULL, &port), ERR_INVALID);
	free(memory);
}

static void test_unicast(void **state)
{
	(void)state;
	assert_int_equal(vm_send(&a, b.mac, 700), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_true(frame_valid(b.data, b.len));
	assert_memory_equal(b.data, b.mac, 6);
	assert_memory_equal(b.data + 6, a.mac, 6);
	assert_int_equal(b.len, 14 + 20 + 8 + 700);
	assert_int_equal(b.ready, 1);
	assert_false(vm_take(&a));
	assert_false(vm_take(&c));
	assert_int_equal(c.ready, 0);
	assert_int_equal(stats(&a).sent, 1);
	assert_int_equal(stats(&b).received, 1);
	/* To itself: nowhere. */
	assert_int_equal(vm_send(&a, a.mac, 700), SWITCH_DONE);
	assert_false(vm_take(&a));
}

/* What is for nobody here is shown to nobody here, whatever they ask for. */
static void test_unknown_unicast(void **state)
{
	const struct dm_net_filter all = {.promiscuous = true, .all_multicast = true};
	const uint8_t unknown[6] = {0x52, 0x54, 0, 0, 0, 77};

	(void)state;
	switch_filter(b.port, &all);
	assert_int_equal(vm_send(&a, unknown, 100), SWITCH_DONE);
	assert_int_equal(vm_send(&a, c.mac, 100), SWITCH_DONE);
	assert_false(vm_take(&b));
	assert_true(vm_take(&c));
}

static void test_spoofed(void **state)
{
	struct frame_wish wish = {.udp = true, .payload = 50};
	struct dm_frame frame;
	static const uint8_t sources[][6] = {{0x52, 0x54, 0, 0, 0, 3}, {0x52, 0x54, 0, 0, 0, 99},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0}, {0x53, 0x54, 0, 0, 0, 1}};

	(void)state;
	memcpy(wish.to, b.mac, 6);
	for (unsigned i = 0; i < 5; i++) {
		memcpy(wish.from, sources[i], 6);
		size_t len = frame_make(data, &wish, &frame);
		assert_int_equal(vm_send_bytes(&a, data, len, &frame, 128, 1000), SWITCH_DONE);
		memcpy(data, vm_broadcast, 6);
		assert_int_equal(vm_send_bytes(&a, data, len, &frame, 128, 1000), SWITCH_DONE);
	}
	assert_false(vm_take(&b));
	assert_false(vm_take(&c));
	assert_int_equal(stats(&a).spoofed, 10);
	assert_int_equal(stats(&a).sent, 0);
}

static void test_broadcast(void **state)
{
	(void)state;
	assert_int_equal(vm_send(&a, vm_broadcast, 300), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_true(frame_valid(b.data, b.len));
	assert_true(vm_take(&c));
	assert_false(vm_take(&a));
}

static bool gets(struct switch_vm *vm, const uint8_t to[6])
{
	assert_int_equal(vm_send(&a, to, 60), SWITCH_DONE);
	bool got = vm_take(vm);
	assert_false(vm_take(vm));
	vm_take(&c);
	return got;
}

static void test_filters(void **state)
{
	static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1},
			     other[6] = {0x33, 0x33, 0, 0, 0, 2};
	static const uint8_t table[2][6] = {{0x33, 0x33, 0, 0, 0, 9}, {0x33, 0x33, 0, 0, 0, 1}};
	struct dm_net_filter filter = {.n = 2, .mac = table};

	(void)state;
	assert_true(gets(&b, group)); /* the start: all groups */
	switch_filter(b.port, &filter);
	assert_true(gets(&b, group));
	assert_false(gets(&b, other));
	assert_true(gets(&b, vm_broadcast));
	assert_true(gets(&b, b.mac));
	filter.no_multicast = true;
	switch_filter(b.port, &filter);
	assert_false(gets(&b, group));
	assert_true(gets(&b, vm_broadcast));
	filter = (struct dm_net_filter){.no_broadcast = true, .promiscuous = true};
	switch_filter(b.port, &filter);
	assert_true(gets(&b, other));
	assert_false(gets(&b, vm_broadcast));
	filter = (struct dm_net_filter){.no_unicast = true};
	switch_filter(b.port, &filter);
	assert_false(gets(&b, b.mac));
	assert_false(gets(&b, other));
	assert_true(gets(&b, vm_broadcast));
	filter = (struct dm_net_filter){.n = DM_NET_FILTER_MAX + 1, .mac = table};
	switch_filter(b.port, &filter);
	assert_true(gets(&b, other));
}

/* Frames of bridges and pauses stay on their link. */
static void test_reserved(void **state)
{
	uint8_t to[6] = {0x01, 0x80, 0xc2, 0, 0, 0};

	(void)state;
	for (uint8_t i = 0; i < 16; i++) {
		to[5] = i;
		assert_false(gets(&b, to));
	}
	to[5] = 0x10;
	assert_true(gets(&b, to));
	assert_int_equal(stats(&a).dropped, 16);
}

static void test_malformed(void **state)
{
	struct frame_wish wish = {.udp = true, .payload = 65550};
	struct dm_frame frame;

	(void)state;
	memcpy(wish.to, b.mac, 6);
	memcpy(wish.from, a.mac, 6);
	switch_features(b.port, MERGE, 1);
	size_t len = frame_make(data, &wish, &frame);
	assert_int_equal(vm_send_bytes(&a, data, 13, &plain, 128, 1), SWITCH_DONE);
	assert_int_equal(vm_send_bytes(&a, data, 0, &plain, 128, 1), SWITCH_DONE);
	assert_int_equal(vm_send_bytes(&a, data, 100, &plain, 13, 1), SWITCH_DONE);
	assert_int_equal(vm_send_bytes(&a, data, len, &plain, 128, 1000), SWITCH_DONE);
	assert_int_equal(vm_send_bytes(&a, data, 1000, &plain, 128, 1), SWITCH_DONE);
	assert_int_equal(stats(&a).dropped, 5);
	assert_false(vm_take(&b));
	assert_int_equal(vm_send_bytes(&a, data, 14, &plain, 128, 1), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_int_equal(b.len, 14);
	assert_int_equal(vm_send_bytes(&a, data, 65550, &plain, 128, 1000), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_int_equal(b.len, 65550);
	assert_memory_equal(b.data, data, 65550);
}

/* A storm's frames beyond the limit are gone; the limit is the sender's alone, and time pays. */
static void test_storm(void **state)
{
	unsigned got = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(vm_send(&a, vm_broadcast, 20), SWITCH_DONE);
		got += vm_take(&b);
	}
	assert_in_range(got, 100, 1000);
	assert_int_equal(stats(&a).sent, got);
	assert_int_equal(stats(&a).dropped, 5000 - got);
	/* The others' frames pass, and so does what the sender sends to one. */
	assert_int_equal(vm_send(&c, vm_broadcast, 20), SWITCH_DONE);
	assert_true(vm_take(&b));
	assert_int_equal(vm_send(&a, b.mac, 20), SWITCH_DONE);
	assert_true(vm_take(&b));
	nic_mock_ns += 1000000000;
	assert_int_equal(vm_send(&a, vm_broadcast, 20), SWITCH_DONE);
	assert_true(vm_take(&b));
	/* Over a long time: the rate. */
	got = 0;
	for (unsigned i = 0; i < 100000; i++) {
		nic_mock_ns += 100000;
		assert_int_equal(vm_send(&a, vm_broadcast, 20), SWITCH_DONE);
		got += vm_take(&b);
	}
	assert_in_range(got, 19000, 21000);
}

/* Who has no buffers loses frames, and nobody waits for it. */
static void test_no_buffers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VM_BUFFERS + 10; i++)
		assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	assert_int_equal(stats(&b).dropped, 10);
	assert_int_equal(stats(&b).received, VM_BUFFERS);
	assert_int_equal(vm_send(&a, c.mac, 100), SWITCH_DONE);
	assert_true(vm_take(&c));
}

/* A large frame with a partial checksum: as it is for who knows, complete and cut for who doesn't. */
static void send_large(struct switch_vm *to, bool v6)
{
	struct frame_wish wish = {.v6 = v6, .payload = 20000, .mss = 1448, .port = 5, .vlan = true};
	struct dm_frame frame;

	memcpy(wish.to, to->mac, 6);
	memcpy(wish.from, a.mac, 6);
	size_t len = frame_make(data, &wish, &frame);
	frame.flags |= VIRTIO_NET_HDR_F_DATA_VALID; /* a VM's word for it is worth nothing */
	assert_int_equal(vm_send_bytes(&a, data, len, &frame, 128, 997), SWITCH_DONE);
}

static void test_offloads(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		switch_features(b.port, MERGE | CSUM | TSO, 1);
		send_large(&b, v6);
		assert_true(vm_take(&b));
		assert_int_equal(b.frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(
			b.frame.gso_type, v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4);
		assert_int_equal(b.frame.gso_size, 1448);
		assert_int_equal(b.frame.hdr_len, frame_payload(data));
		assert_int_equal(b.len, 20000 + frame_payload(data));
		assert_memory_equal(b.data, data, b.len);

		for (unsigned csum = 0; csum < 2; csum++) {
			switch_features(b.port, MERGE | (csum ? CSUM : TSO), 1);
			size_t got = 0;
			send_large(&b, v6);
			for (; vm_take(&b); got += b.len - frame_payload(b.data)) {
				assert_true(frame_valid(b.data, b.len));
				assert_int_equal(
					b.frame.flags, csum ? VIRTIO_NET_HDR_F_DATA_VALID : 0);
				assert_int_equal(b.frame.gso_type, 0);
				assert_memory_equal(b.data + frame_payload(b.data),
					data + frame_payload(data) + got,
					b.len - frame_payload(b.data));
			}
			assert_int_equal(got, 20000);
		}
	}
}

/* Without merging a large frame needs a large buffer. */
static void test_one_buffer(void **state)
{
	(void)state;
	switch_features(b.port, CSUM | TSO, 1);
	send_large(&b, false);
	assert_false(vm_take(&b));
	assert_int_equal(stats(&b).dropped, 1);
	vm_detach(&b);
	assert_true(vm_attach(&b, "lan", 2, 1, 65562));
	switch_features(b.port, CSUM | TSO, 1);
	send_large(&b, false);
	assert_true(vm_take(&b));
	assert_int_equal(b.len, 20000 + frame_payload(data));
}

static void test_tagged(void **state)
{
	(void)state;
	switch_features(b.port, MERGE | CSUM | TSO, 1);
	send_large(&b, false);
	assert_true(vm_take(&b));
	assert_memory_equal(b.data + 12, "\x81\x00\x00\x05", 4);
}

/* A flow keeps to its queue, and many flows use all of those that are in use. */
static void test_queues(void **state)
{
	struct frame_wish wish = {.udp = true, .payload = 40};
	struct dm_frame frame;
	unsigned used = 0;

	(void)state;
	vm_detach(&b);
	assert_true(vm_attach(&b, "lan", 2, 4, 2048));
	memcpy(wish.to, b.mac, 6);
	memcpy(wish.from, a.mac, 6);
	for (unsigned queues = 1; queues <= 4; queues += 3) {
		switch_features(b.port, MERGE, queues);
		for (uint16_t port = 1; port <= 100; port++) {
			unsigned where = 4;
			for (unsigned again = 0; again < 2; again++) {
				wish.port = port;
				wish.seed++;
				size_t len = frame_make(data, &wish, &frame);
				vm_send_bytes(&a, data, len, &frame, 128, 1000);
				unsigned q = 0;
				while (!vm_take_at(&b, q))
					q++;
				assert_true(q < queues && (again == 0 || q == where));
				where = q;
			}
			used |= 1u << where;
		}
		assert_int_equal(used, queues == 1 ? 1 : 15);
	}
	/* More than there are is as many as there are. */
	switch_features(b.port, MERGE, 100);
	assert_int_equal(vm_send(&a, b.mac, 10), SWITCH_DONE);
	assert_true(vm_take(&b));
}

static void test_detach(void **state)
{
	(void)state;
	assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	vm_detach(&b);
	assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	assert_int_equal(vm_send(&a, vm_broadcast, 100), SWITCH_DONE);
	assert_true(vm_take(&c));
	assert_true(vm_attach(&b, "lan", 2, 1, 2048));
	assert_false(vm_take(&b));
	assert_int_equal(vm_send(&a, b.mac, 100), SWITCH_DONE);
	assert_true(vm_take(&b));
	/* The other order: the sender goes first. */
	vm_detach(&a);
	assert_int_equal(vm_send(&b, a.mac, 100), SWITCH_DONE);
	assert_int_equal(vm_send(&c, b.mac, 100), SWITCH_DONE);
	assert_true(vm_take(&b));
}

/* ---- several harts ---- */

static bool over;

static void *talker(void *arg)
{
	struct switch_vm *vm = arg;

	for (unsigned i = 0; !__atomic_load_n(&over, __ATOMIC_ACQUIRE); i++) {
		uint8_t frame[64] = {0};
		memcpy(frame, i % 4 == 0 ? vm_broadcast : b.mac, 6);
		memcpy(frame + 6, vm->mac, 6);
		struct switch_frame out = {.header = frame, .header_len = sizeof(frame)};
		if (switch_send(vm->port, &out) != SWITCH_DONE)
			abort();
	}
	return NULL;
}

/* AddressSanitizer sees who still writes into a VM that is gone. */
static void test_threads(void **state)
{
	pthread_t threads[2];

	(void)state;
	over = false;
	pthread_create(&threads[0], NULL, talker, &a);
	pthread_create(&threads[1], NULL, talker, &c);
	unsigned got = 0;
	/* The talkers may come late. */
	for (unsigned round = 0; round < 300 || got < 100; round++) {
		for (unsigned i = 0; i < 20; i++)
			got += vm_take(&b);
		vm_detach(&b);
		assert_true(vm_attach(&b, "lan", 2, 1, 256));
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_true(got > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unicast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_unicast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spoofed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broadcast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reserved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offloads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tagged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_detach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
