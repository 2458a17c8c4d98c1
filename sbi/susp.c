/* SPDX-License-Identifier: MIT */
/*
 * SBI system suspend extension (SBI 3.0, chapter 13). A VM that sleeps is its
 * last hart, suspended as by HSM until an interrupt that it has enabled is
 * pending; its RAM stays.
 */
#include "include/abi/sbi.h"
#include "sbi/memory.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

struct sbiret sbi_susp(struct vcpu *vcpu, const uint64_t *args)
{
	if (args[6] != SBI_SUSP_SYSTEM_SUSPEND)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	/* The type is 32 bits wide; all others are reserved or a platform's, and Vesper's has none. */
	if ((uint32_t)args[0] != SBI_SUSP_TO_RAM)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (!sbi_memory_executable(vcpu, args[1]))
		return sbi_error(SBI_ERR_INVALID_ADDRESS);
	/* Nobody is left then who could start one. */
	if (!vcpu_others_stopped(vcpu))
		return sbi_error(SBI_ERR_DENIED);
	vcpu_suspend_nonretentive(vcpu, args[1], args[2]);
	return sbi_value(0);
}
