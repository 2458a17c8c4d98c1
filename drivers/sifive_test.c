/* SPDX-License-Identifier: MIT */
#include "drivers/sifive_test.h"

#include "include/abi/sifive_test.h"

void sifive_test_finish(uintptr_t base, unsigned status)
{
	*(volatile uint32_t *)base = status ? status << 16 | SIFIVE_TEST_FAIL : SIFIVE_TEST_PASS;
}
