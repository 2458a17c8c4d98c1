/* SPDX-License-Identifier: MIT */
/*
 * SBI system reset extension (SBI 3.0, chapter 10). Both reboots start the VM
 * over: a VM has nothing that a warm one could leave powered.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static struct sbiret srst_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	/* Both are 32 bits wide: what else is in the registers does not count. */
	uint32_t type = (uint32_t)args[0], reason = (uint32_t)args[1];

	(void)eid;
	if (fid != SBI_SRST_RESET)
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	/* Past these every type and reason is reserved or a vendor's, and Vesper has none. */
	if (type > SBI_SRST_WARM_REBOOT || reason > SBI_SRST_SYSTEM_FAILURE)
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	if (type == SBI_SRST_SHUTDOWN)
		vcpu_vm_shutdown(vcpu, reason == SBI_SRST_SYSTEM_FAILURE);
	else
		vcpu_vm_reboot(vcpu);
	return (struct sbiret){SBI_SUCCESS, 0};
}

const struct sbi_extension sbi_srst = {SBI_EXT_SRST, SBI_EXT_SRST, srst_call};
