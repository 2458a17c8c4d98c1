/* SPDX-License-Identifier: MIT */
/*
 * The events that a vCPU's counters can count (SBI 3.0, 11.1 to 11.6 and
 * 11.15). Cycles and instructions are the hart's; what its programmable
 * counters can count, the firmware knows. Vesper is the firmware whose events are counted.
 */
#include "include/abi/sbi.h"
#include "sbi/memory.h"
#include "sbi/pmu.h"

/* So that a call's work is bounded; there are not as many events. */
#define ENTRIES_MAX 512

struct entry {
	uint32_t event_idx, output;
	uint64_t event_data;
};

bool sbi_pmu_event_known(uint64_t event_idx, uint64_t event_data)
{
	if (event_data)
		return false; /* reserved for all of these */
	return event_idx == (SBI_PMU_EVENT_HARDWARE | SBI_PMU_HW_CPU_CYCLES) ||
	       event_idx == (SBI_PMU_EVENT_HARDWARE | SBI_PMU_HW_INSTRUCTIONS) ||
	       (event_idx >= SBI_PMU_EVENT_FIRMWARE &&
		       event_idx < (SBI_PMU_EVENT_FIRMWARE | SBI_PMU_FW_HFENCE_GVMA_SENT));
}

static bool is_general(uint64_t event_idx)
{
	return event_idx >> 16 <= SBI_PMU_EVENT_CACHE >> 16;
}

bool sbi_pmu_event_programmable(uint64_t event_idx, uint64_t event_data)
{
	if (is_general(event_idx))
		return event_idx && !event_data;
	return event_idx == SBI_PMU_EVENT_RAW || event_idx == SBI_PMU_EVENT_RAW_V2;
}

static bool can_count(struct vcpu *vcpu, uint32_t event_idx, uint64_t data)
{
	return sbi_pmu_event_known(event_idx, data) ||
	       (vcpu_hpm_count(vcpu) && sbi_pmu_event_programmable(event_idx, data) &&
		       vcpu_hpm_possible(vcpu, event_idx, data));
}

/* false: a reserved bit is set. The guest may rewrite it meanwhile. */
static bool answer(struct vcpu *vcpu, struct entry *entry)
{
	uint32_t event_idx = __atomic_load_n(&entry->event_idx, __ATOMIC_RELAXED);
	/* Types 0 and 1 have no data, and the word counts for nothing. */
	uint64_t data = is_general(event_idx) ? 0 : sbi_memory_get(&entry->event_data);

	if (event_idx >> SBI_PMU_EVENT_BITS)
		return false;
	__atomic_store_n(
		&entry->output, (uint32_t)can_count(vcpu, event_idx, data), __ATOMIC_RELAXED);
	return true;
}

struct sbiret sbi_pmu_event_get_info(struct vcpu *vcpu, const uint64_t *args)
{
	uint64_t lo = args[0], hi = args[1], n = args[2], flags = args[3];

	if (flags || lo % sizeof(struct entry))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (!n)
		return sbi_value(0);
	if (n > ENTRIES_MAX)
		return sbi_error(SBI_ERR_FAILED);
	struct entry *entries = sbi_memory_shared(vcpu, lo, hi, n * sizeof(struct entry));

	if (!entries)
		return sbi_error(SBI_ERR_INVALID_ADDRESS);
	for (uint64_t i = 0; i < n; i++)
		if (!answer(vcpu, &entries[i]))
			return sbi_error(SBI_ERR_INVALID_PARAM);
	return sbi_value(0);
}
