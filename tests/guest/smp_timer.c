/* SPDX-License-Identifier: MIT */
/*
 * A timer for each hart. All at once they sleep, never wake early, and mostly
 * not late, first with the harts to themselves and then with every second
 * vCPU burning all it can get. latency-max-ms= is the bound.
 */
#include "tests/guest/measure.h"
#include "tests/guest/smp.h"

#define PERIOD (300 * SMP_MS)
#define US(t)  ((t) / (TICKS_PER_SECOND / 1000000))

static unsigned count;
static bool stop;
static uint64_t bound, worst;
static struct smp_barrier line;

static void raise_to(uint64_t *maximum, uint64_t value)
{
	uint64_t seen = smp_load(maximum);

	while (seen < value && !__atomic_compare_exchange_n(maximum, &seen, value, false,
				       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void sleep_often(void *arg)
{
	(void)arg;
	struct measure_latency late = measure_latency(PERIOD);

	CHECK(late.count > 3, true, "timers that fired");
	raise_to(&worst, late.worst);
}

static void burn(void *arg)
{
	(void)arg;
	while (!smp_load(&stop))
		measure_work();
}

/* Each hart has a deadline of its own, and only its own timer fires. */
static void own_deadline(void *arg)
{
	struct smp_hart *self = smp_self();
	uint64_t before = smp_interrupts(self, CAUSE_TIMER), start, deadline;

	(void)arg;
	smp_barrier(&line);
	start = guest_time();
	deadline = start + (self->id + 1) * 5 * SMP_MS;
	CHECK(SBI(EID_TIME, 0, deadline).error, 0, "set_timer");
	csr_write(sie, SIP_STIP);
	while (smp_interrupts(self, CAUSE_TIMER) == before)
		guest_sleep();
	if (guest_time() < deadline)
		guest_fail("a timer was taken early", guest_time(), deadline);
	smp_interrupts_on(SIP_STIP); /* it stays pending */
	SMP_WAIT(smp_interrupts(self, CAUSE_TIMER) == before + 2, "a timer that is still due");
	CHECK(SBI(EID_TIME, 0, ~0ul).error, 0, "set_timer");
	csr_set(sie, SIP_STIP);
	smp_delay(5 * SMP_MS);
	smp_interrupts_off();
	CHECK(smp_interrupts(self, CAUSE_TIMER), before + 2, "interrupts of its own timer");
}

static void report(const char *when)
{
	print_line("ssds", when, ": worst latency ", US(worst), " us");
	CHECK(worst < bound, true, "the worst latency is below its bound");
	worst = 0;
}

void guest_main(uint64_t hart, const void *device_tree)
{
	count = smp_begin(hart);
	bound = guest_option(device_tree, "latency-max-ms=", 1000) * SMP_MS;
	print_line("sd", "harts: ", (uint64_t)count);
	line = (struct smp_barrier){.n = count};
	smp_start_others(own_deadline, NULL);
	own_deadline(NULL);
	smp_join();
	smp_start_others(sleep_often, NULL);
	sleep_often(NULL);
	smp_join();
	report("all sleep");
	for (unsigned other = 0; other < count; other++)
		if (other != hart)
			smp_start(other, (other - hart) % 2 ? burn : sleep_often, NULL);
	sleep_often(NULL);
	smp_store(&stop, true);
	smp_join();
	report("every second one burns");
	guest_pass();
}
