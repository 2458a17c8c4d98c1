/* SPDX-License-Identifier: MIT */
/* All vCPUs compute for seconds= (1; 0: for ever), interrupts off, and never give a hart away. */
#include "tests/guest/measure.h"
#include "tests/guest/smp.h"

static uint64_t ticks;

static void burn(void *arg)
{
	uint64_t start = guest_time();

	(void)arg;
	while (!ticks || guest_time() - start < ticks)
		measure_work();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)smp_begin(hart);
	ticks = guest_option(device_tree, "seconds=", 1) * TICKS_PER_SECOND;
	smp_start_others(burn, NULL);
	burn(NULL);
	guest_pass();
}
