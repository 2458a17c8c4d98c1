/* SPDX-License-Identifier: MIT */
/*
 * SBI steal-time accounting (SBI 3.0, chapter 16): where a guest wants to read
 * how long a vCPU had to wait for a hart. core writes it.
 */
#include <string.h>

#include "include/abi/sbi.h"
#include "sbi/memory.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static struct sbiret set_shmem(struct vcpu *vcpu, uint64_t lo, uint64_t hi, uint64_t flags)
{
	if (flags)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (sbi_memory_none(lo, hi)) {
		vcpu_set_steal_area(vcpu, UINT64_MAX);
		return sbi_value(0);
	}
	if (lo % SBI_STA_SIZE)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	void *area = sbi_memory_shared(vcpu, lo, hi, SBI_STA_SIZE);

	if (!area)
		return sbi_error(SBI_ERR_INVALID_ADDRESS);
	memset(area, 0, SBI_STA_SIZE);
	vcpu_set_steal_area(vcpu, lo);
	return sbi_value(0);
}

struct sbiret sbi_sta(struct vcpu *vcpu, const uint64_t *args)
{
	if (args[6] != SBI_STA_SET_SHMEM)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	return set_shmem(vcpu, args[0], args[1], args[2]);
}
