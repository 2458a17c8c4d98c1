/* SPDX-License-Identifier: MIT */
/* Timer interrupts by Sstc, where the hart lets the guest have it. */
#include "tests/guest/timer.h"

#define STIMECMP "0x14d" /* the assembler may not know its name */

static uint64_t write_stimecmp(uint64_t time, uint64_t unused)
{
	(void)unused;
	__asm__ volatile("csrw " STIMECMP ", %0" ::"r"(time) : "memory");
	return 0;
}

static void set_by_sstc(uint64_t time)
{
	(void)write_stimecmp(time, 0);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	struct outcome outcome = guest_try(write_stimecmp, ~0ul, 0);

	if (outcome.cause != NO_TRAP) {
		CHECK(outcome.cause, CAUSE_ILLEGAL, "scause of a write to stimecmp");
		print("skipped: stimecmp is not there\n");
		guest_pass();
	}
	timer_check(set_by_sstc);
	guest_pass();
}
