/* SPDX-License-Identifier: MIT */
/* virtio-rng: what is filled and with how much, over both transports and in both rings; drivers that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/small_vm.h"

#define CHAIN_MAX 16384u /* bytes that one chain gets */

static void start(uint64_t features, unsigned size)
{
	host_free_all(&vm.host);
	assert_true(driver_start(&vm.rng, features, size));
}

/* What the scripted host's generator gives from where it is now. */
static void expect_random(const uint8_t *data, size_t len, uint64_t from)
{
	uint8_t expected[CHAIN_MAX];
	struct host copy = {.random = from};

	assert_true(len <= sizeof(expected));
	host_random(&copy, expected, len);
	assert_memory_equal(data, expected, len);
}

static void test_fills(void **state)
{
	static const size_t lengths[] = {1, 7, 64, 4096, CHAIN_MAX};
	static const uint64_t features[] = {DRIVER_FEATURES, DRIVER_PACKED};
	uint8_t in[CHAIN_MAX];

	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		start(features[f], 64);
		for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			uint64_t from = vm.host.random;

			memset(in, 0, sizeof(in));
			assert_int_equal(driver_request(&vm.rng, 0, "", 0, in, lengths[i],
						 1 + lengths[i] / 3),
				lengths[i]);
			expect_random(in, lengths[i], from);
			assert_int_equal(driver_interrupt(&vm.rng), VIRTIO_INTERRUPT_USED);
		}
	}
}

/* A long one gets its beginning filled; what lies behind is not touched. */
static void test_long(void **state)
{
	uint8_t in[3 * CHAIN_MAX];
	uint64_t from = vm.host.random;

	(void)state;
	start(DRIVER_FEATURES, 64);
	assert_int_equal(driver_request(&vm.rng, 0, "", 0, in, sizeof(in), 5000), CHAIN_MAX);
	expect_random(in, CHAIN_MAX, from);
	for (size_t i = CHAIN_MAX; i < sizeof(in); i++)
		assert_int_equal(in[i], 0);
}

/* What the driver wants to be read is none of this device's business. */
static void test_nothing_to_fill(void **state)
{
	uint64_t from = vm.host.random;

	(void)state;
	start(DRIVER_FEATURES, 64);
	assert_int_equal(driver_request(&vm.rng, 0, "x", 1, NULL, 0, 0), 0);
	assert_true(vm.host.random == from);
	uint8_t in[8];
	assert_int_equal(driver_request(&vm.rng, 0, "x", 1, in, sizeof(in), 0), sizeof(in));
}

/* A ring full of chains: one call does a bounded part, and all come back filled in the end. */
static void test_bounded(void **state)
{
	const unsigned n = 256;
	unsigned back = 0, runs = 1;
	uint16_t head;
	uint32_t written;

	(void)state;
	start(DRIVER_FEATURES, n);
	gpa_t addr = host_alloc(&vm.host, n * 8192, 8);
	for (unsigned i = 0; i < n; i++) {
		struct slice s = {gpa(addr.a + i * 8192), 8192};
		assert_true(driver_add(&vm.rng, 0, NULL, 0, &s, 1) >= 0);
	}
	driver_notify(&vm.rng, 0);
	uint64_t before = vm.host.random;
	bool more = dm_run(vm.dm);
	assert_true(more && vm.host.random != before);
	while (driver_collect(&vm.rng, 0, &head, &written))
		back++;
	assert_true(back <= 3);
	while (dm_run(vm.dm))
		runs++;
	while (driver_collect(&vm.rng, 0, &head, &written)) {
		assert_true(written > 0 && written <= 8192);
		back++;
	}
	assert_int_equal(back, n);
	assert_true(runs > 64);
}

static void test_broken(void **state)
{
	(void)state;
	start(DRIVER_FEATURES & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX), 16);
	struct driver_queue *q = &vm.rng.q[0];
	/* A circle, and an address that is not RAM. */
	q->desc[0] =
		(struct virtq_desc){GUEST_RAM_BASE, 16, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 0};
	driver_expose(&vm.rng, 0, 0);
	driver_notify(&vm.rng, 0);
	driver_run(&vm.rng);
	assert_true(driver_read(&vm.rng, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	start(DRIVER_FEATURES, 16);
	q->desc[0] =
		(struct virtq_desc){GUEST_RAM_BASE + SMALL_VM_RAM - 8, 16, VIRTQ_DESC_F_WRITE, 0};
	driver_expose(&vm.rng, 0, 0);
	driver_notify(&vm.rng, 0);
	driver_run(&vm.rng);
	assert_true(driver_read(&vm.rng, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	uint8_t in[8];
	start(DRIVER_FEATURES, 16);
	assert_int_equal(driver_request(&vm.rng, 0, "", 0, in, sizeof(in), 0), sizeof(in));
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(driver_offered(&vm.rng) & 0xffffff, 0);
	if (!vm.rng.pci.present) {
		assert_int_equal(driver_read(&vm.rng, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_RNG);
		assert_int_equal(driver_config(&vm.rng, 0, 4), 0);
	}
	start(DRIVER_FEATURES, 1024);
	assert_int_equal(vm.rng.q[0].size, 1024);
	assert_int_equal(vm.rng.q[1].size, 0);
}

#define BOTH(test)                                                                     \
	cmocka_unit_test_setup_teardown(test, small_vm_setup_mmio, small_vm_teardown), \
		cmocka_unit_test_setup_teardown(test, small_vm_setup_pci, small_vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_fills),
		BOTH(test_long),
		BOTH(test_nothing_to_fill),
		BOTH(test_bounded),
		BOTH(test_broken),
		BOTH(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
