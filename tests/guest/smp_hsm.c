/* SPDX-License-Identifier: MIT */
/*
 * Harts start, stop and suspend: the state of each as the others see it, what a
 * hart starts with, the errors, and a race of all harts to start the same one.
 */
#include "tests/guest/smp.h"

#define RESTARTS      20
#define NO_HART       99
#define NON_RETENTIVE 0x80000000ul
#define COOKIE        0x5e7f00d5e7f00dul

static bool native;
static unsigned count;
static uint64_t boot;
static volatile uint64_t reached; /* by the last of a hart's actions */

static long start_at(uint64_t hart, uint64_t address)
{
	return SBI(EID_HSM, 0, hart, address, (uint64_t)&smp_harts[hart % SMP_MAX]).error;
}

static void check_errors(uint64_t hart)
{
	static const uint64_t wrong[] = {0, RAM_BASE - 2, RAM_END, NOTHING, VIRTIO(0), PLIC,
		1ul << 40, ~1ul, RAM_BASE | 1ul << 63, 0x100000000ul | RAM_BASE};
	uint64_t entry = (uint64_t)smp_entry;

	CHECK(start_at(NO_HART, entry), SBI_INVALID_PARAM, "hart_start of no hart");
	CHECK(start_at(count, entry), SBI_INVALID_PARAM, "hart_start of one past the last");
	CHECK(start_at(boot, entry), SBI_ALREADY_AVAIL, "hart_start of itself");
	CHECK(SBI(EID_HSM, 2, count).error, SBI_INVALID_PARAM, "hart_get_status");
	CHECK(SBI(EID_HSM, 3, 0x1234, 0, 0).error < 0, true, "hart_suspend of a reserved type");
	if (native) /* firmware leaves these to the physical memory attributes */
		return;
	CHECK(start_at(1ul << 32 | hart, entry), SBI_INVALID_PARAM, "hart_start of hart 2^32");
	CHECK(start_at(hart, entry + 1), SBI_INVALID_ADDR, "hart_start at an odd address");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CHECK(start_at(hart, wrong[i]), SBI_INVALID_ADDR, "hart_start outside of RAM");
		CHECK(SBI(EID_HSM, 3, NON_RETENTIVE, wrong[i], 0).error, SBI_INVALID_ADDR,
			"hart_suspend to outside of RAM");
		CHECK(smp_status(hart), HSM_STOPPED, "the status after a refused start");
	}
}

/* ---- what a hart starts with ---- */

static void started(void *arg)
{
	struct smp_hart *self = smp_self();

	CHECK(arg, &smp_harts[self->id], "the argument");
	CHECK(self->start_satp, 0, "satp of a hart that starts");
	CHECK(self->start_sstatus & SSTATUS_SIE, 0, "sstatus.SIE of a hart that starts");
	CHECK(smp_status(self->id), HSM_STARTED, "its own status");
	smp_store(&reached, self->id);
	while (smp_load(&reached) == self->id)
		smp_relax();
}

static void check_start(uint64_t hart)
{
	CHECK(smp_status(hart), HSM_STOPPED, "the status before the start");
	reached = ~0ul;
	smp_start(hart, started, &smp_harts[hart]);
	SMP_WAIT(smp_load(&reached) == hart, "a started hart");
	CHECK(smp_status(hart), HSM_STARTED, "the status of a hart that runs");
	CHECK(start_at(hart, (uint64_t)smp_entry), SBI_ALREADY_AVAIL, "a second hart_start");
	smp_store(&reached, ~0ul);
	smp_wait_status(hart, HSM_STOPPED, "the status after hart_stop");
}

static void nothing(void *arg)
{
	(void)arg;
}

static void check_restarts(void)
{
	uint64_t before[SMP_MAX];

	for (unsigned hart = 0; hart < count; hart++)
		before[hart] = smp_harts[hart].starts;
	for (unsigned i = 0; i < RESTARTS; i++) {
		smp_start_others(nothing, NULL);
		smp_join();
	}
	for (unsigned hart = 0; hart < count; hart++)
		CHECK(smp_harts[hart].starts - before[hart], hart == boot ? 0 : RESTARTS,
			"how often a hart was started");
}

/* ---- suspend ---- */

