/* SPDX-License-Identifier: MIT */
/* Timer interrupts by SBI: the TIME extension, then the legacy call. */
#include "tests/guest/timer.h"

static void set_by_time(uint64_t time)
{
	CHECK(SBI(EID_TIME, 0, time).error, 0, "set_timer");
}

static void set_by_legacy(uint64_t time)
{
	CHECK(SBI(EID_SET_TIMER, 0, time).error, 0, "legacy set_timer");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	timer_check(set_by_time);
	timer_check(set_by_legacy);
	guest_pass();
}
