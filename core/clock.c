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

/* Seconds and the rest apart, so that the product fits 64 bits. */
uint64_t clock_ticks_to_ns(uint64_t ticks)
{
	return ticks / hz * 1000000000ull + ticks % hz * 1000000000ull / hz;
}

uint64_t clock_now_ns(void)
{
	return origin_ns + clock_ticks_to_ns(csr_read(time) - start);
}

uint64_t clock_ticks_at(uint64_t ns)
{
	uint64_t span = ns > origin_ns ? ns - origin_ns : 0, ticks;

	/* What 64 bits of ticks can't hold is further off than any machine runs. */
	if (__builtin_mul_overflow(span / 1000000000ull + 1, hz, &ticks))
		return UINT64_MAX;
	return start + span / 1000000000ull * hz + span % 1000000000ull * hz / 1000000000ull + 1;
}
