/* SPDX-License-Identifier: MIT */
/*
 * The harts' programmable counters, lent to the vCPU that is loaded. The
 * firmware's own SBI PMU configures them. A vCPU's are taken from it when it
 * leaves its hart and configured anew where it is loaded, so they count for
 * nobody else, and one that asked for none costs nothing.
 *
 * sbi/sbi_core.h declares what the SBI server may ask (vcpu_hpm_...).
 */
#ifndef VESPER_CORE_PMU_H
#define VESPER_CORE_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "sbi/pmu.h"

struct pmu_counter {
	uint64_t event, data, flags; /* as the firmware takes them */
	uint64_t value;              /* while it is not counting in a hart */
	uint8_t host; /* the firmware's number of the counter that it has in each hart */
};

/* Sets of counters, bit i for counter[i]. */
struct pmu {
	uint8_t configured;
	uint8_t placed;  /* of those: they have their counter in the hart that it is loaded on */
	uint8_t started; /* of those that are configured */
	uint8_t overflown;
	struct pmu_counter counter[SBI_PMU_HPM_MAX];
};

_Static_assert(SBI_PMU_HPM_MAX <= 8, "a set is a byte");

/* Asks the firmware, on the boot hart. */
void pmu_probe(void);

/* How many a vCPU has. */
unsigned pmu_counters(void);

/* For a vCPU with counters: the others need neither. After its hvip is in the hart; before it is saved. */
void pmu_load(struct vcpu *vcpu);
void pmu_unload(struct vcpu *vcpu);

/* This hart says that counters overflowed; they are those of the vCPU that is loaded. */
void pmu_overflow(struct vcpu *vcpu);

#endif
