/* SPDX-License-Identifier: MIT */
/*
 * The other vCPUs are started where there is no program, at addresses of RAM that
 * nobody has touched or that hold zeros, while the first one computes. They have
 * no trap handler either: a hypervisor may see that they fault for ever and end
 * the VM, or let them.
 */
#include "tests/guest/measure.h"
#include "tests/guest/smp.h"

static uint8_t zeros[8192] __attribute__((aligned(4096)));

void guest_main(uint64_t hart, const void *device_tree)
{
	const uint64_t wild[] = {RAM_END - 2, (uint64_t)zeros, RAM_END - 0x200000,
		(uint64_t)zeros + 4094, RAM_END - 0x400000 - 2};
	unsigned count = smp_begin(hart);

	(void)device_tree;
	for (unsigned other = 0; other < count; other++)
		if (other != hart)
			CHECK(SBI(EID_HSM, 0, other, wild[other % 5], 0).error, 0, "hart_start");
	(void)measure_share(TICKS_PER_SECOND);
	guest_pass();
}
