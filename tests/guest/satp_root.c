/* SPDX-License-Identifier: MIT */
/*
 * Points the root of the page tables outside of RAM. Not even the trap vector
 * can be fetched after that, so it never passes; the hypervisor has to say what
 * happened and to go on.
 */
#include "tests/guest/paging.h"

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	print("satp points to 0x18000000\n");
	csr_write(satp, SATP_SV39 << 60 | NOTHING >> 12);
	__asm__ volatile("sfence.vma" ::: "memory");
	print("the fetch after satp worked\n");
	guest_shutdown(true);
}
