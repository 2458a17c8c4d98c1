/* SPDX-License-Identifier: MIT */
/* Packets from VM to VM: who gets them, how they are cut, who waits for whom and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vsock_vm.h"

#define SECOND 1000000000ull
#define OP(op) VIRTIO_VSOCK_OP_##op

static struct vsock_vm a, b, c;
static uint8_t bytes[70000];

static int setup(void **state)
{
	(void)state;
	assert_true(vsock_vm_attach(&a, 3, false));
	assert_true(vsock_vm_attach(&b, 4, false));
	assert_true(vsock_vm_attach(&c, 5, false));
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	return 0;
}

/* The ports' memory stays, as it does in Vesper; what they owe is worked off. */
static int teardown(void **state)
{
	struct vsock_vm *all[] = {&a, &b, &c};

	(void)state;
	vsock_vm_restart(&a);
	for (unsigned v = 0; v < 3; v++) {
		vsock_vm_restart(all[v]);
		for (unsigned i = 0; i < VSOCK_PACKETS; i++) {
			struct virtio_vsock_hdr hdr =
				vsock_vm_header(&a, 1, all[v]->cid, 1, OP(CREDIT_UPDATE));

			assert_true(vsock_vm_post(all[v], 1, 100));
			assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
			assert_true(vsock_vm_take(all[v], false));
		}
	}
	for (unsigned v = 0; v < 3; v++)
		vsock_vm_detach(all[v]);
	return 0;
}

static bool send_op(struct vsock_vm *from, const struct vsock_vm *to, uint16_t op)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(from, 1000, to->cid, 2000, op);

	return vsock_vm_send(from, &hdr, NULL, 0, 0);
}

static bool send_data(struct vsock_vm *from, uint64_t cid, uint32_t port, uint32_t len)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(from, port, cid, 2000, OP(RW));

	hdr.len = len;
	return vsock_vm_send(from, &hdr, bytes, len, 0);
}

/* The VM is told that its connection is reset, and nothing else. */
static bool is_reset(struct vsock_vm *vm, uint32_t port, uint64_t by)
{
	return vsock_vm_take(vm, true) && vm->hdr.op == OP(RST) && vm->hdr.src_cid == by &&
	       vm->hdr.src_port == 2000 && vm->hdr.dst_port == port && vm->hdr.len == 0 &&
	       vm->hdr.type == VIRTIO_VSOCK_TYPE_STREAM && !vsock_vm_take(vm, true);
}

/* ---- who gets it ---- */

static void from_one_to_the_other(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));

	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200) && vsock_vm_post(&b, 4, 200));
	hdr.len = 50;
	hdr.flags = 1;
	hdr.fwd_cnt = 77;
	unsigned told = b.ready;

	assert_true(vsock_vm_send(&a, &hdr, bytes, 50, 7));
	assert_true(b.ready > told);
	assert_true(vsock_vm_take(&b, true));
	assert_memory_equal(&b.hdr, &hdr, sizeof(hdr));
	assert_memory_equal(b.data, bytes, 50);
	assert_false(vsock_vm_take(&a, true) || vsock_vm_take(&b, true) || vsock_vm_take(&c, true));
}

/* Only as much of what lies behind the header as that says. */
static void of_a_longer_chain_the_rest_is_left(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));

	(void)state;
	assert_true(vsock_vm_post(&b, 4, 200));
	hdr.len = 3;
	assert_true(vsock_vm_send(&a, &hdr, bytes, 50, 0));
	assert_true(vsock_vm_take(&b, true));
	assert_int_equal(b.hdr.len, 3);
}

static void nobody_there(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200));
	/* Nobody has it; all 64 bits count; a guest that is not up yet; its own, by a name that is reserved. */
	static const uint64_t nobody[] = {77, 4 | 1ull << 32, 2 | 1ull << 32, 4, 0, 1, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		assert_true(send_data(&a, nobody[i], 1000, 5));
		assert_true(is_reset(&a, 1000, nobody[i]));
	}
}

static void a_reset_is_not_answered(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 77, 2000, OP(RST));

	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200));
	for (unsigned i = 0; i < 100; i++)
		assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	assert_false(vsock_vm_take(&a, true));
}

static void another_type(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(REQUEST));

	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200) && vsock_vm_post(&b, 4, 200));
	hdr.type = 2;
	assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	assert_false(vsock_vm_take(&b, true));
	assert_true(vsock_vm_take(&a, true));
	assert_true(a.hdr.op == OP(RST) && a.hdr.type == 2);
}

