/* SPDX-License-Identifier: MIT */
/*
 * What came to the SBI with versions 2 and 3, as far as a guest with one hart
 * can see it work: events that interrupt it, counters that count and stand,
 * features, steal time.
 */
#include "include/abi/sbi.h"
#include "tests/guest/guest.h"

#define PMU_ALL  0x7fffdull
#define FW_TIMER (SBI_PMU_EVENT_FIRMWARE | SBI_PMU_FW_SET_TIMER)

/* The handler's a7 is its argument, the address of one of these; it uses nothing else. */
static volatile uint64_t seen[2];

void handler(void);
__asm__(".text\n.balign 4\nhandler:\n"
	"	sd	a7, 0(a7)\n"
	"	li	a7, 0x535345\n"
	"	li	a6, 6\n"
	"	ecall\n"
	"1:	j	1b\n");

static void test_event(uint64_t event, volatile uint64_t *flag)
{
	for (unsigned round = 0; round < 3; round++) {
		*flag = 0;
		CHECK(SBI(SBI_EXT_SSE, SBI_SSE_INJECT, event, 0).error, 0, "inject");
		CHECK(*flag, (uint64_t)flag, "the handler ran");
	}
}

static void test_events(void)
{
	static const uint64_t events[] = {SBI_SSE_LOCAL_SOFTWARE, SBI_SSE_GLOBAL_SOFTWARE};

	for (unsigned i = 0; i < 2; i++) {
		CHECK(SBI(SBI_EXT_SSE, SBI_SSE_REGISTER, events[i], (uint64_t)handler,
			      (uint64_t)&seen[i])
				.error,
			0, "register");
		CHECK(SBI(SBI_EXT_SSE, SBI_SSE_ENABLE, events[i]).error, 0, "enable");
		CHECK(SBI(SBI_EXT_SSE, SBI_SSE_INJECT, events[i], 0).error, 0, "inject, masked");
		CHECK(seen[i], 0, "masked");
	}
	CHECK(SBI(SBI_EXT_SSE, SBI_SSE_HART_UNMASK).error, 0, "unmask");
	CHECK(seen[0] && seen[1], true, "both came");
	test_event(events[0], &seen[0]);
	test_event(events[1], &seen[1]);
}

static uint64_t read_cycle(void)
{
	uint64_t value;

	__asm__ volatile("csrr %0, cycle" : "=r"(value));
	return value;
}

static void test_counters(void)
{
	struct sbi_result r = SBI(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, 0, PMU_ALL,
		SBI_PMU_CFG_CLEAR_VALUE, SBI_PMU_HW_CPU_CYCLES, 0);
	uint64_t a, b;

	CHECK(r.error, 0, "cycles");
	CHECK(r.value, 0, "counter 0");
	CHECK(read_cycle(), 0, "it is cleared, and stands");
	CHECK(SBI(SBI_EXT_PMU, SBI_PMU_COUNTER_START, 0, 1, SBI_PMU_START_SET_INIT_VALUE, 1000)
			.error,
		0, "start");
	a = read_cycle();
	b = read_cycle();
	CHECK(a >= 1000 && b > a && b < 10000000, true, "it counts");
	CHECK(SBI(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, 0, 1, 0).error, 0, "stop");
	a = read_cycle();
	CHECK(read_cycle(), a, "it stands");
	CHECK(SBI(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, 0, 1, SBI_PMU_STOP_RESET).error,
		SBI_ERR_ALREADY_STOPPED, "reset");
	a = read_cycle();
	CHECK(read_cycle() > a, true, "it is the hart's again");

	r = SBI(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, 0, PMU_ALL, SBI_PMU_CFG_AUTO_START, FW_TIMER,
		0);
	CHECK(r.error, 0, "firmware event");
	for (unsigned i = 0; i < 5; i++)
		SBI(EID_TIME, 0, ~0ul);
	CHECK(SBI(SBI_EXT_PMU, SBI_PMU_COUNTER_FW_READ, r.value).value, 5, "five timers were set");
}

static void test_features(void)
{
	struct sbi_result r = SBI(SBI_EXT_FWFT, SBI_FWFT_GET, SBI_FWFT_PTE_AD_HW_UPDATING);

	CHECK(SBI(SBI_EXT_FWFT, SBI_FWFT_GET, SBI_FWFT_MISALIGNED_EXC_DELEG).value, 1,
		"misaligned");
	if (r.error == SBI_ERR_NOT_SUPPORTED)
		return;
	CHECK(r.value <= 1, true, "on or off");
	CHECK(SBI(SBI_EXT_FWFT, SBI_FWFT_SET, SBI_FWFT_PTE_AD_HW_UPDATING, 1, 1).error, 0, "on");
	CHECK(SBI(SBI_EXT_FWFT, SBI_FWFT_GET, SBI_FWFT_PTE_AD_HW_UPDATING).value, 1, "is on");
	CHECK(SBI(SBI_EXT_FWFT, SBI_FWFT_SET, SBI_FWFT_PTE_AD_HW_UPDATING, 0, 0).error,
		SBI_ERR_DENIED_LOCKED, "locked");
}

static void test_steal(void)
{
	static uint64_t area[8] __attribute__((aligned(64))) = {1, 1, 1, 1, 1, 1, 1, 1};

	CHECK(SBI(SBI_EXT_STA, SBI_STA_SET_SHMEM, (uint64_t)area, 0, 0).error, 0, "steal time");
	CHECK(area[7] | area[3], 0, "zeroed");
	CHECK(SBI(SBI_EXT_STA, SBI_STA_SET_SHMEM, ~0ul, ~0ul, 0).error, 0, "no more");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	test_events();
	test_counters();
	test_features();
	test_steal();
	guest_pass();
}
