/* SPDX-License-Identifier: MIT */
/*
 * SBI PMU extension (SBI 3.0, chapter 11): the counters of pmu.h. Raw counts
 * come from core and only ever grow; what a guest sees of one is a difference.
 */
#include "sbi/pmu.h"

#include "include/abi/csr.h"
#include "include/abi/sbi.h"
#include "sbi/mask.h"
#include "sbi/memory.h"
#include "sbi/sbi_core.h"
#include "sbi/state.h"

#define BIT(n)   (1ull << (n))
#define HARDWARE (BIT(SBI_PMU_CYCLE) | BIT(SBI_PMU_INSTRET))
#define FIRMWARE (BIT(SBI_PMU_HPM) - BIT(SBI_PMU_FIRMWARE))

struct snapshot {
	uint64_t overflow;
	uint64_t value[64]; /* of the counters of a call, from its counter_idx_base on */
};

static struct sbi_pmu *pmu_of(struct vcpu *vcpu)
{
	return &vcpu_sbi_state(vcpu)->pmu;
}

static bool is_in(uint64_t set, uint64_t n)
{
	return n < SBI_PMU_COUNTERS && set & BIT(n);
}

static uint64_t programmable(struct vcpu *vcpu)
{
	return BIT(SBI_PMU_HPM + vcpu_hpm_count(vcpu)) - BIT(SBI_PMU_HPM);
}

static uint64_t valid(struct vcpu *vcpu)
{
	return HARDWARE | FIRMWARE | programmable(vcpu);
}

/* ---- one counter ---- */

static uint64_t raw(struct vcpu *vcpu, unsigned n)
{
	if (n == SBI_PMU_CYCLE)
		return vcpu_counter_raw(vcpu, VCPU_CYCLES);
	if (n == SBI_PMU_INSTRET)
		return vcpu_counter_raw(vcpu, VCPU_INSTRUCTIONS);
	return vcpu_firmware_event(vcpu, pmu_of(vcpu)->event[n]);
}

static uint64_t value(struct vcpu *vcpu, unsigned n)
{
	const struct sbi_pmu *pmu = pmu_of(vcpu);

	if (HARDWARE & ~pmu->configured & BIT(n))
		return raw(vcpu, n);
	if (!(pmu->started & BIT(n)))
		return pmu->count[n];
	return n >= SBI_PMU_HPM ? vcpu_hpm_read(vcpu, n - SBI_PMU_HPM)
				: pmu->count[n] + raw(vcpu, n);
}

static void start(struct vcpu *vcpu, unsigned n)
{
	struct sbi_pmu *pmu = pmu_of(vcpu);

	if (n >= SBI_PMU_HPM)
		vcpu_hpm_start(vcpu, n - SBI_PMU_HPM, pmu->count[n]);
	else
		pmu->count[n] -= raw(vcpu, n);
	pmu->started |= BIT(n);
}

static void stop(struct vcpu *vcpu, unsigned n)
{
	struct sbi_pmu *pmu = pmu_of(vcpu);

	if (n >= SBI_PMU_HPM && pmu->started & BIT(n))
		pmu->count[n] = vcpu_hpm_stop(vcpu, n - SBI_PMU_HPM);
	else
		pmu->count[n] = value(vcpu, n);
	pmu->started &= ~BIT(n);
}

static bool counts(unsigned n, uint64_t event_idx)
{
	if (n == SBI_PMU_CYCLE)
		return event_idx == SBI_PMU_HW_CPU_CYCLES;
	if (n == SBI_PMU_INSTRET)
		return event_idx == SBI_PMU_HW_INSTRUCTIONS;
	return event_idx >= SBI_PMU_EVENT_FIRMWARE;
}

static void set_configured(struct vcpu *vcpu, uint64_t configured)
{
	uint64_t given_back = pmu_of(vcpu)->configured & ~configured & programmable(vcpu);

	for (; given_back; given_back &= given_back - 1)
		vcpu_hpm_release(vcpu, sbi_mask_lowest(given_back) - SBI_PMU_HPM);
	pmu_of(vcpu)->configured = configured;
	vcpu_trap_counters(vcpu, (uint32_t)(configured & HARDWARE));
}

/* The number of the counter; SBI_PMU_COUNTERS: there is none. */
static unsigned counter_of(struct vcpu *vcpu, unsigned csr)
{
	unsigned hpm = vcpu_hpm_count(vcpu);

	if (csr >= CSR_CYCLE && is_in(HARDWARE, csr - CSR_CYCLE))
		return csr - CSR_CYCLE;
	for (unsigned i = 0; i < hpm; i++)
		if (csr == vcpu_hpm_csr(vcpu, i))
			return SBI_PMU_HPM + i;
	return SBI_PMU_COUNTERS;
}

