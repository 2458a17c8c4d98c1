/* SPDX-License-Identifier: MIT */
/*
 * SBI firmware features (SBI 3.0, chapter 18). All of them are a vCPU's own and
 * most are bits of its henvcfg; which of those exist is core's to know.
 * Misaligned accesses that the hart does not do are always the guest's own
 * affair, and stay so.
 */
#include "include/abi/csr.h"
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"
#include "sbi/state.h"

#define PMM_7  (2ull << 32) /* 7 bits of a pointer, or */
#define PMM_16 (3ull << 32) /* 16, are ignored */

static const uint64_t envcfg_bits[SBI_FWFT_FEATURES] = {
	[SBI_FWFT_LANDING_PAD] = HENVCFG_LPE,
	[SBI_FWFT_SHADOW_STACK] = HENVCFG_SSE,
	[SBI_FWFT_DOUBLE_TRAP] = HENVCFG_DTE,
	[SBI_FWFT_PTE_AD_HW_UPDATING] = HENVCFG_ADUE,
	[SBI_FWFT_POINTER_MASKING_PMLEN] = HENVCFG_PMM,
};

/* SBI_SUCCESS: this vCPU has it. */
static long find(struct vcpu *vcpu, uint32_t feature)
{
	if (feature >= SBI_FWFT_FEATURES)
		return SBI_ERR_DENIED;
	if (feature == SBI_FWFT_MISALIGNED_EXC_DELEG)
		return SBI_SUCCESS;
	return vcpu_envcfg_supported(vcpu) & envcfg_bits[feature] ? SBI_SUCCESS
								  : SBI_ERR_NOT_SUPPORTED;
}

/* false: it has no such value. */
static bool encode(uint32_t feature, uint64_t value, uint64_t *bits)
{
	if (feature == SBI_FWFT_POINTER_MASKING_PMLEN) {
		*bits = value == 7 ? PMM_7 : value == 16 ? PMM_16 : 0;
		return !value || *bits;
	}
	*bits = value ? envcfg_bits[feature] : 0;
	return value <= 1;
}

static uint64_t decode(uint32_t feature, uint64_t bits)
{
	if (feature == SBI_FWFT_POINTER_MASKING_PMLEN)
		return bits == PMM_16 ? 16 : bits == PMM_7 ? 7 : 0;
	return bits != 0;
}

/* A field of several bits may not take all of the values that it could hold. */
static long change(struct vcpu *vcpu, uint32_t feature, uint64_t value)
{
	uint64_t mask = envcfg_bits[feature], before = vcpu_envcfg(vcpu), bits;

	if (feature == SBI_FWFT_MISALIGNED_EXC_DELEG)
		return value > 1 ? SBI_ERR_INVALID_PARAM : value ? SBI_SUCCESS : SBI_ERR_DENIED;
	if (!encode(feature, value, &bits))
		return SBI_ERR_INVALID_PARAM;
	vcpu_set_envcfg(vcpu, mask, bits);
	if ((vcpu_envcfg(vcpu) & mask) == bits)
		return SBI_SUCCESS;
	vcpu_set_envcfg(vcpu, mask, before & mask);
	return SBI_ERR_INVALID_PARAM;
}

static long set(struct vcpu *vcpu, uint32_t feature, uint64_t value, uint64_t flags)
{
	struct sbi_state *state = vcpu_sbi_state(vcpu);
	long error = find(vcpu, feature);

	if (error)
		return error;
	if (flags & ~SBI_FWFT_SET_LOCK)
		return SBI_ERR_INVALID_PARAM;
	if (state->fwft_locked >> feature & 1)
		return SBI_ERR_DENIED_LOCKED;
	error = change(vcpu, feature, value);
	if (!error && flags & SBI_FWFT_SET_LOCK)
		state->fwft_locked |= 1u << feature;
	return error;
}

static struct sbiret get(struct vcpu *vcpu, uint32_t feature)
{
	long error = find(vcpu, feature);

	if (error)
		return sbi_error(error);
	if (feature == SBI_FWFT_MISALIGNED_EXC_DELEG)
		return sbi_value(1);
	return sbi_value(decode(feature, vcpu_envcfg(vcpu) & envcfg_bits[feature]));
}

struct sbiret sbi_fwft(struct vcpu *vcpu, const uint64_t *args)
{
	/* Features are 32 bits wide. */
	uint32_t feature = (uint32_t)args[0];

	switch (args[6]) {
	case SBI_FWFT_SET:
		return sbi_error(set(vcpu, feature, args[1], args[2]));
	case SBI_FWFT_GET:
		return get(vcpu, feature);
	default:
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	}
}
