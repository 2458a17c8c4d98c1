/* SPDX-License-Identifier: MIT */
/*
 * The SBI server. One table of extensions answers both calls and probes.
 * sbi_call is the fast path of an `ecall` from VS-mode.
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

struct sbi_extension {
	uint64_t first, last; /* extension IDs served (legacy: a range) */
	/* `args` are a0..a5 as the guest passed them. A legacy call, whose only result is a0 = error,
	 * hands a1 back as the value. */
	struct sbiret (*call)(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args);
};

extern const struct sbi_extension sbi_base, sbi_time, sbi_ipi, sbi_rfence, sbi_hsm, sbi_srst,
	sbi_dbcn, sbi_legacy;

/*
 * Serves the call in args[0..7], the registers a0..a7 of `vcpu`, and writes a0 (and a1) back. The
 * caller advances sepc.
 */
void sbi_call(struct vcpu *vcpu, uint64_t *args);

/* Does some entry of the table serve extension `eid`? */
bool sbi_probe(uint64_t eid);

#endif
