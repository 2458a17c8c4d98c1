/* SPDX-License-Identifier: MIT */
/* SBI IPI extension (SBI 3.0, chapter 7): supervisor software interrupts. */
#include "include/abi/sbi.h"
#include "sbi/mask.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static __attribute__((noinline)) long send_to_many(struct vcpu *vcpu, const uint64_t *args)
{
	uint64_t harts;

	if (!sbi_mask_harts(vcpu, args[0], args[1], &harts))
		return SBI_ERR_INVALID_PARAM;
	for (; harts; harts &= harts - 1)
		vcpu_raise_software_irq(vcpu, vcpu_sibling(vcpu, sbi_mask_lowest(harts)));
	return SBI_SUCCESS;
}

struct sbiret sbi_ipi(struct vcpu *vcpu, const uint64_t *args)
{
	struct vcpu *target;

	if (args[6] != SBI_IPI_SEND_IPI)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	target = sbi_mask_one_hart(vcpu, args[0], args[1]);
	if (!target)
		return sbi_error(send_to_many(vcpu, args));
	vcpu_raise_software_irq(vcpu, target);
	return sbi_value(0);
}
