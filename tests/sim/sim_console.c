/* SPDX-License-Identifier: MIT */
/* virtio-console against a host that takes and gives as little as it likes: no byte may be lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/console_vm.h"

#define RX    CONSOLE_VM_RX
#define TX    CONSOLE_VM_TX
#define TOTAL 10000

static uint8_t pattern[TOTAL];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TOTAL; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	console_vm_open(CONSOLE_VM_RAM);
	return 0;
}

static struct host_port *port(void)
{
	return &vm.host.port[CONSOLE_VM_PORT];
}

static struct slice buffer(uint32_t len)
{
	return (struct slice){host_alloc(&vm.host, len, 8), len};
}

static uint8_t *bytes(struct slice s)
{
	return vm.host.ram + (s.addr.a - GUEST_RAM_BASE);
}

/* Short counts and refusals, round and round. */
static struct host_script stingy(void)
{
	return (struct host_script){
		.limit = {1, 0, 3, 17, 0, 0, 64, 2, 250, 0}, .n = 10, .loop = true};
}

/* ---- transmit ---- */

/* Sends the pattern in chains of up to 3 pieces of changing sizes; ready() until all is out. */
static void send_pattern(void)
{
	size_t at = 0;
	uint16_t head;
	uint32_t written;

	for (unsigned round = 0; at < TOTAL || vm.driver.q[TX].n_free < vm.driver.q[TX].size;
		round++) {
		struct slice out[3];
		unsigned n = 0;
		assert_true(round < 20000);
		for (; n < 1 + round % 3 && at < TOTAL; n++) {
			uint32_t len = 1 + (round * 31 + n * 7) % 300;
			if (len > TOTAL - at)
				len = (uint32_t)(TOTAL - at);
			out[n] = buffer(len);
			memcpy(bytes(out[n]), pattern + at, len);
			at += len;
		}
		if (n > 0) {
			assert_true(driver_add(&vm.driver, TX, out, n, NULL, 0) >= 0);
			driver_kick(&vm.driver, TX);
		}
		do {
			dm_port_ready(vm.dm, CONSOLE_VM_PORT);
			driver_run(&vm.driver);
			while (driver_collect(&vm.driver, TX, &head, &written))
				assert_int_equal(written, 0);
		} while (vm.driver.q[TX].n_free < 3);
	}
	assert_int_equal(port()->output_len, TOTAL);
	assert_memory_equal(port()->output, pattern, TOTAL);
}

static void test_transmit_loses_nothing(void **state)
{
	static const unsigned sizes[] = {4, 16, 64};
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		host_free_all(&vm.host);
		port()->output_len = 0;
		port()->send = i % 2 ? stingy() : host_limit(SIZE_MAX);
		assert_true(driver_start(&vm.driver, DRIVER_FEATURES, sizes[i / 2]));
		send_pattern();
	}
}

static void test_transmit_waits_for_the_port(void **state)
{
	struct slice out = buffer(100);
	uint16_t head;
	uint32_t written;
	(void)state;

	memcpy(bytes(out), pattern, 100);
	assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 8));
	port()->send = (struct host_script){.limit = {60, 0}, .n = 2, .then = SIZE_MAX};
	assert_true(driver_add(&vm.driver, TX, &out, 1, NULL, 0) >= 0);
	assert_true(driver_kick(&vm.driver, TX));
	driver_run(&vm.driver);
	assert_int_equal(port()->output_len, 60);
	assert_false(driver_collect(&vm.driver, TX, &head, &written));
	assert_false(driver_irq(&vm.driver));

	driver_run(&vm.driver); /* nothing happens by itself */
	assert_int_equal(port()->sends, 1);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT + 1); /* another port */
	driver_run(&vm.driver);
	assert_int_equal(port()->sends, 1);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	driver_run(&vm.driver);
	assert_int_equal(port()->output_len, 60);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	driver_run(&vm.driver);
	assert_int_equal(port()->output_len, 100);
	assert_memory_equal(port()->output, pattern, 100);
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
	assert_int_equal(driver_interrupt(&vm.driver), VIRTIO_INTERRUPT_USED);
	assert_false(driver_irq(&vm.driver));
}

/* A chain of more pieces than one call of the host carries. */
static void test_transmit_many_pieces(void **state)
{
	struct slice out[200];
	uint16_t head;
	uint32_t written;
	(void)state;

	for (unsigned i = 0; i < 200; i++) {
		out[i] = buffer(5);
		memcpy(bytes(out[i]), pattern + 5 * i, 5);
	}
	assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 256));
	assert_true(driver_add(&vm.driver, TX, out, 200, NULL, 0) >= 0);
	driver_kick(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_int_equal(port()->output_len, 1000);
	assert_memory_equal(port()->output, pattern, 1000);
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
	assert_false(driver_collect(&vm.driver, TX, &head, &written));
}

