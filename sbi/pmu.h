/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's performance counters as its guest sees them. Numbers 0 and 2 are
 * `cycle` and `instret`, as the CSRs count, 1 (`time`) is none, and the rest
 * are firmware counters of any firmware event and, where the machine has them,
 * programmable ones, whose values core holds while they are started.
 *
 * A counter that the guest has configured stops, starts and holds a value of
 * its own; a CSR that stands for one is trapped and read by sbi_pmu_read_csr.
 * While it is not configured the guest reads the hart's.
 */
#ifndef VESPER_SBI_PMU_H
#define VESPER_SBI_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "sbi/sbi.h"

#define SBI_PMU_CYCLE    0
#define SBI_PMU_INSTRET  2
#define SBI_PMU_FIRMWARE 3  /* the first of them */
#define SBI_PMU_HPM      19 /* the first of the programmable ones */
#define SBI_PMU_HPM_MAX  8
#define SBI_PMU_COUNTERS (SBI_PMU_HPM + SBI_PMU_HPM_MAX)

#define SBI_PMU_NO_SNAPSHOT UINT64_MAX

struct sbi_pmu {
	uint64_t configured, started; /* sets of counters; all that are started are configured */
	uint64_t count[SBI_PMU_COUNTERS]; /* started: less the raw count; else the value */
	uint8_t event[SBI_PMU_COUNTERS];  /* firmware counters: the code of the event */
	uint64_t snapshot;                /* GPA of the shared memory */
};

/*
 * The vCPU read counter `csr` and trapped, because vcpu_trap_counters() had it so. false: it is none of those, and
 * the instruction is illegal.
 */
bool sbi_pmu_read_csr(struct vcpu *vcpu, unsigned csr, uint64_t *value);

/* ---- pmu_event.c ---- */

/* Is there a counter for it that is not programmable? */
bool sbi_pmu_event_known(uint64_t event_idx, uint64_t event_data);
/* May a programmable one be asked? */
bool sbi_pmu_event_programmable(uint64_t event_idx, uint64_t event_data);
struct sbiret sbi_pmu_event_get_info(struct vcpu *vcpu, const uint64_t *args);

#endif
