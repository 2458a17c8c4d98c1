/* SPDX-License-Identifier: MIT */
/*
 * The table of the SBI extensions a guest has. A call and a probe look in the
 * same table, so that what probe promises is what answers. It becomes a chain
 * of compares with a jump at the end of each: three instructions a miss, and no
 * frame. What is not in it is a legacy call, or none.
 */
#include "sbi/sbi.h"

#include "include/abi/sbi.h"

/* Where a hart lacks Sstc nearly all calls are set_timer; on several harts, IPIs and fences. */
#define EXTENSIONS(ENTRY)                 \
	ENTRY(SBI_EXT_TIME, sbi_time)     \
	ENTRY(SBI_EXT_IPI, sbi_ipi)       \
	ENTRY(SBI_EXT_RFENCE, sbi_rfence) \
	ENTRY(SBI_EXT_BASE, sbi_base)     \
	ENTRY(SBI_EXT_HSM, sbi_hsm)       \
	ENTRY(SBI_EXT_DBCN, sbi_dbcn)     \
	ENTRY(SBI_EXT_PMU, sbi_pmu)       \
	ENTRY(SBI_EXT_SSE, sbi_sse)       \
	ENTRY(SBI_EXT_STA, sbi_sta)       \
	ENTRY(SBI_EXT_FWFT, sbi_fwft)     \
	ENTRY(SBI_EXT_SUSP, sbi_susp)     \
	ENTRY(SBI_EXT_SRST, sbi_srst)

#define CALL(id, function) \
	if (eid == (id))   \
		return function(vcpu, args);
#define PROBE(id, function) \
	if (eid == (id))    \
		return true;

struct sbiret sbi_call(struct vcpu *vcpu, const uint64_t *args)
{
	uint64_t eid = args[7];

	EXTENSIONS(CALL)
	return sbi_legacy(vcpu, args);
}

bool sbi_probe(uint64_t eid)
{
	EXTENSIONS(PROBE)
	return eid <= SBI_EXT_LEGACY_SHUTDOWN;
}
