/* SPDX-License-Identifier: MIT */
/* The guest's clock: read in two halves that belong together, set, and odd accesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sim/console_vm.h"

#define NOW 0x1122334455667788ull

static int setup(void **state)
{
	(void)state;
	console_vm_open(CONSOLE_VM_RAM);
	vm.host.time_ns = NOW;
	return 0;
}

static uint64_t load(unsigned offset, unsigned size)
{
	uint64_t value = ~0ull;

	assert_true(dm_mmio_read(vm.dm, gpa(GUEST_RTC_BASE + offset), size, &value));
	return value;
}

static void store(unsigned offset, unsigned size, uint64_t value)
{
	assert_true(dm_mmio_write(vm.dm, gpa(GUEST_RTC_BASE + offset), size, value));
}

static void halves_belong_together(void **state)
{
	(void)state;
	assert_int_equal(load(0, 4), 0x55667788);
	vm.host.time_ns += 1ull << 32; /* between the two reads */
	assert_int_equal(load(4, 4), 0x11223344);
	assert_int_equal(load(0, 4), 0x55667788);
	assert_int_equal(load(4, 4), 0x11223345);
}

static void can_be_set(void **state)
{
	(void)state;
	store(4, 4, 0x10);
	store(0, 4, 0xfffffff0);
	vm.host.time_ns += 0x20;
	assert_int_equal(load(0, 4), 0x10);
	assert_int_equal(load(4, 4), 0x11);
}

static void odd_accesses(void **state)
{
	(void)state;
	assert_int_equal(load(0, 8), 0);
	assert_int_equal(load(0, 1), 0);
	assert_int_equal(load(8, 4), 0);
	assert_int_equal(load(GUEST_RTC_SIZE - 4, 4), 0);
	store(0, 8, 1);
	store(0, 2, 1);
	store(0x10, 4, 1);
	assert_int_equal(load(0, 4), 0x55667788);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(halves_belong_together, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(can_be_set, setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(odd_accesses, setup, console_vm_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
