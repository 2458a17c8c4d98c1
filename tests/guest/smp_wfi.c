/* SPDX-License-Identifier: MIT */
/*
 * Waiting: wfi ends with an IPI or a timer, whether it is taken or masked by
 * sstatus.SIE, also when it came just before; two harts wake each other many
 * times and no wake-up is lost; wrs.nto ends with a store or an interrupt.
 */
#include "tests/guest/smp.h"

#define ROUNDS   500
#define BACKSTOP (10 * TICKS_PER_SECOND) /* a hart that wakes only by this has lost a wake-up */
#define WRS_NTO  ".4byte 0x00d00073"

static unsigned partner;
static uint64_t boot;
static uint64_t turn;

static void wfi(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

static void set_timer(uint64_t time)
{
	CHECK(SBI(EID_TIME, 0, time).error, 0, "set_timer");
}

/* ---- on one hart ---- */

static void check_alone(void)
{
	struct smp_hart *self = smp_self();
	uint64_t before = smp_interrupts(self, CAUSE_SOFTWARE), deadline;

	csr_write(sie, SIP_SSIP);
	for (unsigned i = 0; i < ROUNDS; i++) { /* pending before the wfi: no wait */
		smp_send_ipi(self->id);
		while (!(csr_read(sip) & SIP_SSIP))
			wfi();
		csr_clear(sip, SIP_SSIP);
	}
	CHECK(smp_interrupts(self, CAUSE_SOFTWARE), before, "traps with sstatus.SIE clear");
	deadline = guest_time() + SMP_MS;
	set_timer(deadline);
	csr_write(sie, SIP_STIP);
	while (!(csr_read(sip) & SIP_STIP))
		wfi();
	CHECK(guest_time() >= deadline, true, "a masked timer was early");
	set_timer(~0ul);
	csr_write(sie, 0ul);
}

/* ---- two harts ---- */

/* Waits for its turn (odd or even) with interrupts taken or masked, and gives it back. */
static void play(uint64_t mine, uint64_t other, bool masked)
{
	csr_write(sie, SIP_SSIP | SIP_STIP);
	set_timer(guest_time() + BACKSTOP);
	for (uint64_t n = mine; n < ROUNDS; n += 2) {
		while (smp_load(&turn) != n) {
			csr_clear(sstatus, SSTATUS_SIE);
			if (smp_load(&turn) != n)
				wfi();
			CHECK(csr_read(sip) & SIP_STIP, 0, "a wake-up was lost");
			if (masked)
				csr_clear(sip, SIP_SSIP);
			else
				csr_set(sstatus, SSTATUS_SIE);
		}
		smp_store(&turn, n + 1);
		smp_send_ipi(other);
	}
	smp_interrupts_off();
	set_timer(~0ul);
}

static void play_second(void *arg)
{
	play(1, boot, arg != NULL);
}

static void check_ping_pong(bool masked)
{
	turn = 0;
	smp_start(partner, play_second, masked ? (void *)1 : NULL);
	play(0, partner, masked);
	smp_join();
	CHECK(turn, ROUNDS, "turns");
	csr_clear(sip, SIP_SSIP);
}

/* ---- Zawrs ---- */

static uint64_t flag;
static uint64_t waits;

/* Loads with a reservation and waits for a store to it, until the value is another. */
static void wait_on_reservation(uint64_t *p, uint64_t old)
{
	uint64_t value;

	for (;;) {
		__asm__ volatile("lr.d %0, (%1)" : "=r"(value) : "r"(p) : "memory");
		if (value != old)
			return;
		__asm__ volatile(WRS_NTO ::: "memory");
		waits++;
	}
}

static void wait_for_store(void *arg)
{
	(void)arg;
	for (uint64_t n = 0; n < 10; n++) {
		wait_on_reservation(&flag, 2 * n);
		smp_store(&flag, 2 * n + 2);
	}
}

static void check_wrs(void)
{
	smp_start(partner, wait_for_store, NULL);
	for (uint64_t n = 0; n < 10; n++) {
		smp_delay(2 * SMP_MS);
		smp_store(&flag, 2 * n + 1);
		SMP_WAIT(smp_load(&flag) == 2 * n + 2, "a store that ends wrs.nto");
	}
	smp_join();
	/* With an interrupt pending it does not wait at all. */
	csr_write(sie, SIP_SSIP);
	smp_send_ipi(boot);
	SMP_WAIT(csr_read(sip) & SIP_SSIP, "an IPI");
	__asm__ volatile("lr.d t0, (%0)\n" WRS_NTO ::"r"(&flag) : "t0", "memory");
	csr_clear(sip, SIP_SSIP);
	csr_write(sie, 0ul);
	print_line("sd", "wrs.nto went on without a store: ", waits);
}

/* A vCPU that sleeps for ever does not keep the VM from ending. */
static void sleep_for_ever(void *arg)
{
	(void)arg;
	smp_interrupts_off();
	for (;;)
		wfi();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	unsigned count = smp_begin(hart);

	CHECK(count > 1, true, "more than one hart");
	boot = hart;
	partner = !hart;
	check_alone();
	check_ping_pong(false);
	check_ping_pong(true);
	if (guest_tree_has(device_tree, "zawrs"))
		check_wrs();
	else
		print("skipped: no Zawrs\n");
	smp_start(partner, sleep_for_ever, NULL);
	smp_delay(2 * SMP_MS);
	CHECK(smp_status(partner), HSM_STARTED, "the status of a hart in wfi");
	guest_pass();
}
