/* SPDX-License-Identifier: MIT */
/* The physical PLIC's driver on plain memory: which registers of whose context it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "irq/plic.h"

#define CONTEXT   3
#define ENABLE    ((0x2000 + 0x80 * CONTEXT) / 4)
#define THRESHOLD ((0x200000 + 0x1000 * CONTEXT) / 4)
#define CLAIM     (THRESHOLD + 1)

static uint32_t registers[0x204000 / 4];

static void test_init(void **state)
{
	(void)state;
	memset(registers, 0xff, sizeof(registers));
	plic_init((uintptr_t)registers, 95, CONTEXT);
	for (unsigned w = 0; w < 3; w++)
		assert_int_equal(registers[ENABLE + w], 0);
	assert_int_equal(registers[THRESHOLD], 0);
	/* Other contexts, the words past the sources and the priorities are not ours. */
	assert_int_equal(registers[ENABLE - 1], 0xffffffff);
	assert_int_equal(registers[ENABLE + 3], 0xffffffff);
	assert_int_equal(registers[0x1000 / 4 - 1], 0xffffffff);
	assert_int_equal(registers[CLAIM], 0xffffffff);

	/* A device tree's number of sources is not believed past what a PLIC can have. */
	plic_init((uintptr_t)registers, 100000, CONTEXT);
	assert_int_equal(registers[ENABLE + 31], 0);
	assert_int_equal(registers[ENABLE + 32], 0xffffffff);
}

static void test_enable(void **state)
{
	(void)state;
	memset(registers, 0, sizeof(registers));
	plic_init((uintptr_t)registers, 95, CONTEXT);
	plic_enable(10);
	plic_enable(33);
	plic_enable(95);
	assert_int_equal(registers[10], 1);
	assert_int_equal(registers[33], 1);
	assert_int_equal(registers[95], 1);
	assert_int_equal(registers[ENABLE], 1u << 10);
	assert_int_equal(registers[ENABLE + 1], 2);
	plic_enable(34);
	assert_int_equal(registers[ENABLE + 1], 6);
	plic_enable(0);
	plic_enable(96);
	assert_int_equal(registers[0], 0);
	assert_int_equal(registers[96], 0);
	assert_int_equal(registers[ENABLE], 1u << 10);
	assert_int_equal(registers[ENABLE + 3], 0);
}

static void test_claim(void **state)
{
	(void)state;
	plic_init((uintptr_t)registers, 95, CONTEXT);
	registers[CLAIM] = 10;
	assert_int_equal(plic_claim(), 10);
	registers[CLAIM] = 0;
	assert_int_equal(plic_claim(), 0);
	plic_complete(10);
	assert_int_equal(registers[CLAIM], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_enable),
		cmocka_unit_test(test_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
