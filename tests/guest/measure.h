/* SPDX-License-Identifier: MIT */
/* What a VM can see of those beside it: how late its timer is, and how much of a hart it has. */
#ifndef VESPER_TESTS_GUEST_MEASURE_H
#define VESPER_TESTS_GUEST_MEASURE_H

#include "tests/guest/guest.h"

struct measure_latency {
	uint64_t worst, total; /* ticks from a deadline to the guest's next instruction */
	uint64_t count;
};

/* Sleeps in wfi until one deadline after the other for `ticks`; interrupts are off in sstatus. */
struct measure_latency measure_latency(uint64_t ticks);

/* Computes for `ticks`; returns how many per cent of that time it had a hart. */
uint64_t measure_share(uint64_t ticks);

/* A piece of work that always takes the same number of instructions. */
void measure_work(void);

#endif
