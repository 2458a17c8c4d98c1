/* SPDX-License-Identifier: MIT */
/* SBI base extension (SBI 3.0, chapter 4): what this SBI is and what it has. */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

/*
 * 3.0, because a version speaks only for the extensions that probe shows: those
 * of Vesper differ from 2.0 just in clarified errors, and are written to the
 * later text. What came with 3.0 (SSE, FWFT, DBTR, MPXY) is optional and absent.
 */
#define SPEC_VERSION SBI_VERSION(3, 0)

/* "VSPR": the specification assigns small numbers, and none to Vesper. */
#define IMPL_ID      0x56535052
#define IMPL_VERSION 1

static const long constants[] = {
	[SBI_BASE_GET_SPEC_VERSION] = SPEC_VERSION,
	[SBI_BASE_GET_IMPL_ID] = IMPL_ID,
	[SBI_BASE_GET_IMPL_VERSION] = IMPL_VERSION,
};

static struct sbiret base_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	(void)vcpu;
	(void)eid;
	if (fid < sizeof(constants) / sizeof(constants[0]))
		return (struct sbiret){SBI_SUCCESS, constants[fid]};
	switch (fid) {
	case SBI_BASE_PROBE_EXTENSION:
		return (struct sbiret){SBI_SUCCESS, sbi_probe(args[0])};
	case SBI_BASE_GET_MVENDORID:
		return (struct sbiret){SBI_SUCCESS, (long)vcpu_mvendorid()};
	case SBI_BASE_GET_MARCHID:
		return (struct sbiret){SBI_SUCCESS, (long)vcpu_marchid()};
	case SBI_BASE_GET_MIMPID:
		return (struct sbiret){SBI_SUCCESS, (long)vcpu_mimpid()};
	default:
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	}
}

const struct sbi_extension sbi_base = {SBI_EXT_BASE, SBI_EXT_BASE, base_call};