static unsigned csr_of(struct vcpu *vcpu, unsigned n)
{
	return n >= SBI_PMU_HPM ? vcpu_hpm_csr(vcpu, n - SBI_PMU_HPM) : CSR_CYCLE + n;
}

bool sbi_pmu_read_csr(struct vcpu *vcpu, unsigned csr, uint64_t *out)
{
	unsigned n = counter_of(vcpu, csr);

	if (n == SBI_PMU_COUNTERS)
		return false;
	*out = value(vcpu, n);
	return true;
}

/* ---- the calls ---- */

/* A counter's CSR and its width less one; firmware counters have the width only. */
static struct sbiret get_info(struct vcpu *vcpu, uint64_t n)
{
	uint64_t bits = n >= SBI_PMU_HPM ? vcpu_hpm_width(vcpu) : 64;
	uint64_t width = (bits - 1) << SBI_PMU_INFO_WIDTH_SHIFT;

	if (!is_in(valid(vcpu), n))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	return sbi_value(
		width | (is_in(FIRMWARE, n) ? SBI_PMU_INFO_FIRMWARE : csr_of(vcpu, (unsigned)n)));
}

static bool get_set(struct vcpu *vcpu, const uint64_t *args, uint64_t *set)
{
	return sbi_mask_from(args[1], args[0], valid(vcpu), set);
}

/* What of `set`, none of it programmable, can be configured for the event, first of all; 0: nothing. */
static uint64_t choose(uint64_t set, uint64_t event_idx, uint64_t event_data)
{
	if (!sbi_pmu_event_known(event_idx, event_data))
		return 0;
	while (set && !counts(sbi_mask_lowest(set), event_idx))
		set &= set - 1;
	return set;
}

static struct sbiret configure(struct vcpu *vcpu, unsigned n, uint64_t flags, uint64_t event_idx)
{
	struct sbi_pmu *pmu = pmu_of(vcpu);

	stop(vcpu, n);
	pmu->event[n] = (uint8_t)event_idx;
	if (flags & SBI_PMU_CFG_CLEAR_VALUE)
		pmu->count[n] = 0;
	set_configured(vcpu, pmu->configured | BIT(n));
	if (flags & SBI_PMU_CFG_AUTO_START)
		start(vcpu, n);
	return sbi_value(n);
}

/* The first programmable one of `set`. false: there is none, or it can't count the event. */
static bool configure_programmable(
	struct vcpu *vcpu, uint64_t set, uint64_t flags, uint64_t event_idx, uint64_t event_data)
{
	if (!set || !sbi_pmu_event_programmable(event_idx, event_data))
		return false;
	unsigned n = sbi_mask_lowest(set);

	stop(vcpu, n);
	if (vcpu_hpm_configure(vcpu, n - SBI_PMU_HPM, event_idx, event_data, flags))
		return true;
	set_configured(vcpu, pmu_of(vcpu)->configured & ~BIT(n));
	return false;
}

static struct sbiret config_matching(struct vcpu *vcpu, const uint64_t *args)
{
	uint64_t flags = args[2], event_idx = args[3], set;

	if (flags & ~SBI_PMU_CFG_FLAGS || !get_set(vcpu, args, &set))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (flags & SBI_PMU_CFG_SKIP_MATCH)
		set &= -set;
	else
		set &= ~pmu_of(vcpu)->configured;
	uint64_t of_hart = set & programmable(vcpu);

	set = choose(set & ~of_hart, event_idx, args[4]);
	/* `cycle` and `instret` do not interrupt. */
	if ((!set || vcpu_hpm_overflows(vcpu)) &&
		configure_programmable(vcpu, of_hart, flags, event_idx, args[4]))
		set = of_hart;
	if (!set)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	return configure(vcpu, sbi_mask_lowest(set), flags, event_idx);
}

static struct snapshot *get_snapshot(struct vcpu *vcpu)
{
	uint64_t addr = pmu_of(vcpu)->snapshot;

	return addr == SBI_PMU_NO_SNAPSHOT ? NULL
					   : vcpu_ram(vcpu, gpa(addr), SBI_PMU_SNAPSHOT_SIZE);
}

/* One that is started already is left alone; the others start. One without an event is not valid here. */
static struct sbiret counter_start(struct vcpu *vcpu, const uint64_t *args)
{
	struct sbi_pmu *pmu = pmu_of(vcpu);
	uint64_t flags = args[2], set;
	const struct snapshot *from = NULL;

