/* SPDX-License-Identifier: MIT */
/* The time can be read without help, never goes back, and moves. */
#include "tests/guest/guest.h"

#define ROUNDS 1000

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t first = guest_time(), last = first;

	(void)hart;
	(void)device_tree;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t now = guest_time();

		CHECK(now >= last, true, "time went back");
		last = now;
	}
	while (guest_time() - first < ROUNDS)
		;
	print_line("sx", "ticks from the first read to the last: ", last - first);
	guest_pass();
}
