/* SPDX-License-Identifier: MIT */
/* `Hi!` through the legacy putchar, then an instruction that is defined to be illegal. */
#include "tests/guest/guest.h"

void guest_trap(struct trap_frame *frame)
{
	uint64_t cause = csr_read(scause);

	(void)frame;
	print_line("sxsxsx", "trap: scause ", cause, " stval ", csr_read(stval), " sepc ",
		csr_read(sepc));
	CHECK(cause, CAUSE_ILLEGAL, "scause");
	CHECK(*(const uint16_t *)csr_read(sepc), 0, "the instruction at sepc");
	guest_pass();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	print("Hi!\n");
	__asm__ volatile("unimp");
}
