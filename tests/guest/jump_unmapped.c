/* SPDX-License-Identifier: MIT */
/*
 * Jumps to an address with nothing behind it, its trap vector at another one:
 * the guest can make no progress after its first fault, and that is its own
 * affair. It never passes; the hypervisor has to say what happened and to go on.
 */
#include "tests/guest/guest.h"

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	print("jumping to 0x40000000\n");
	csr_write(stvec, 0ul);
	((void (*)(void))0x40000000ul)();
}