/* The guest shortens a half-sent chain: it is done, and the next one starts at its first byte. */
static void test_transmit_rewritten_while_half_sent(void **state)
{
	struct slice out[2] = {buffer(100), buffer(10)};
	uint16_t head;
	uint32_t written;
	(void)state;

	memcpy(bytes(out[0]), pattern, 100);
	memcpy(bytes(out[1]), pattern + 500, 10);
	assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 8));
	port()->send = (struct host_script){.limit = {60}, .n = 1, .then = SIZE_MAX};
	int first = driver_add(&vm.driver, TX, &out[0], 1, NULL, 0);
	assert_true(driver_kick(&vm.driver, TX));
	driver_run(&vm.driver);
	vm.driver.q[TX].desc[first].len = 20;
	assert_true(driver_add(&vm.driver, TX, &out[1], 1, NULL, 0) >= 0);
	driver_notify(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_int_equal(port()->output_len, 70);
	assert_memory_equal(port()->output + 60, pattern + 500, 10);
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
}

/* A reset forgets how far a chain was. */
static void test_reset_while_half_sent(void **state)
{
	struct slice out = buffer(100);
	(void)state;

	memcpy(bytes(out), pattern, 100);
	for (unsigned i = 0; i < 2; i++) {
		port()->output_len = 0;
		port()->send =
			i == 0 ? (struct host_script){.limit = {60}, .n = 1} : host_limit(SIZE_MAX);
		assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 8));
		assert_true(driver_add(&vm.driver, TX, &out, 1, NULL, 0) >= 0);
		driver_kick(&vm.driver, TX);
		driver_run(&vm.driver);
	}
	assert_int_equal(port()->output_len, 100);
	assert_memory_equal(port()->output, pattern, 100);
}

/* A chain that has nothing to send comes back. */
static void test_transmit_of_nothing(void **state)
{
	struct slice in = buffer(10);
	uint16_t head;
	uint32_t written;
	(void)state;

	assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 8));
	int added = driver_add(&vm.driver, TX, NULL, 0, &in, 1);
	driver_kick(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
	assert_int_equal(head, added);
	assert_int_equal(written, 0);
	assert_int_equal(port()->sends, 0);
}

/* ---- receive ---- */

struct rx {
	struct slice buffers[8]; /* by head */
	uint8_t got[TOTAL + 1];
	size_t len;
};

static void add_rx(struct rx *rx, struct slice s)
{
	int head = driver_add(&vm.driver, RX, NULL, 0, &s, 1);
	assert_in_range(head, 0, 7);
	rx->buffers[head] = s;
}

/* Takes what arrived and gives the buffers back. */
static void take_received(struct rx *rx)
{
	uint16_t head;
	uint32_t written;

	while (driver_collect(&vm.driver, RX, &head, &written)) {
		struct slice s = rx->buffers[head];
		assert_in_range(written, 1, s.len);
		assert_true(rx->len + written <= TOTAL);
		memcpy(rx->got + rx->len, bytes(s), written);
		memset(bytes(s), 0xee, s.len);
		rx->len += written;
		add_rx(rx, s);
	}
	driver_kick(&vm.driver, RX);
}

static void receive_pattern(uint64_t features, struct host_script script)
{
	struct rx rx = {.len = 0};

	host_free_all(&vm.host);
	assert_true(driver_start(&vm.driver, features, 8));
	console_vm_speak();
	for (unsigned i = 0; i < 8; i++)
		add_rx(&rx, buffer(3 + 40 * i));
	driver_kick(&vm.driver, RX);
	driver_run(&vm.driver);
	host_input(&vm.host, CONSOLE_VM_PORT, pattern, TOTAL);
	port()->recv = script;
	for (unsigned round = 0; rx.len < TOTAL; round++) {
		assert_true(round < 20000);
		dm_port_ready(vm.dm, CONSOLE_VM_PORT);
		driver_run(&vm.driver);
		take_received(&rx);
	}
	assert_memory_equal(rx.got, pattern, TOTAL);
	assert_int_equal(port()->input_at, TOTAL);
}

static void test_receive_loses_nothing(void **state)
{
	(void)state;
	receive_pattern(DRIVER_FEATURES, host_limit(SIZE_MAX));
	receive_pattern(DRIVER_FEATURES, stingy());
	receive_pattern(VIRTIO_FEATURE(VIRTIO_F_VERSION_1), stingy());
}

/*
 * All input is there at once, and buffers come late: after the first port_ready only the driver's
 * own kicks may be needed.
 */
