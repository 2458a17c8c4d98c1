/* SPDX-License-Identifier: MIT */
/* SBI base extension (SBI 3.0, chapter 4): what this SBI is and what it has. */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

#define SPEC_VERSION SBI_VERSION(3, 0)

/* "VSPR": the specification assigns small numbers, and none to Vesper. */
#define IMPL_ID      0x56535052
#define IMPL_VERSION 1

static const long constants[] = {
	[SBI_BASE_GET_SPEC_VERSION] = SPEC_VERSION,
	[SBI_BASE_GET_IMPL_ID] = IMPL_ID,
	[SBI_BASE_GET_IMPL_VERSION] = IMPL_VERSION,
};

struct sbiret sbi_base(struct vcpu *vcpu, const uint64_t *args)
{
	(void)vcpu;
	if (args[6] < sizeof(constants) / sizeof(constants[0]))
		return (struct sbiret){SBI_SUCCESS, constants[args[6]]};
	switch (args[6]) {
	case SBI_BASE_PROBE_EXTENSION:
		return sbi_value(sbi_probe(args[0]));
	case SBI_BASE_GET_MVENDORID:
		return sbi_value(vcpu_mvendorid());
	case SBI_BASE_GET_MARCHID:
		return sbi_value(vcpu_marchid());
	case SBI_BASE_GET_MIMPID:
		return sbi_value(vcpu_mimpid());
	default:
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	}
}
