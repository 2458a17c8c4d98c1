/* SPDX-License-Identifier: MIT */
/* The guest's clock: read in two halves that belong together, set, its alarm, and odd accesses. */
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

static void can_be_set_in_the_other_order(void **state)
{
	(void)state;
	store(0, 4, 0xfffffff0);
	store(4, 4, 0x10);
	vm.host.time_ns += 0x20;
	assert_int_equal(load(0, 4), 0x10);
	assert_int_equal(load(4, 4), 0x11);
}

/* ---- the alarm ---- */

static void run(void)
{
	while (dm_run(vm.dm))
		;
}

static void arm(uint64_t time)
{
	store(0x0c, 4, time >> 32);
	store(0x08, 4, (uint32_t)time);
	run();
}

static void enable(bool on)
{
	store(0x10, 4, on);
	run();
}

static bool line(void)
{
	return vm.host.irq[GUEST_RTC_IRQ];
}

/* The host's clock reaches `time`, and it says so if it was asked to. */
static void pass_to(uint64_t time)
{
	vm.host.time_ns = time;
	if (vm.host.alarm_ns <= time)
		dm_alarm(vm.dm);
	run();
}

static void alarm_comes(void **state)
{
	(void)state;
	enable(true);
	arm(NOW + 5000);
	assert_int_equal(vm.host.alarm_ns, NOW + 5000);
	assert_int_equal(load(0x18, 4), 1);
	assert_int_equal(load(0x08, 4), (uint32_t)(NOW + 5000));
	assert_int_equal(load(0x0c, 4), (NOW + 5000) >> 32);
	assert_int_equal(load(0x10, 4), 1);
	pass_to(NOW + 4999);
	assert_false(line());
	pass_to(NOW + 5000);
	assert_true(line());
	assert_int_equal(load(0x18, 4), 0);
	assert_int_equal(vm.host.alarm_ns, UINT64_MAX);
	pass_to(NOW + 6000);
	store(0x1c, 4, 1);
	run();
	assert_false(line());
	assert_int_equal(vm.host.irq_rises[GUEST_RTC_IRQ], 1);
}

static void alarm_of_the_past(void **state)
{
	(void)state;
	enable(true);
	arm(NOW);
	assert_true(line());
	assert_int_equal(vm.host.alarm_ns, UINT64_MAX);
	assert_int_equal(load(0x18, 4), 0);
}

static void alarm_can_be_cleared(void **state)
{
	(void)state;
	enable(true);
	arm(NOW + 10);
	store(0x14, 4, 1);
	run();
	assert_int_equal(load(0x18, 4), 0);
	assert_int_equal(vm.host.alarm_ns, UINT64_MAX);
	pass_to(NOW + 20);
	assert_false(line());
}

static void interrupt_waits_for_the_enable(void **state)
{
	(void)state;
	arm(NOW + 10);
	pass_to(NOW + 10);
	assert_false(line());
	enable(true);
	assert_true(line());
	enable(false);
	assert_false(line());
}

static void spurious_alarm(void **state)
{
	(void)state;
	enable(true);
	dm_alarm(vm.dm);
	run();
	assert_false(line());
	arm(NOW + 10);
	dm_alarm(vm.dm);
	run();
	assert_false(line());
	assert_int_equal(vm.host.alarm_ns, NOW + 10);
}

/* The alarm is in the guest's time, which may be any. */
static void alarm_and_a_set_clock(void **state)
{
	(void)state;
	enable(true);
	store(4, 4, 0);
	store(0, 4, 1000);
	arm(1500);
	assert_int_equal(vm.host.alarm_ns, NOW + 500);
	store(4, 4, 0);
	store(0, 4, 1400);
	run();
	assert_int_equal(vm.host.alarm_ns, NOW + 100);
	arm(UINT64_MAX);
	assert_int_equal(vm.host.alarm_ns, UINT64_MAX);
	assert_int_equal(load(0x18, 4), 1);
	store(4, 4, 0xffffffff);
	store(0, 4, 0xffffffff);
	run();
	assert_true(line());
}

static void reset_keeps_only_the_time(void **state)
{
	(void)state;
	enable(true);
	store(4, 4, 0);
	store(0, 4, 1000);
	arm(1000);
	assert_true(line());
	arm(2000);
	assert_int_equal(vm.host.alarm_ns, NOW + 1000);
	dm_reset(vm.dm);
	assert_false(line());
	assert_int_equal(vm.host.alarm_ns, UINT64_MAX);
	for (unsigned offset = 0x08; offset <= 0x18; offset += 4)
		assert_int_equal(load(offset, 4), 0);
	assert_int_equal(load(0, 4), 1000);
	assert_int_equal(load(4, 4), 0);
	enable(true);
	assert_false(line());
}

static void odd_accesses(void **state)
{
	(void)state;
	assert_int_equal(load(0, 8), 0);
	assert_int_equal(load(0, 1), 0);
	assert_int_equal(load(0x1c, 4), 0);
	assert_int_equal(load(0x20, 4), 0);
	assert_int_equal(load(GUEST_RTC_SIZE - 4, 4), 0);
	store(0, 8, 1);
	store(0, 2, 1);
	store(0x10, 8, 1);
	store(0x18, 4, 1);
	store(0x20, 4, 1);
	assert_int_equal(load(0x10, 4), 0);
	assert_int_equal(load(0x18, 4), 0);
	assert_int_equal(load(0, 4), 0x55667788);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, console_vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(halves_belong_together),
		TEST(can_be_set),
		TEST(can_be_set_in_the_other_order),
		TEST(alarm_comes),
		TEST(alarm_of_the_past),
		TEST(alarm_can_be_cleared),
		TEST(interrupt_waits_for_the_enable),
		TEST(spurious_alarm),
		TEST(alarm_and_a_set_clock),
		TEST(reset_keeps_only_the_time),
		TEST(odd_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
