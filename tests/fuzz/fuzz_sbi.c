/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls with any registers from any hart: nothing out of
 * bounds, a bounded amount of work each, an error from the list, and what the
 * server remembers stays whole.
 */
#include <string.h>

#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "tests/unit/sbi_mock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t eids[] = {SBI_EXT_LEGACY_SET_TIMER, SBI_EXT_LEGACY_PUTCHAR,
	SBI_EXT_LEGACY_GETCHAR, SBI_EXT_LEGACY_CLEAR_IPI, SBI_EXT_LEGACY_SEND_IPI,
	SBI_EXT_LEGACY_REMOTE_FENCE_I, SBI_EXT_LEGACY_REMOTE_SFENCE_VMA,
	SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID, SBI_EXT_LEGACY_SHUTDOWN, SBI_EXT_BASE, SBI_EXT_HSM,
	SBI_EXT_IPI, SBI_EXT_DBCN, SBI_EXT_RFENCE, SBI_EXT_SRST, SBI_EXT_TIME, SBI_EXT_SUSP,
	SBI_EXT_STA, SBI_EXT_FWFT, SBI_EXT_PMU, SBI_EXT_PMU, SBI_EXT_SSE, SBI_EXT_SSE};
#define N_EIDS (sizeof(eids) / sizeof(eids[0]))

static const uint32_t sse_events[] = {SBI_SSE_LOCAL_SOFTWARE, SBI_SSE_GLOBAL_SOFTWARE};

/* One call of the input: what is likely to be interesting is a byte away. */
struct step {
	uint8_t eid, fid; /* eid past the list: the registers as they are */
	uint8_t ram;      /* bit n: a<n> is an offset into or around RAM */
	uint8_t mask;     /* a word for the legacy masks */
	uint8_t caller;
	uint8_t small; /* a0..a2 are small numbers, or a0 is an event */
	uint64_t regs[8];
} __attribute__((packed));

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void set_registers(const struct step *step, uint64_t *regs)
{
	memcpy(regs, step->regs, sizeof(step->regs));
	if (step->eid < N_EIDS) {
		regs[7] = eids[step->eid];
		regs[6] = step->fid;
	}
	for (unsigned i = 0; i < 6; i++)
		if (step->ram >> i & 1)
			regs[i] = MOCK_RAM_BASE - 16 + regs[i] % (MOCK_RAM_SIZE + 32);
	for (unsigned i = 0; i < 3; i++)
		if (step->small >> i & 1)
			regs[i] %= 24;
	if (step->small & 128)
		regs[3] = MOCK_CACHE_EVENT;
	if (step->small & 8)
		regs[0] = sse_events[regs[0] % 2];
	if (step->small & 16)
		regs[3] = (regs[3] & 1 ? SBI_PMU_EVENT_FIRMWARE : 0) | (regs[3] >> 1) % 32;
	if (step->small & 32)
		regs[4] = 0;
	for (unsigned i = 0; i < 4; i++)
		if (step->small & 64)
			regs[i] &= ~0xfffull;
}

static void check_error(const uint64_t *before, struct sbiret ret)
{
	if (!sbi_probe(before[7]))
		require(ret.error == SBI_ERR_NOT_SUPPORTED);
	if (before[7] <= SBI_EXT_LEGACY_SHUTDOWN)
		require(ret.value == (long)before[1]);
	else if (before[7] != SBI_EXT_SSE || before[6] != SBI_SSE_COMPLETE)
		require(ret.error <= 0 && ret.error >= SBI_ERR_DENIED_LOCKED);
}

static void check_state(const struct vcpu *v)
{
	const struct sbi_pmu *pmu = &v->sbi.pmu;
	const struct sbi_sse_event *local = &v->sbi.sse.local;

	require(!(pmu->started & ~pmu->configured));
	require(!(pmu->configured &
		  ~(0x7fffdull | ((1ull << mock.hpm_counters) - 1) << SBI_PMU_HPM)));
	for (unsigned i = 0; i < mock.hpm_counters; i++) {
		require(v->hpm[i].configured == (pmu->configured >> (SBI_PMU_HPM + i) & 1));
		require(v->hpm[i].started == (pmu->started >> (SBI_PMU_HPM + i) & 1));
	}
	require(v->trapped_counters == (pmu->configured & 5));
	require(v->steal_area == UINT64_MAX || !(v->steal_area % SBI_STA_SIZE));
	require(local->attr[SBI_SSE_ATTR_STATUS] <= SBI_SSE_RUNNING);
	require(!(local->attr[SBI_SSE_ATTR_ENTRY_PC] & 1));
	require(mock.sbi.sse.global.attr[SBI_SSE_ATTR_PREFERRED_HART] < mock.count);
	require(!mock.sbi.sse.lock.held);
}

/* What core would do before the vCPU goes on. */
static void go_on(struct vcpu *v)
{
	if (v->notified)
		sbi_sse_deliver(v);
	v->notified = false;
	for (unsigned i = 0; i < MOCK_EVENTS; i++)
		v->events[i] += i;
	v->raw[VCPU_CYCLES] += 1000;
	v->raw[VCPU_INSTRUCTIONS] += 700;
	for (unsigned i = 0; i < mock.hpm_counters; i++) {
		v->hpm[i].value += i;
		v->hpm[i].overflown = v->hpm[i].started && v->raw[VCPU_CYCLES] % 3 == i;
	}
}

static void run(const struct step *step)
{
	uint64_t regs[8], value;
	struct vcpu *v = &mock.vcpu[step->caller % mock.count];

	mock.caller = step->caller % mock.count;
	set_registers(step, regs);
	mock.mask = step->mask;
	mock.output_len = 0;
	mock.ram_asked = 0;
	check_error(regs, sbi_call(v, regs));
	require(mock.output_len <= 256);
	require(mock.ram_asked <= (regs[7] == SBI_EXT_PMU ? 8192 : 257));
	go_on(v);
	require(sbi_pmu_read_csr(v, 0xc00, &value) && !sbi_pmu_read_csr(v, 0xc01, &value));
	check_state(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	if (!size)
		return 0;
	mock_reset(1 + data[0] % MOCK_VCPUS);
	mock.input_len = sizeof(mock.input);
	mock.hpm_counters = data[0] >> 6;
	mock.hpm_overflows = data[0] & 1;
	mock.envcfg_supported = data[0] & 1 ? ~0ull : 0;
	for (size_t at = 1; size - at >= sizeof(step); at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		run(&step);
	}
	return 0;
}
