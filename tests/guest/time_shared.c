/* SPDX-License-Identifier: MIT */
/*
 * A vCPU that computes all the time gets its share of the harts, over each of some
 * periods: no less than share-min= per cent and no more than share-max=.
 */
#include "tests/guest/measure.h"

#define PERIODS 4

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t least = guest_option(device_tree, "share-min=", 0);
	uint64_t most = guest_option(device_tree, "share-max=", 100);

	(void)hart;
	for (unsigned i = 0; i < PERIODS; i++) {
		uint64_t share = measure_share(TICKS_PER_SECOND / 2);

		print_line("sds", "share ", share, " %");
		CHECK(share >= least, true, "no less than its share");
		CHECK(share <= most, true, "no more than its share");
	}
	guest_pass();
}
