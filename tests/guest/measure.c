/* SPDX-License-Identifier: MIT */
/*
 * The share is told by a piece of work that takes the same time whenever it is
 * not interrupted: as often as it was done, times its shortest time, of all.
 */
#include "tests/guest/measure.h"

#define WORK_ROUNDS 5000
#define INTERVAL    (TICKS_PER_SECOND / 1000)

void measure_work(void)
{
	uint64_t rounds = WORK_ROUNDS;

	__asm__ volatile("1: addi %0, %0, -1\n"
			 "   bnez %0, 1b\n"
			 : "+r"(rounds));
}

uint64_t measure_share(uint64_t ticks)
{
	uint64_t start = guest_time(), before = start, best = ~0ul, done = 0;

	while (before - start < ticks) {
		measure_work();
		uint64_t now = guest_time();

		if (now - before < best)
			best = now - before;
		before = now;
		done++;
	}
	return done * best * 100 / (before - start);
}

static uint64_t sleep_until(uint64_t deadline)
{
	CHECK(SBI(EID_TIME, 0, deadline).error, 0, "set_timer");
	while ((csr_read(sip) & SIP_STIP) == 0)
		__asm__ volatile("wfi");
	uint64_t now = guest_time();

	if ((int64_t)(now - deadline) < 0)
		guest_fail("the timer was early", now, deadline);
	return now - deadline;
}

struct measure_latency measure_latency(uint64_t ticks)
{
	struct measure_latency result = {0};
	uint64_t start = guest_time();

	csr_write(sie, SIP_STIP);
	while (guest_time() - start < ticks) {
		uint64_t late =
			sleep_until(guest_time() + INTERVAL / 2 + guest_random() % INTERVAL);

		result.worst = late > result.worst ? late : result.worst;
		result.total += late;
		result.count++;
	}
	csr_write(sie, 0ul);
	CHECK(SBI(EID_TIME, 0, ~0ul).error, 0, "set_timer");
	return result;
}