	if (flags >= SBI_PMU_START_FLAGS || !get_set(vcpu, args, &set) || set & ~pmu->configured)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (flags & SBI_PMU_START_INIT_SNAPSHOT) {
		from = get_snapshot(vcpu);
		if (!from)
			return sbi_error(SBI_ERR_NO_SHMEM);
	}
	long error = set & pmu->started ? SBI_ERR_ALREADY_STARTED : SBI_SUCCESS;

	for (set &= ~pmu->started; set; set &= set - 1) {
		unsigned n = sbi_mask_lowest(set);

		if (from)
			pmu->count[n] = sbi_memory_get(&from->value[n - args[0]]);
		else if (flags & SBI_PMU_START_SET_INIT_VALUE)
			pmu->count[n] = args[3];
		start(vcpu, n);
	}
	return sbi_error(error);
}

/* Those of `set`, counted from `base`. */
static uint64_t overflown(struct vcpu *vcpu, uint64_t set, uint64_t base)
{
	set &= (uint64_t)vcpu_hpm_overflown(vcpu) << SBI_PMU_HPM;
	return set ? set >> base : 0;
}

/* Flags count for one that is stopped already, too. */
static struct sbiret counter_stop(struct vcpu *vcpu, const uint64_t *args)
{
	struct sbi_pmu *pmu = pmu_of(vcpu);
	uint64_t flags = args[2], set;
	struct snapshot *to = NULL;

	if (flags & ~SBI_PMU_STOP_FLAGS || !get_set(vcpu, args, &set))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (flags & SBI_PMU_STOP_TAKE_SNAPSHOT) {
		to = get_snapshot(vcpu);
		if (!to)
			return sbi_error(SBI_ERR_NO_SHMEM);
	}
	long error = set & ~pmu->started ? SBI_ERR_ALREADY_STOPPED : SBI_SUCCESS;

	for (uint64_t left = set; left; left &= left - 1) {
		unsigned n = sbi_mask_lowest(left);

		stop(vcpu, n);
		if (to)
			sbi_memory_put(&to->value[n - args[0]], value(vcpu, n));
	}
	if (to)
		sbi_memory_put(&to->overflow, overflown(vcpu, set, args[0]));
	if (flags & SBI_PMU_STOP_RESET)
		set_configured(vcpu, pmu->configured & ~set);
	return sbi_error(error);
}

static struct sbiret fw_read(struct vcpu *vcpu, uint64_t n, bool high)
{
	if (!is_in(FIRMWARE, n))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	return sbi_value(high ? 0 : value(vcpu, (unsigned)n));
}

static struct sbiret snapshot_set_shmem(struct vcpu *vcpu, uint64_t lo, uint64_t hi, uint64_t flags)
{
	if (flags)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (!sbi_memory_none(lo, hi)) {
		if (lo % SBI_PMU_SNAPSHOT_SIZE)
			return sbi_error(SBI_ERR_INVALID_PARAM);
		if (!sbi_memory_shared(vcpu, lo, hi, SBI_PMU_SNAPSHOT_SIZE))
			return sbi_error(SBI_ERR_INVALID_ADDRESS);
	}
	pmu_of(vcpu)->snapshot = lo;
	return sbi_value(0);
}

struct sbiret sbi_pmu(struct vcpu *vcpu, const uint64_t *args)
{
	switch (args[6]) {
	case SBI_PMU_NUM_COUNTERS:
		return sbi_value(SBI_PMU_HPM + vcpu_hpm_count(vcpu));
	case SBI_PMU_COUNTER_GET_INFO:
		return get_info(vcpu, args[0]);
	case SBI_PMU_CONFIG_MATCHING:
		return config_matching(vcpu, args);
	case SBI_PMU_COUNTER_START:
		return counter_start(vcpu, args);
	case SBI_PMU_COUNTER_STOP:
		return counter_stop(vcpu, args);
	case SBI_PMU_COUNTER_FW_READ:
	case SBI_PMU_COUNTER_FW_READ_HI:
		return fw_read(vcpu, args[0], args[6] == SBI_PMU_COUNTER_FW_READ_HI);
	case SBI_PMU_SNAPSHOT_SET_SHMEM:
		return snapshot_set_shmem(vcpu, args[0], args[1], args[2]);
	case SBI_PMU_EVENT_GET_INFO:
		return sbi_pmu_event_get_info(vcpu, args);
	default:
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	}
}
