/* SPDX-License-Identifier: MIT */
/*
 * The SBI server. One table of extensions answers both calls and probes.
 * sbi_call is the fast path of an `ecall` from VS-mode: its result comes back
 * in a0 and a1, and trap_entry.S stores both as the guest's.
 */
#ifndef VESPER_SBI_SBI_H
#define VESPER_SBI_SBI_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

struct sbiret {
	long error; /* a0 */
	long value; /* a1 */
};

static inline struct sbiret sbi_value(uint64_t value)
{
	return (struct sbiret){0, (long)value};
}

static inline struct sbiret sbi_error(long error)
{
	return (struct sbiret){error, 0};
}

/* One extension; `args` are a0..a7 as the guest passed them: the function ID is args[6]. */
typedef struct sbiret sbi_function(struct vcpu *vcpu, const uint64_t *args);

sbi_function sbi_base, sbi_time, sbi_ipi, sbi_rfence, sbi_hsm, sbi_srst, sbi_dbcn, sbi_susp,
	sbi_sta, sbi_fwft, sbi_pmu, sbi_sse, sbi_legacy;

/*
 * Serves the call in args[0..7], the registers a0..a7 of `vcpu`. What it returns becomes a0 and a1, also where
 * the call leaves one as it was. The caller advances sepc first.
 */
struct sbiret sbi_call(struct vcpu *vcpu, const uint64_t *args);

/* Does the table have extension `eid`? */
bool sbi_probe(uint64_t eid);

#endif
