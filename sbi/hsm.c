/* SPDX-License-Identifier: MIT */
/*
 * SBI HSM extension (SBI 3.0, chapter 9). State changes are done before the
 * call returns, so no hart is ever seen in one of the pending states.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static const uint8_t hsm_state[] = {
	[VCPU_RUNNING] = SBI_HSM_STARTED,
	[VCPU_STOPPED] = SBI_HSM_STOPPED,
	[VCPU_SUSPENDED] = SBI_HSM_SUSPENDED,
};

/* Can a hart begin to run at guest-physical `addr`? An instruction is 2 bytes or more, at an even address. */
static bool executable(struct vcpu *vcpu, uint64_t addr)
{
	return !(addr & 1) && vcpu_ram(vcpu, gpa(addr), 2);
}

static struct sbiret hart_start(struct vcpu *vcpu, const uint64_t *args)
{
	struct vcpu *target = vcpu_sibling(vcpu, args[0]);

	if (!target)
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	if (vcpu_get_state(target) != VCPU_STOPPED)
		return (struct sbiret){SBI_ERR_ALREADY_AVAILABLE, 0};
	if (!executable(vcpu, args[1]))
		return (struct sbiret){SBI_ERR_INVALID_ADDRESS, 0};
	vcpu_start(target, args[1], args[2]);
	return (struct sbiret){SBI_SUCCESS, 0};
}

static struct sbiret hart_stop(struct vcpu *vcpu)
{
	vcpu_stop(vcpu);
	return (struct sbiret){SBI_SUCCESS, 0};
}

static struct sbiret hart_get_status(struct vcpu *vcpu, uint64_t hart_id)
{
	const struct vcpu *target = vcpu_sibling(vcpu, hart_id);

	if (!target)
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	return (struct sbiret){SBI_SUCCESS, hsm_state[vcpu_get_state(target)]};
}

/* Every type but the two default ones is reserved or a platform's, and Vesper's has none. */
static struct sbiret hart_suspend(struct vcpu *vcpu, const uint64_t *args)
{
	switch ((uint32_t)args[0]) {
	case SBI_HSM_SUSPEND_RETENTIVE:
		vcpu_suspend(vcpu);
		return (struct sbiret){SBI_SUCCESS, 0};
	case SBI_HSM_SUSPEND_NON_RETENTIVE:
		if (!executable(vcpu, args[1]))
			return (struct sbiret){SBI_ERR_INVALID_ADDRESS, 0};
		vcpu_suspend_nonretentive(vcpu, args[1], args[2]);
		return (struct sbiret){SBI_SUCCESS, 0};
	default:
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	}
}

static struct sbiret hsm_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	(void)eid;
	switch (fid) {
	case SBI_HSM_HART_START:
		return hart_start(vcpu, args);
	case SBI_HSM_HART_STOP:
		return hart_stop(vcpu);
	case SBI_HSM_HART_GET_STATUS:
		return hart_get_status(vcpu, args[0]);
	case SBI_HSM_HART_SUSPEND:
		return hart_suspend(vcpu, args);
	default:
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	}
}

const struct sbi_extension sbi_hsm = {SBI_EXT_HSM, SBI_EXT_HSM, hsm_call};
