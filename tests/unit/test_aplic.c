/* SPDX-License-Identifier: MIT */
/* The physical APLIC's driver on plain memory: which registers of the domain it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "irq/aplic.h"

#define SOURCECFG(s) (s)
#define SETIENUM     (0x1edc / 4)
#define SETIPNUM_LE  (0x2000 / 4)
#define TARGET(s)    (0x3000 / 4 + (s))
#define IDC(hart)    ((0x4000 + 0x20 * (hart)) / 4)
#define UNTOUCHED    0xffffffff

static uint32_t registers[0x5000 / 4];

static int fresh(void **state)
{
	(void)state;
	memset(registers, 0xff, sizeof(registers));
	return 0;
}

static void test_init_msi(void **state)
{
	(void)state;
	aplic_init_msi((uintptr_t)registers, 95);
	assert_int_equal(registers[0], 0x104);
	for (unsigned s = 1; s <= 95; s++)
		assert_int_equal(registers[SOURCECFG(s)], 0);
	assert_int_equal(registers[SOURCECFG(96)], UNTOUCHED);
	assert_int_equal(registers[IDC(0)], UNTOUCHED);

	/* A device tree's number of sources is not believed past what an APLIC can have. */
	aplic_init_msi((uintptr_t)registers, 100000);
	assert_int_equal(registers[SOURCECFG(1023)], 0);
	assert_int_equal(registers[SOURCECFG(1024)], UNTOUCHED);
}

static void test_enable_msi(void **state)
{
	(void)state;
	aplic_init_msi((uintptr_t)registers, 95);
	aplic_enable(10, 3, 77, false);
	assert_int_equal(registers[SOURCECFG(10)], 6);
	assert_int_equal(registers[TARGET(10)], 3u << 18 | 77);
	assert_int_equal(registers[SETIENUM], 10);
	assert_int_equal(registers[SETIPNUM_LE], 10); /* the line may be high already */
	registers[SETIPNUM_LE] = 0;
	aplic_complete(10);
	assert_int_equal(registers[SETIPNUM_LE], 10);
	registers[SETIPNUM_LE] = 0;
	aplic_enable(11, 3, 78, true);
	assert_int_equal(registers[SOURCECFG(11)], 4);
	assert_int_equal(registers[TARGET(11)], 3u << 18 | 78);
	assert_int_equal(registers[SETIENUM], 11);
	assert_int_equal(registers[SETIPNUM_LE], 0); /* an edge that was is not one */
	aplic_enable(10, 3, 77, false);
	aplic_enable(0, 3, 77, false);
	aplic_enable(96, 3, 77, false);
	assert_int_equal(registers[0], 0x104);
	assert_int_equal(registers[TARGET(0)], UNTOUCHED);
	assert_int_equal(registers[SOURCECFG(96)], UNTOUCHED);
	assert_int_equal(registers[TARGET(96)], UNTOUCHED);
	assert_int_equal(registers[SETIENUM], 10);
}

static void test_direct(void **state)
{
	(void)state;
	aplic_init_direct((uintptr_t)registers, 95, 2);
	assert_int_equal(registers[0], 0x100);
	assert_int_equal(registers[SOURCECFG(95)], 0);
	assert_int_equal(registers[IDC(2)], 1);     /* idelivery */
	assert_int_equal(registers[IDC(2) + 2], 0); /* ithreshold */
	assert_int_equal(registers[IDC(1)], UNTOUCHED);
	assert_int_equal(registers[IDC(3)], UNTOUCHED);
	aplic_enable(10, 2, 77, false);
	assert_int_equal(registers[SOURCECFG(10)], 6);
	assert_int_equal(registers[TARGET(10)], 2u << 18 | 1); /* a priority, not an identity */
	assert_int_equal(registers[SETIENUM], 10);
	registers[IDC(2) + 7] = 10u << 16 | 1;
	assert_int_equal(aplic_claim(), 10);
	aplic_complete(10);
	assert_int_equal(registers[SETIPNUM_LE], UNTOUCHED); /* nothing to do */
	registers[IDC(2) + 7] = 0;
	assert_int_equal(aplic_claim(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_init_msi, fresh),
		cmocka_unit_test_setup(test_enable_msi, fresh),
		cmocka_unit_test_setup(test_direct, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
