/* SPDX-License-Identifier: MIT */
/*
 * Every vCPU sends IPIs to whom chance says, as fast as it can for seconds= (1),
 * also by the legacy call, and takes those that it gets.
 */
#include "tests/guest/smp.h"

#define LEGACY_IPI 4

static struct smp_barrier line;
static uint64_t ticks, calls, done;

static long send_any(uint64_t few)
{
	uint64_t mask = smp_random();

	switch (smp_random() % 8) {
	case 0:
		return SBI(EID_IPI, 0, mask, smp_random() % 70).error;
	case 1:
		return SBI(EID_IPI, 0, mask, ~0ul).error;
	case 2:
		mask &= few;
		return SBI(LEGACY_IPI, 0, (uint64_t)&mask).error;
	default:
		return SBI(EID_IPI, 0, mask & few, 0).error;
	}
}

static void send(void *arg)
{
	uint64_t n = 0, n_done = 0, few = (1ul << smp_count()) - 1, start;

	(void)arg;
	smp_interrupts_on(SIP_SSIP);
	smp_barrier(&line);
	start = guest_time();
	while (guest_time() - start < ticks) {
		long error = send_any(few);

		CHECK(error == 0 || error == SBI_INVALID_PARAM, true, "the answer of send_ipi");
		n++;
		n_done += error == 0;
	}
	smp_barrier(&line); /* nobody stops before the last IPI was sent */
	smp_interrupts_off();
	smp_add(&calls, n);
	smp_add(&done, n_done);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t taken = 0;
	unsigned count = smp_begin(hart);

	line.n = count;
	ticks = guest_option(device_tree, "seconds=", 1) * TICKS_PER_SECOND;
	smp_start_others(send, NULL);
	send(NULL);
	smp_join();
	for (unsigned i = 0; i < count; i++) {
		CHECK(smp_interrupts(&smp_harts[i], CAUSE_SOFTWARE) > 0, true, "IPIs of a hart");
		taken += smp_interrupts(&smp_harts[i], CAUSE_SOFTWARE);
	}
	print_line("sdsdsd", "calls ", calls, ", done ", done, ", IPIs taken ", taken);
	guest_pass();
}
