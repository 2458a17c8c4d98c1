/* SPDX-License-Identifier: MIT */
/* The guest's test finisher: what ends the VM, how, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sim/console_vm.h"

static void commands(void **state)
{
	static const struct {
		uint64_t offset, value;
		unsigned size, ends;
		enum dm_end how;
		unsigned status;
	} rows[] = {
		{0, 0x5555, 4, 1, DM_POWER_OFF, 0},
		{0, 0x13333, 4, 1, DM_POWER_OFF, 1},
		{0, 0xff3333, 4, 1, DM_POWER_OFF, 255},
		{0, 0xabcd3333, 4, 1, DM_POWER_OFF, 0xcd},
		{0, 0x7777, 4, 1, DM_REBOOT, 0},
		{0, 0x1234, 4, 0, DM_POWER_OFF, 0},
		{0, 0x5555, 2, 0, DM_POWER_OFF, 0},
		{0, 0x5555, 8, 0, DM_POWER_OFF, 0},
		{4, 0x5555, 4, 0, DM_POWER_OFF, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vm.host.ends = 0;
		assert_true(dm_mmio_write(vm.dm, gpa(GUEST_FINISHER_BASE + rows[i].offset),
			rows[i].size, rows[i].value));
		assert_int_equal(vm.host.ends, rows[i].ends);
		if (!rows[i].ends)
			continue;
		assert_int_equal(vm.host.end_how, rows[i].how);
		assert_int_equal(vm.host.end_status, rows[i].status);
	}
}

static void window(void **state)
{
	uint64_t value = 1;

	(void)state;
	assert_true(dm_mmio_read(vm.dm, gpa(GUEST_FINISHER_BASE), 4, &value));
	assert_int_equal(value, 0);
	assert_false(dm_mmio_read(vm.dm, gpa(GUEST_FINISHER_BASE - 4), 4, &value));
	assert_false(dm_mmio_write(vm.dm, gpa(GUEST_RTC_BASE + GUEST_RTC_SIZE), 4, 0x5555));
	assert_int_equal(vm.host.ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands, console_vm_setup, console_vm_teardown),
		cmocka_unit_test_setup_teardown(window, console_vm_setup, console_vm_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
