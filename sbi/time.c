/* SPDX-License-Identifier: MIT */
/* SBI TIME extension (SBI 3.0, chapter 6), for guests on harts without Sstc. */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

struct sbiret sbi_time(struct vcpu *vcpu, const uint64_t *args)
{
	if (args[6] != SBI_TIME_SET_TIMER)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	vcpu_set_timer(vcpu, args[0]);
	return sbi_value(0);
}
