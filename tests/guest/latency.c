/* SPDX-License-Identifier: MIT */
/*
 * How late the timer of a VM is and how much of a hart it gets, for seconds= (2)
 * each, while others do what they like. It prints the figures for whoever runs
 * it to judge, and fails when the worst latency is latency-max-ms= (1000) or
 * its share below share-min= (0) per cent.
 */
#include "tests/guest/measure.h"

#define TICKS_PER_US (TICKS_PER_SECOND / 1000000)

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t ticks = guest_option(device_tree, "seconds=", 2) * TICKS_PER_SECOND;
	struct measure_latency late = measure_latency(ticks);
	uint64_t worst_us = late.worst / TICKS_PER_US;
	uint64_t mean_us = late.total / late.count / TICKS_PER_US;
	uint64_t share = measure_share(ticks);

	(void)hart;
	print_line("sdsdsdsd", "timers ", late.count, ", worst-us ", worst_us, ", mean-us ",
		mean_us, ", share-percent ", share);
	CHECK(late.count > 10, true, "timers that fired");
	CHECK(worst_us < guest_option(device_tree, "latency-max-ms=", 1000) * 1000, true,
		"the worst latency is below its bound");
	CHECK(share >= guest_option(device_tree, "share-min=", 0), true, "the share of a hart");
	guest_pass();
}
