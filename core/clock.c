/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#include "core/csr.h"

static uint64_t start, hz, origin_ns;

void clock_init(uint64_t start_ns, uint64_t timebase_hz)
{
	start = csr_read(time);
	hz = timebase_hz;
	origin_ns = start_ns;
}

uint64_t clock_now_ns(void)
{
	uint64_t ticks = csr_read(time) - start;

	/* Seconds and the rest apart, so that the product fits 64 bits. */
	return origin_ns + ticks / hz * 1000000000ull + ticks % hz * 1000000000ull / hz;
}
