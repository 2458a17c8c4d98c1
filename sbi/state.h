/* SPDX-License-Identifier: MIT */
/*
 * What the SBI server remembers of one vCPU and of one VM. core keeps both,
 * hands them out by vcpu_sbi_state() and vcpu_sbi_vm(), and resets them.
 */
#ifndef VESPER_SBI_STATE_H
#define VESPER_SBI_STATE_H

#include "sbi/pmu.h"
#include "sbi/sse.h"

struct sbi_state {
	struct sbi_pmu pmu;
	struct sbi_sse_vcpu sse;
	uint32_t fwft_locked; /* bit n: feature n */
};

struct sbi_vm {
	struct sbi_sse_vm sse;
};

/*
 * As after a reset, for a vCPU that is not running; not for the way out of a non-retentive suspend. core sets
 * hcounteren and henvcfg to their reset values itself.
 */
static inline void sbi_state_reset(struct sbi_state *state)
{
	*state = (struct sbi_state){.pmu = {.snapshot = SBI_PMU_NO_SNAPSHOT}};
}

/* For a VM none of whose vCPUs is running. */
static inline void sbi_vm_reset(struct sbi_vm *vm)
{
	*vm = (struct sbi_vm){0};
}

#endif
