/* SPDX-License-Identifier: MIT */
/*
 * A timer fires at its deadline and not before it, stays pending until it gets
 * a new one, and stays quiet when that one is far away.
 */
#include "tests/guest/timer.h"

#define ROUNDS   20
#define INTERVAL 5000 /* ticks: 0.5 ms at 10 MHz */
#define NEVER    (~0ul)

static void wait_for_interrupt(uint64_t before)
{
	csr_set(sie, SIP_STIP);
	while (guest_last_trap.interrupts == before)
		guest_sleep();
	CHECK(guest_last_trap.cause, CAUSE_TIMER, "scause");
}

static void check_fires(void (*set_deadline)(uint64_t), uint64_t distance)
{
	uint64_t before = guest_last_trap.interrupts, deadline = guest_time() + distance;

	set_deadline(deadline);
	wait_for_interrupt(before);
	CHECK((int64_t)(guest_time() - deadline) >= 0, true, "the timer was early");
	CHECK(csr_read(sip) & SIP_STIP, SIP_STIP, "pending until a new deadline");
	set_deadline(NEVER);
	CHECK(csr_read(sip) & SIP_STIP, 0, "a new deadline clears it");
}

/* A deadline that came before it was cancelled says nothing: QEMU's timer, which has run out, may ring after that. */
static void check_stays_quiet(void (*set_deadline)(uint64_t))
{
	uint64_t start, before = guest_last_trap.interrupts;

	do {
		start = guest_time();
		set_deadline(start + INTERVAL);
		set_deadline(NEVER);
	} while (guest_time() - start >= INTERVAL);
	csr_set(sie, SIP_STIP);
	csr_set(sstatus, SSTATUS_SIE);
	while (guest_time() - start < 3 * INTERVAL)
		;
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sie, SIP_STIP);
	CHECK(guest_last_trap.interrupts, before, "a cancelled timer fired");
}

/* wfi ends with an interrupt that sie has enabled, though sstatus.SIE holds it back. */
static void check_wfi_without_trap(void (*set_deadline)(uint64_t))
{
	uint64_t deadline = guest_time() + INTERVAL, before = guest_last_trap.interrupts;

	csr_set(sie, SIP_STIP);
	set_deadline(deadline);
	while ((csr_read(sip) & SIP_STIP) == 0)
		__asm__ volatile("wfi");
	CHECK(guest_time() >= deadline, true, "pending before its time");
	CHECK(guest_last_trap.interrupts, before, "an interrupt with SIE clear");
	set_deadline(NEVER);
	csr_clear(sie, SIP_STIP);
}

void timer_check(void (*set_deadline)(uint64_t time))
{
	for (unsigned i = 0; i < ROUNDS; i++)
		check_fires(set_deadline, INTERVAL);
	check_fires(set_deadline, 0);
	check_fires(set_deadline, -guest_time()); /* a deadline long past */
	check_stays_quiet(set_deadline);
	check_wfi_without_trap(set_deadline);
	print_line("sx", "timer interrupts: ", guest_last_trap.interrupts);
}
