/* SPDX-License-Identifier: MIT */
/* SBI IPI extension (SBI 3.0, chapter 7): supervisor software interrupts. */
#include "include/abi/sbi.h"
#include "sbi/harts.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static struct sbiret ipi_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	struct sbi_harts harts;
	struct vcpu *target;

	(void)eid;
	if (fid != SBI_IPI_SEND_IPI)
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	if (!sbi_harts_init(&harts, vcpu, args[0], args[1]))
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	while ((target = sbi_harts_next(&harts)))
		vcpu_set_software_irq(target, true);
	return (struct sbiret){SBI_SUCCESS, 0};
}

const struct sbi_extension sbi_ipi = {SBI_EXT_IPI, SBI_EXT_IPI, ipi_call};
