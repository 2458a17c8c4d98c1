/* SPDX-License-Identifier: MIT */
#include "drivers/sifive_test.h"

#define FINISH_PASS 0x5555u
#define FINISH_FAIL 0x3333u /* the status in the high half */

void sifive_test_finish(uintptr_t base, unsigned status)
{
	*(volatile uint32_t *)base = status ? status << 16 | FINISH_FAIL : FINISH_PASS;
}