static void receive_by_kicks(uint64_t features)
{
	struct rx rx = {.len = 0};

	host_free_all(&vm.host);
	assert_true(driver_start(&vm.driver, features, 8));
	console_vm_speak();
	host_input(&vm.host, CONSOLE_VM_PORT, pattern, TOTAL);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	driver_run(&vm.driver);
	for (unsigned i = 0; i < 8; i++)
		add_rx(&rx, buffer(100));
	assert_true(driver_kick(&vm.driver, RX));
	for (unsigned round = 0; rx.len < TOTAL; round++) {
		assert_true(round < 200);
		driver_run(&vm.driver);
		take_received(&rx);
	}
	assert_memory_equal(rx.got, pattern, TOTAL);
}

static void test_no_kick_is_lost(void **state)
{
	(void)state;
	receive_by_kicks(DRIVER_FEATURES);
	receive_by_kicks(VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
}

/* Idle receive buffers need no exit when more are added. */
static void test_spare_buffers_need_no_kick(void **state)
{
	static const uint64_t features[] = {VIRTIO_FEATURE(VIRTIO_F_VERSION_1), DRIVER_FEATURES};
	struct slice in = buffer(10);
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		assert_true(driver_start(&vm.driver, features[i], 8));
		console_vm_speak();
		assert_true(driver_add(&vm.driver, RX, NULL, 0, &in, 1) >= 0);
		driver_notify(&vm.driver, RX);
		driver_run(&vm.driver);
		vm.driver.q[RX].kicked_idx = vm.driver.q[RX].avail_idx;
		assert_true(driver_add(&vm.driver, RX, NULL, 0, &in, 1) >= 0);
		assert_false(driver_kick(&vm.driver, RX));
	}
}

/* The host is not even asked, whoever kicks, as long as the driver has transmitted nothing. */
static void check_held_back(void)
{
	struct slice in = buffer(10), nothing = buffer(10);
	uint16_t head;
	uint32_t written;

	port()->recvs = 0;
	host_input(&vm.host, CONSOLE_VM_PORT, pattern, 5);
	assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 8));
	assert_true(driver_add(&vm.driver, RX, NULL, 0, &in, 1) >= 0);
	driver_notify(&vm.driver, RX);
	driver_run(&vm.driver);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	driver_run(&vm.driver);
	assert_true(driver_add(&vm.driver, TX, NULL, 0, &nothing, 1) >= 0);
	driver_kick(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_int_equal(port()->recvs, 0);
	assert_int_equal(port()->input_at, 0);
	assert_false(driver_collect(&vm.driver, RX, &head, &written));
	assert_true(driver_collect(&vm.driver, TX, &head, &written));
}

/* The first byte the driver transmits is enough: the buffers need no kick of their own. */
static void check_released(void)
{
	uint16_t head;
	uint32_t written;

	console_vm_speak();
	assert_true(driver_collect(&vm.driver, RX, &head, &written));
	assert_int_equal(written, 5);
	assert_int_equal(port()->input_at, 5);
	assert_true(driver_irq(&vm.driver));
}

static void test_input_waits_for_the_driver(void **state)
{
	(void)state;
	check_held_back();
	check_released();
}

static void test_reset_holds_back_again(void **state)
{
	(void)state;
	check_held_back();
	check_released();
	check_held_back(); /* starts with the driver's reset */
	check_released();
	dm_reset(vm.dm); /* the VM starts again */
	check_held_back();
	check_released();
}

/* What counts is that the driver transmits, not that the host has room for it. */
static void test_release_needs_no_room(void **state)
{
	struct slice out = buffer(1);
	uint16_t head;
	uint32_t written;
	(void)state;

	check_held_back();
	port()->send = host_limit(0);
	assert_true(driver_add(&vm.driver, TX, &out, 1, NULL, 0) >= 0);
	driver_kick(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_false(driver_collect(&vm.driver, TX, &head, &written));
	assert_true(driver_collect(&vm.driver, RX, &head, &written));
	assert_int_equal(written, 5);
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(driver_read(&vm.driver, VIRTIO_MMIO_DEVICE_ID), 3);
	for (unsigned offset = 0; offset < 16; offset += 4)
		assert_int_equal(driver_config(&vm.driver, offset, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_transmit_loses_nothing, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_transmit_waits_for_the_port, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_transmit_many_pieces, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_transmit_rewritten_while_half_sent, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_reset_while_half_sent, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_transmit_of_nothing, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_receive_loses_nothing, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(test_no_kick_is_lost, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_spare_buffers_need_no_kick, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_input_waits_for_the_driver, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_reset_holds_back_again, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(
			test_release_needs_no_room, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(test_identity, setup, console_vm_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
