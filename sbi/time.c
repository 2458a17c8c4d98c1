/* SPDX-License-Identifier: MIT */
/* SBI TIME extension (SBI 3.0, chapter 6), for guests on harts without Sstc. */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static struct sbiret time_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	(void)eid;
	if (fid != SBI_TIME_SET_TIMER)
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	vcpu_set_timer(vcpu, args[0]);
	return (struct sbiret){SBI_SUCCESS, 0};
}

const struct sbi_extension sbi_time = {SBI_EXT_TIME, SBI_EXT_TIME, time_call};
