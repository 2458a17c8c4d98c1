/* SPDX-License-Identifier: MIT */
#include "drivers/goldfish_rtc.h"

uint64_t goldfish_rtc_read(uintptr_t base)
{
	volatile const uint32_t *time = (volatile const uint32_t *)base;
	uint64_t low = time[0]; /* reading the low half latches the high one */

	return (uint64_t)time[1] << 32 | low;
}
