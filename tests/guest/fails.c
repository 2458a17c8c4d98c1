/* SPDX-License-Identifier: MIT */
/* A VM that ends badly, by SRST's "system failure", with its other vCPUs running. */
#include "tests/guest/measure.h"
#include "tests/guest/smp.h"

static void burn(void *arg)
{
	(void)arg;
	for (;;)
		measure_work();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	(void)smp_begin(hart);
	smp_start_others(burn, NULL);
	smp_delay(100 * SMP_MS);
	guest_shutdown(true);
}
