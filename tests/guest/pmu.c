/* SPDX-License-Identifier: MIT */
/*
 * The programmable counters, where the machine has any: one counts while it is
 * started and no longer, also across other VMs on the hart, and its overflow
 * interrupts where the guest has Sscofpmf. tag=N goes into the counters' values;
 * with quiet=1 the payload causes few of the events that its peer causes many of.
 */
#include "include/abi/sbi.h"
#include "tests/guest/guest.h"

#define CSR_HPM       0xc03 /* the first that QEMU has */
#define HPM_MAX       8
#define FIRMWARE_ALL  0x7fffdul /* without the programmable ones */
#define DTLB_READ     0x10019   /* cache event: data TLB, read, miss */
#define CAUSE_LCOFI   (CAUSE_INTERRUPT | 13)
#define SIP_LCOFI     (1ul << 13)
#define SNAPSHOT_SIZE 4096

static uint64_t first, count; /* the programmable counters' numbers */
static uint64_t snapshot[SNAPSHOT_SIZE / 8] __attribute__((aligned(SNAPSHOT_SIZE)));

static struct sbi_result pmu(uint64_t fid, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return SBI(SBI_EXT_PMU, fid, a, b, c, d, 0);
}

#define CASE(n)                                                                   \
	case n:                                                                   \
		__asm__ volatile("csrr %0, 0xc03 + " #n : "=r"(value)::"memory"); \
		break

static uint64_t read_counter(uint64_t n, uint64_t unused)
{
	uint64_t value = 0;

	(void)unused;
	switch (n - first) {
		CASE(0);
		CASE(1);
		CASE(2);
		CASE(3);
		CASE(4);
		CASE(5);
		CASE(6);
		CASE(7);
	}
	return value;
}

static uint64_t read_other(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	return csr_read(hpmcounter18);
}

static uint64_t counter(uint64_t n)
{
	return read_counter(n, 0);
}

static void find_counters(void)
{
	uint64_t n = (uint64_t)pmu(SBI_PMU_NUM_COUNTERS, 0, 0, 0, 0).value;

	for (uint64_t i = 3; i < n; i++) {
		struct sbi_result r = pmu(SBI_PMU_COUNTER_GET_INFO, i, 0, 0, 0);

		CHECK(r.error, 0, "counter_get_info");
		if ((uint64_t)r.value & SBI_PMU_INFO_FIRMWARE)
			continue;
		if (!count++)
			first = i;
		CHECK(r.value & 0xfff, CSR_HPM + i - first, "its CSR");
	}
	CHECK(count <= HPM_MAX, true, "their number");
}

static struct sbi_result configure(uint64_t event, uint64_t flags)
{
	return pmu(SBI_PMU_CONFIG_MATCHING, first, (1ul << count) - 1, flags, event);
}

static uint64_t configured(uint64_t event, uint64_t flags)
{
	struct sbi_result r = configure(event, flags);

	CHECK(r.error, 0, "config_matching");
	CHECK(r.value >= (long)first && r.value < (long)(first + count), true, "its counter");
	return (uint64_t)r.value;
}

static void start(uint64_t n, uint64_t value)
{
	CHECK(pmu(SBI_PMU_COUNTER_START, n, 1, SBI_PMU_START_SET_INIT_VALUE, value).error, 0,
		"start");
}

static void stop(uint64_t n, uint64_t flags)
{
	CHECK(pmu(SBI_PMU_COUNTER_STOP, n, 1, flags, 0).error, 0, "stop");
}

static void give_back(uint64_t n)
{
	CHECK(pmu(SBI_PMU_COUNTER_STOP, n, 1, SBI_PMU_STOP_RESET, 0).error, SBI_ERR_ALREADY_STOPPED,
		"stop and reset");
}

/* The guest's translations go, so that the next load misses. */
static void miss(unsigned n)
{
	static volatile uint64_t word;

	for (; n; n--) {
		__asm__ volatile("sfence.vma" ::: "memory");
		(void)word;
	}
}

/* ---- one counter ---- */

static void check_counts(uint64_t event)
{
	uint64_t n = configured(event, SBI_PMU_CFG_CLEAR_VALUE), before;

	CHECK(counter(n), 0, "cleared");
	miss(100);
	CHECK(counter(n), 0, "it is not started");
	start(n, 1000);
	miss(100);
	before = counter(n);
	CHECK(before > 1000, true, "it counts");
	miss(100);
	CHECK(counter(n) > before, true, "it goes on counting");
	CHECK(pmu(SBI_PMU_COUNTER_START, n, 1, 0, 0).error, SBI_ERR_ALREADY_STARTED, "again");
	stop(n, 0);
	before = counter(n);
	CHECK(before > 1000 && before < 1ul << 40, true, "what it counted");
	miss(100);
	CHECK(counter(n), before, "it stands");
	CHECK(pmu(SBI_PMU_COUNTER_START, n, 1, 0, 0).error, 0, "start again");
	miss(100);
	stop(n, 0);
	CHECK(counter(n) > before, true, "it went on from there");
	give_back(n);
	CHECK(pmu(SBI_PMU_COUNTER_START, n, 1, 0, 0).error, SBI_INVALID_PARAM, "given back");
}

static void check_all(void)
{
	uint64_t taken = 0;
	bool counts = false;
	struct sbi_result r;

	for (uint64_t i = 0; i < count; i++)
		taken |= 1ul << configured(DTLB_READ, SBI_PMU_CFG_AUTO_START);
	CHECK(taken, ((1ul << count) - 1) << first, "each once");
	CHECK(configure(DTLB_READ, 0).error, SBI_NOT_SUPPORTED, "and no more");
	miss(100);
	for (uint64_t i = first; i < first + count; i++) {
		counts |= counter(i) > 0;
		stop(i, SBI_PMU_STOP_RESET);
	}
	CHECK(counts, true, "QEMU counts an event once only");
	CHECK(configure(SBI_PMU_EVENT_CACHE | 0xfff8, 0).error, SBI_NOT_SUPPORTED, "no such event");
	r = pmu(SBI_PMU_CONFIG_MATCHING, 0, FIRMWARE_ALL, 0, DTLB_READ);
	CHECK(r.error, SBI_NOT_SUPPORTED, "the other counters can't");
	CHECK(guest_try(read_other, 0, 0).cause, CAUSE_ILLEGAL, "a counter that is not there");
}

/* ---- overflow ---- */

static void enable_overflow(void)
{
	csr_set(sie, SIP_LCOFI);
	csr_set(sstatus, SSTATUS_SIE);
}

static void disable_overflow(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sip, SIP_LCOFI);
}

