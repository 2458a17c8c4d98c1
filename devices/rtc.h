/* SPDX-License-Identifier: MIT */
/*
 * The guest's real-time clock: a goldfish RTC, where QEMU's `virt` machine has
 * it. It can be read and set; it has no alarm.
 */
#ifndef VESPER_DEVICES_RTC_H
#define VESPER_DEVICES_RTC_H

#include "include/dm.h"

struct rtc {
	uint64_t offset_ns; /* guest's time less the host's, modulo 2^64 */
	uint32_t latched_high;
};

/* Is `addr` in its window? */
static inline bool rtc_at(gpa_t addr)
{
	return addr.a - GUEST_RTC_BASE < GUEST_RTC_SIZE;
}

/* Register access at `offset`; only 32 bits wide, anything else reads 0 and is ignored. */
uint64_t rtc_read(struct rtc *rtc, struct host *host, uint64_t offset, unsigned size);
void rtc_write(struct rtc *rtc, struct host *host, uint64_t offset, unsigned size, uint64_t value);

#endif