/* It would be another's word; there is nobody to tell. */
static void another_sender(void **state)
{
	static const uint64_t others[] = {5, 4, 2, 0, 3 | 1ull << 32, UINT64_MAX};

	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200) && vsock_vm_post(&b, 4, 200));
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(REQUEST));

		hdr.src_cid = others[i];
		assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
		hdr.dst_cid = 2;
		assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	}
	assert_false(vsock_vm_take(&a, true) || vsock_vm_take(&b, true) || vsock_vm_take(&c, true));
}

static void more_than_there_is(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));

	(void)state;
	assert_true(vsock_vm_post(&a, 4, 200) && vsock_vm_post(&b, 4, 200));
	hdr.len = 51;
	assert_true(vsock_vm_send(&a, &hdr, bytes, 50, 0));
	hdr.len = UINT32_MAX;
	assert_true(vsock_vm_send(&a, &hdr, bytes, 50, 0));
	hdr.len = 50;
	assert_true(vsock_vm_send(&a, &hdr, bytes, VSOCK_PIECES_MAX + 1, 1));
	a.progress = 51;
	assert_true(vsock_vm_send(&a, &hdr, bytes, 50, 0));
	assert_false(vsock_vm_take(&a, true) || vsock_vm_take(&b, true));
}

static void to_itself(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 2, 200));
	assert_true(send_data(&a, 3, 1000, 50) && send_data(&a, 3, 1000, 50));
	assert_false(send_data(&a, 3, 1000, 50));
	assert_true(vsock_vm_take(&a, true));
	assert_int_equal(a.hdr.src_cid, 3);
	assert_true(send_data(&a, 3, 1000, 50));
}

/* ---- buffers ---- */

/* As many packets as it takes, which together are the stream. */
static void cut_to_the_buffers(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));
	uint32_t got = 0;

	(void)state;
	assert_true(vsock_vm_post(&b, 30, 1000) && vsock_vm_post(&b, 30, 1001));
	hdr.len = 40000;
	assert_true(vsock_vm_send(&a, &hdr, bytes, 40000, 777));
	while (vsock_vm_take(&b, false)) {
		assert_true(b.hdr.len > 0 && b.hdr.op == OP(RW) && b.hdr.src_port == 1000);
		assert_memory_equal(b.data, bytes + got, b.hdr.len);
		got += b.hdr.len;
	}
	assert_int_equal(got, 40000);
}

static void the_rest_waits(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));
	uint32_t got = 0;

	(void)state;
	assert_true(vsock_vm_post(&b, 1, 1044));
	hdr.len = 10000;
	unsigned told = a.ready;

	while (!vsock_vm_send(&a, &hdr, bytes, 10000, 333)) {
		/* Nothing is said twice. */
		assert_false(vsock_vm_send(&a, &hdr, bytes, 10000, 333));
		assert_true(vsock_vm_take(&b, false));
		assert_false(vsock_vm_take(&b, false));
		assert_int_equal(b.hdr.len, 1000);
		assert_memory_equal(b.data, bytes + got, 1000);
		got += 1000;
		assert_true(vsock_vm_post(&b, 1, 1044));
		assert_true(a.ready > told);
		told = a.ready;
	}
	assert_int_equal(got, 9000);
	assert_true(vsock_vm_take(&b, false));
	assert_int_equal(b.hdr.len, 1000);
}

/* A buffer for a header alone takes no data, and none takes half a header. */
static void buffers_that_are_too_small(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&b, 1, 44));
	assert_false(send_data(&a, 4, 1000, 1));
	assert_true(send_op(&a, &b, OP(REQUEST)));
	assert_true(vsock_vm_take(&b, false));
	assert_true(vsock_vm_post(&b, 1, 43));
	assert_false(send_op(&a, &b, OP(REQUEST)));
	assert_false(vsock_vm_take(&b, false));
}

/* Buffers of a byte: what one call does has an end, and the sender is called again. */
static void a_call_has_an_end(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 4, 2000, OP(RW));
	unsigned calls = 0;

	(void)state;
	hdr.len = 65536;
	do {
		assert_true(vsock_vm_post(&b, VSOCK_VM_BUFFERS, 45));
		calls++;
		assert_true(vsock_vm_send(&a, &hdr, bytes, 65536, 0) == (calls == 1024));
		for (unsigned i = 0; i < VSOCK_VM_BUFFERS; i++)
			assert_true(vsock_vm_take(&b, false));
	} while (calls < 1024);
}

