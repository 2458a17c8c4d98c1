/* SPDX-License-Identifier: MIT */
#include "devices/rtc.h"

/* Nanoseconds since 1970 in two halves. Reading the low one latches the high one; writing it sets both. */
#define TIME_LOW  0x00
#define TIME_HIGH 0x04

uint64_t rtc_read(struct rtc *rtc, struct host *host, uint64_t offset, unsigned size)
{
	if (size != 4)
		return 0;
	if (offset == TIME_LOW) {
		uint64_t now = host_time_ns(host) + rtc->offset_ns;

		rtc->latched_high = (uint32_t)(now >> 32);
		return (uint32_t)now;
	}
	return offset == TIME_HIGH ? rtc->latched_high : 0;
}

void rtc_write(struct rtc *rtc, struct host *host, uint64_t offset, unsigned size, uint64_t value)
{
	if (size != 4)
		return;
	if (offset == TIME_HIGH)
		rtc->latched_high = (uint32_t)value;
	else if (offset == TIME_LOW)
		rtc->offset_ns =
			((uint64_t)rtc->latched_high << 32 | (uint32_t)value) - host_time_ns(host);
}
