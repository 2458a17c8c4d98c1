/* SPDX-License-Identifier: MIT */
/*
 * SBI HSM extension (SBI 3.0, chapter 9). A state changes in one step, so no
 * hart is ever seen in one of the pending states; one that stops or suspends
 * is STARTED until it has. What is not called often is kept out of line, so
 * that get_status needs no registers saved.
 */
#include "include/abi/sbi.h"
#include "sbi/memory.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"
#include "sbi/sse.h"

static const uint8_t hsm_state[] = {
	[VCPU_RUNNING] = SBI_HSM_STARTED,
	[VCPU_STOPPED] = SBI_HSM_STOPPED,
	[VCPU_SUSPENDED] = SBI_HSM_SUSPENDED,
};

static __attribute__((noinline)) long hart_start(struct vcpu *vcpu, const uint64_t *args)
{
	struct vcpu *target = vcpu_sibling(vcpu, args[0]);

	if (!target)
		return SBI_ERR_INVALID_PARAM;
	if (vcpu_get_state(target) != VCPU_STOPPED)
		return SBI_ERR_ALREADY_AVAILABLE;
	if (!sbi_memory_executable(vcpu, args[1]))
		return SBI_ERR_INVALID_ADDRESS;
	/* Of two that get here at once, one starts it. */
	return vcpu_start(target, args[1], args[2]) ? SBI_SUCCESS : SBI_ERR_ALREADY_AVAILABLE;
}

static struct sbiret hart_get_status(struct vcpu *vcpu, uint64_t hart_id)
{
	const struct vcpu *target = vcpu_sibling(vcpu, hart_id);

	if (!target)
		return sbi_error(SBI_ERR_INVALID_PARAM);
	return sbi_value(hsm_state[vcpu_get_state(target)]);
}

/* Every type but the two default ones is reserved or a platform's, and Vesper's has none. */
static __attribute__((noinline)) long hart_suspend(struct vcpu *vcpu, const uint64_t *args)
{
	switch ((uint32_t)args[0]) {
	case SBI_HSM_SUSPEND_RETENTIVE:
		vcpu_suspend(vcpu);
		return SBI_SUCCESS;
	case SBI_HSM_SUSPEND_NON_RETENTIVE:
		if (!sbi_memory_executable(vcpu, args[1]))
			return SBI_ERR_INVALID_ADDRESS;
		vcpu_suspend_nonretentive(vcpu, args[1], args[2]);
		return SBI_SUCCESS;
	default:
		return SBI_ERR_INVALID_PARAM;
	}
}

struct sbiret sbi_hsm(struct vcpu *vcpu, const uint64_t *args)
{
	switch (args[6]) {
	case SBI_HSM_HART_START:
		return sbi_error(hart_start(vcpu, args));
	case SBI_HSM_HART_STOP:
		sbi_sse_hart_stops(vcpu);
		vcpu_stop(vcpu);
		return sbi_value(0);
	case SBI_HSM_HART_GET_STATUS:
		return hart_get_status(vcpu, args[0]);
	case SBI_HSM_HART_SUSPEND:
		return sbi_error(hart_suspend(vcpu, args));
	default:
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	}
}