/* ---- patience ---- */

/* Time goes by, and every second the sender is called and tries again. */
static bool after(uint64_t ns, uint32_t port, uint32_t len)
{
	bool over = false;

	while (ns && !over) {
		uint64_t step = ns < SECOND ? ns : SECOND;
		unsigned told = a.ready;

		vsock_vm_ns += step;
		ns -= step;
		assert_true(vsock_vm_tick());
		assert_true(a.ready > told);
		over = send_data(&a, 4, port, len);
	}
	return over;
}

static void nobody_waits_for_ever(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(vsock_vm_post(&c, 8, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	unsigned watching = vsock_vm_watching;

	assert_false(send_data(&a, 4, 1000, 5));
	assert_true(vsock_vm_watching > watching);
	assert_false(after(SECOND, 1000, 5));
	assert_false(after(SECOND, 1000, 5));
	assert_true(after(SECOND, 1000, 5));
	assert_true(is_reset(&a, 1000, 4));
	assert_false(vsock_vm_tick());
	/* The packets behind it don't wait again, whosever they are; those to others go on. */
	for (uint32_t i = 0; i < 5; i++) {
		assert_true(send_data(&a, 4, 1000 + i, 5));
		assert_true(is_reset(&a, 1000 + i, 4));
	}
	assert_true(send_data(&a, 5, 1000, 5) && vsock_vm_take(&c, true));
	assert_true(vsock_vm_post(&c, 8, 200));
	assert_true(send_data(&c, 4, 1000, 5) && is_reset(&c, 1000, 4));
}

/* A buffer now and then is not enough to have everybody wait. */
static void a_trickle(void **state)
{
	uint64_t waited = 0;

	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	for (unsigned i = 0; i < 1000; i++) {
		if (send_data(&a, 4, 1000, 5))
			continue;
		vsock_vm_ns += SECOND / 2;
		waited += SECOND / 2;
		assert_true(vsock_vm_take(&b, false) && vsock_vm_post(&b, 1, 200));
		send_data(&a, 4, 1000, 5);
	}
	assert_true(waited <= 1000 * SECOND / 10);
	assert_true(vsock_vm_take(&a, true));
	assert_int_equal(a.hdr.op, OP(RST));
}

/* A machine that stood still: nobody is to blame. */
static void a_pause(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	vsock_vm_ns += 1000 * SECOND;
	assert_false(send_data(&a, 4, 1000, 5));
	assert_true(vsock_vm_take(&b, true));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(vsock_vm_take(&a, true));
}

/* A VM that shares its hart with the sender makes it wait at every turn. */
static void a_slow_one_is_waited_for(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 16, 200));
	for (unsigned i = 0; i < 10000; i++) {
		if (send_data(&a, 4, 1000, 5))
			continue;
		vsock_vm_ns += SECOND / 4;
		for (unsigned k = 0; k < 16; k++)
			assert_true(vsock_vm_take(&b, true));
		assert_true(send_data(&a, 4, 1000, 5));
	}
	assert_false(vsock_vm_take(&a, true));
}

/* Whoever takes packets again is waited for again. */
static void all_is_forgiven(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	assert_true(after(3 * SECOND, 1000, 5) && is_reset(&a, 1000, 4));
	assert_true(vsock_vm_take(&b, true) && vsock_vm_post(&b, 7, 200));
	for (unsigned i = 0; i < VSOCK_PACKETS; i++)
		assert_true(send_data(&a, 4, 1001, 5) && vsock_vm_take(&b, true));
	for (unsigned i = 0; i < 8; i++)
		assert_true(send_data(&a, 4, 1001, 5));
	assert_false(send_data(&a, 4, 1001, 5));
	assert_false(after(2 * SECOND - 1000, 1001, 5));
	assert_true(vsock_vm_take(&b, true));
	assert_true(send_data(&a, 4, 1001, 5));
	assert_false(vsock_vm_take(&a, true));
}