static void wait_for(uint64_t ticks, uint64_t interrupts, unsigned misses)
{
	uint64_t begin = guest_time();

	while (guest_last_trap.interrupts == interrupts && guest_time() - begin < ticks)
		miss(misses);
}

static void check_overflow(uint64_t event, uint64_t distance)
{
	uint64_t n = configured(event, SBI_PMU_CFG_CLEAR_VALUE);
	uint64_t before = guest_last_trap.interrupts;

	CHECK(csr_read(sip) & SIP_LCOFI, 0, "no overflow yet");
	start(n, -distance);
	enable_overflow();
	wait_for(10 * TICKS_PER_SECOND, before, 1);
	CHECK(guest_last_trap.interrupts, before + 1, "overflow interrupts");
	CHECK(guest_last_trap.cause, CAUSE_LCOFI, "scause");
	disable_overflow();
	CHECK(csr_read(sip) & SIP_LCOFI, 0, "the guest clears it");
	snapshot[0] = 0x1234;
	stop(n, SBI_PMU_STOP_TAKE_SNAPSHOT);
	CHECK(snapshot[0], 1, "the overflow bitmap");
	CHECK(snapshot[1] < 1ul << 40, true, "it went past 0");
	CHECK(counter(n), snapshot[1], "the snapshot's value");
	/* Far from it. */
	start(n, 0);
	enable_overflow();
	wait_for(TICKS_PER_SECOND / 50, before + 1, 1);
	disable_overflow();
	CHECK(guest_last_trap.interrupts, before + 1, "no further overflow");
	stop(n, SBI_PMU_STOP_TAKE_SNAPSHOT);
	CHECK(snapshot[0], 0, "the overflow bitmap after a start");
	give_back(n);
}

static void check_overflows(void)
{
	CHECK(pmu(SBI_PMU_SNAPSHOT_SET_SHMEM, (uint64_t)snapshot, 0, 0, 0).error, 0, "snapshot");
	check_overflow(DTLB_READ, 1000);
	check_overflow(SBI_PMU_HW_CPU_CYCLES, 1000000);
	check_overflow(SBI_PMU_HW_INSTRUCTIONS, 1000000);
	/* What can interrupt is better than `cycle`. */
	CHECK(pmu(SBI_PMU_CONFIG_MATCHING, 0, ((1ul << count) - 1) << first | 1, 0,
		      SBI_PMU_HW_CPU_CYCLES)
			.value,
		first, "cycles");
	give_back(first);
}

/* ---- beside another VM ---- */

#define QUIET 20000ul /* misses in two seconds; its peer has many times as many */

static void check_apart(uint64_t tag, bool quiet)
{
	uint64_t n = configured(DTLB_READ, SBI_PMU_CFG_CLEAR_VALUE), value = tag << 40;
	uint64_t begin, made = 0, misses;
	unsigned round = quiet ? 10 : 1000;

	start(n, value);
	begin = guest_time();
	do {
		/* Each exit is a few misses of the guest's own, where the hart then forgets translations. */
		if (quiet)
			wait_for(TICKS_PER_SECOND / 20, guest_last_trap.interrupts, 0);
		miss(round);
		made += round;
		value = counter(n);
		CHECK(value >> 40, tag, "the value is this VM's");
	} while (guest_time() - begin < 2 * TICKS_PER_SECOND);
	stop(n, 0);
	misses = counter(n) - (tag << 40);
	print_line("sdsdsd", "tag ", tag, " misses ", misses, " of ", made);
	CHECK(misses >= made, true, "all are counted");
	CHECK(quiet ? misses < QUIET : misses > 2 * QUIET, true, "and the peer's are not");
	give_back(n);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t tag = guest_option(device_tree, "tag=", 0);

	(void)hart;
	find_counters();
	if (!count) {
		print("skipped: no programmable counters\n");
		guest_pass();
	}
	if (tag) {
		check_apart(tag, guest_option(device_tree, "quiet=", 0));
		guest_pass();
	}
	check_counts(DTLB_READ);
	if (configure(SBI_PMU_HW_CPU_CYCLES, 0).error == 0) {
		give_back(first);
		check_counts(SBI_PMU_HW_CPU_CYCLES);
	} else {
		CHECK(guest_tree_has(device_tree, "sscofpmf"), false, "cycles on hpmcounter");
	}
	check_all();
	if (guest_tree_has(device_tree, "sscofpmf"))
		check_overflows();
	else
		print("skipped: no Sscofpmf\n");
	guest_pass();
}