static void suspend_retentive(void *arg)
{
	struct smp_hart *self = smp_self();

	(void)arg;
	csr_write(sscratch, COOKIE); /* no trap is taken: sstatus.SIE is 0 */
	csr_write(sie, SIP_SSIP);
	CHECK(SBI(EID_HSM, 3, 0, 0, 0).error, 0, "hart_suspend");
	uint64_t scratch = csr_read(sscratch), sie = csr_read(sie);

	csr_write(sscratch, self);
	CHECK(scratch, COOKIE, "sscratch after a retentive suspend");
	CHECK(sie, SIP_SSIP, "sie after a retentive suspend");
	CHECK(csr_read(sip) & SIP_SSIP, SIP_SSIP, "what woke it");
	csr_clear(sip, SIP_SSIP);
	smp_store(&reached, self->id);
}

static void resumed(void *arg)
{
	struct smp_hart *self = smp_self();

	(void)arg;
	CHECK(self->start_satp, 0, "satp after a non-retentive suspend");
	CHECK(self->start_sstatus & SSTATUS_SIE, 0, "sstatus.SIE after it");
	csr_clear(sip, SIP_SSIP);
	smp_store(&reached, self->id);
}

static void suspend_nonretentive(void *arg)
{
	struct smp_hart *self = smp_self();

	(void)arg;
	self->fn = resumed;
	csr_write(sie, SIP_SSIP);
	long error = SBI(EID_HSM, 3, NON_RETENTIVE, (uint64_t)smp_entry, (uint64_t)self).error;
	guest_fail("hart_suspend, non-retentive", (uint64_t)error, 0);
}

static void check_suspend(uint64_t hart, smp_fn fn)
{
	reached = ~0ul;
	smp_start(hart, fn, NULL);
	smp_wait_status(hart, HSM_SUSPENDED, "the status of a suspended hart");
	smp_delay(SMP_MS);
	CHECK(smp_status(hart), HSM_SUSPENDED, "it goes on without an interrupt");
	CHECK(start_at(hart, (uint64_t)smp_entry) < 0, true, "hart_start of a suspended hart");
	smp_send_ipi(hart);
	SMP_WAIT(smp_load(&reached) == hart, "a suspended hart that was woken");
	smp_wait_status(hart, HSM_STOPPED, "the status after it");
}

/* ---- a race ---- */

static struct smp_barrier line;
static uint64_t contested, won, lost;

static void race(void *arg)
{
	(void)arg;
	smp_barrier(&line);
	long error = start_at(contested, (uint64_t)smp_entry);

	/* Firmware says INVALID_PARAM while the hart is on its way. */
	CHECK(error == 0 || error == SBI_ALREADY_AVAIL || (native && error == SBI_INVALID_PARAM),
		true, "the answer of a contested start");
	smp_add(error ? &lost : &won, 1);
	/* Nobody stops before all have tried, or it could be started twice. */
	smp_barrier(&line);
}

static void wait_for_the_race(void *arg)
{
	(void)arg;
	SMP_WAIT(smp_load(&won) + smp_load(&lost) == line.n, "the end of a race");
}

static void check_race(uint64_t hart)
{
	uint64_t before = smp_harts[hart].starts;

	contested = hart;
	won = lost = 0;
	line = (struct smp_barrier){.n = count - 1};
	smp_harts[hart].fn = wait_for_the_race;
	for (unsigned other = 0; other < count; other++)
		if (other != hart && other != boot)
			smp_start(other, race, NULL);
	race(NULL);
	smp_join();
	CHECK(won, 1, "the winners of a race");
	CHECK(smp_harts[hart].starts - before, 1, "the starts of a race");
}

/* The boot hart may stop as well; another one ends the payload. */
static void last(void *arg)
{
	(void)arg;
	smp_wait_status(boot, HSM_STOPPED, "the boot hart does not stop");
	guest_pass();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	native = guest_is_native();
	boot = hart;
	count = smp_begin(hart);
	print_line("sd", "harts: ", (uint64_t)count);
	CHECK(count > 1, true, "more than one hart");
	check_errors(!boot);
	for (unsigned other = 0; other < count; other++) {
		if (other == boot)
			continue;
		check_start(other);
		check_suspend(other, suspend_retentive);
		check_suspend(other, suspend_nonretentive);
		check_race(other);
	}
	check_restarts();
	smp_start(!boot, last, NULL);
	guest_fail("hart_stop came back", (uint64_t)SBI(EID_HSM, 1).error, 0);
}
