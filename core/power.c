/* SPDX-License-Identifier: MIT */
#include "core/power.h"

#include "core/csr.h"
#include "core/firmware.h"
#include "drivers/sifive_test.h"
#include "include/abi/sbi.h"

static uint64_t test_finisher, second;

void power_init(uint64_t finisher, uint64_t timebase_hz)
{
	test_finisher = finisher;
	second = timebase_hz;
}

/* A simulator ends a moment after it was told; the firmware's reset would change its status meanwhile. */
static void finish(unsigned status)
{
	uint64_t start = csr_read(time);

	sifive_test_finish(test_finisher, status);
	while (csr_read(time) - start < second)
		;
}

_Noreturn void power_off(unsigned status)
{
	if (test_finisher)
		finish(status);
	firmware_call(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_SHUTDOWN,
		status ? SBI_SRST_SYSTEM_FAILURE : SBI_SRST_NO_REASON, 0);
	firmware_call(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}
