/* SPDX-License-Identifier: MIT */
/*
 * SBI system reset extension (SBI 3.0, chapter 10). Both reboots start the VM
 * over: a VM has nothing that a warm one could leave powered.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

struct sbiret sbi_srst(struct vcpu *vcpu, const uint64_t *args)
{
	/* Both are 32 bits wide: what else is in the registers does not count. */
	uint32_t type = (uint32_t)args[0], reason = (uint32_t)args[1];

	if (args[6] != SBI_SRST_RESET)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	/* Past these every type and reason is reserved or a vendor's, and Vesper has none. */
	if (type > SBI_SRST_WARM_REBOOT || reason > SBI_SRST_SYSTEM_FAILURE)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (type == SBI_SRST_SHUTDOWN)
		vcpu_vm_shutdown(vcpu, reason == SBI_SRST_SYSTEM_FAILURE);
	else
		vcpu_vm_reboot(vcpu);
	return sbi_value(0);
}