/* Starting over is no way to it. */
static void starting_over_is_not(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	assert_false(after(2 * SECOND, 1000, 5));
	assert_true(vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	vsock_vm_restart(&b);
	assert_true(vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_true(send_data(&a, 4, 1000, 5) && is_reset(&a, 1000, 4));
}

/* A stream that lost data and could not be told gets no further, even when the receiver is back. */
static void no_hole_in_a_stream(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	assert_true(after(3 * SECOND, 1000, 5));
	assert_true(vsock_vm_take(&b, false) && vsock_vm_post(&b, 8, 200));
	assert_true(send_data(&a, 4, 1000, 6));
	assert_false(vsock_vm_take(&b, true));
	assert_true(send_data(&a, 4, 1001, 7) && vsock_vm_take(&b, true));
	assert_int_equal(b.hdr.len, 7);
	/* Now it can be told; what it sent before it knew is still of the old one. */
	assert_true(vsock_vm_post(&a, 8, 200));
	for (unsigned i = 0; i < 3; i++)
		assert_true(send_data(&a, 4, 1000, 6) && is_reset(&a, 1000, 4));
	assert_false(vsock_vm_take(&b, true));
	/* A new one of the same ports is another. */
	assert_true(send_op(&a, &b, OP(REQUEST)) && vsock_vm_take(&b, true));
	assert_true(send_data(&a, 4, 1000, 5) && vsock_vm_take(&b, true));
	assert_int_equal(b.hdr.len, 5);
}

/* ---- life ---- */

static void the_end_of_a_receiver(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	unsigned told = a.ready;

	vsock_vm_detach(&b);
	assert_true(a.ready > told);
	assert_true(send_data(&a, 4, 1000, 5) && is_reset(&a, 1000, 4));
	/* It starts again: nothing of before arrives, and what is sent does once it has buffers. */
	assert_true(vsock_vm_attach(&b, 4, false));
	assert_true(send_op(&a, &b, OP(REQUEST)) && is_reset(&a, 1000, 4));
	assert_true(vsock_vm_post(&b, 2, 200));
	assert_false(vsock_vm_take(&b, false));
	assert_true(send_op(&a, &b, OP(REQUEST)) && vsock_vm_take(&b, false));
}

static void the_restart_of_a_receiver(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&a, 8, 200) && vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	unsigned told = a.ready;

	vsock_vm_restart(&b);
	assert_true(a.ready > told);
	assert_true(send_data(&a, 4, 1000, 5) && is_reset(&a, 1000, 4));
	assert_true(vsock_vm_post(&b, 2, 200));
	assert_true(send_data(&a, 4, 1000, 5) && vsock_vm_take(&b, false));
}

static void the_end_of_a_sender(void **state)
{
	(void)state;
	assert_true(vsock_vm_post(&b, 1, 200));
	assert_true(send_data(&a, 4, 1000, 5));
	assert_false(send_data(&a, 4, 1000, 5));
	unsigned told = a.ready;

	vsock_vm_detach(&a);
	assert_false(vsock_vm_tick());
	assert_true(vsock_vm_take(&b, true));
	assert_int_equal(a.ready, told);
	assert_true(vsock_vm_attach(&a, 3, false));
}

static void a_cid_is_one_vms(void **state)
{
	static struct vsock_vm d;

	(void)state;
	assert_false(vsock_vm_attach(&d, 4, false));
	vsock_vm_detach(&b);
	assert_true(vsock_vm_attach(&d, 4, false));
	assert_false(vsock_vm_attach(&b, 4, false));
	vsock_vm_detach(&d);
	assert_true(vsock_vm_attach(&b, 4, false));
	/* The list of ports knows its memory. */
	assert_non_null(d.memory);
}

static void many(void **state)
{
	static struct vsock_vm vms[200];

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		assert_true(vsock_vm_attach(&vms[i], 100 + i, false));
	assert_true(vsock_vm_post(&vms[199], 1, 200));
	assert_true(send_data(&a, 299, 1000, 5) && vsock_vm_take(&vms[199], false));
	for (unsigned i = 0; i < 200; i++)
		vsock_vm_detach(&vms[i]);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(from_one_to_the_other),
		TEST(of_a_longer_chain_the_rest_is_left),
		TEST(nobody_there),
		TEST(a_reset_is_not_answered),
		TEST(another_type),
		TEST(another_sender),
		TEST(more_than_there_is),
		TEST(to_itself),
		TEST(cut_to_the_buffers),
		TEST(the_rest_waits),
		TEST(buffers_that_are_too_small),
		TEST(a_call_has_an_end),
		TEST(nobody_waits_for_ever),
		TEST(a_trickle),
		TEST(a_pause),
		TEST(a_slow_one_is_waited_for),
		TEST(all_is_forgiven),
		TEST(starting_over_is_not),
		TEST(no_hole_in_a_stream),
		TEST(the_end_of_a_receiver),
		TEST(the_restart_of_a_receiver),
		TEST(the_end_of_a_sender),
		TEST(a_cid_is_one_vms),
		TEST(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
