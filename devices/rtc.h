/* SPDX-License-Identifier: MIT */
/*
 * The guest's real-time clock: a goldfish RTC, where QEMU's `virt` machine has
 * it. It can be read and set, and it has one alarm, which interrupts.
 */
#ifndef VESPER_DEVICES_RTC_H
#define VESPER_DEVICES_RTC_H

#include "include/dm.h"

struct rtc {
	struct host *host;
	uint64_t offset_ns; /* guest's time less the host's, modulo 2^64 */
	uint32_t latched_high;

	uint32_t alarm_high; /* as written; the low half completes it */
	uint64_t alarm;      /* in the guest's time */
	bool armed;          /* the alarm has not come yet */
	bool pending;        /* it has, and the guest has not said that it knows */
	bool irq_enabled;
	bool level;     /* of the interrupt line */
	uint64_t asked; /* of the host: the last host_alarm() */
};

void rtc_init(struct rtc *rtc, struct host *host);
/* The clock goes on as it was set. */
void rtc_reset(struct rtc *rtc);

/* Register access at `offset`; only 32 bits wide, anything else reads 0 and is ignored. */
uint64_t rtc_read(void *rtc, uint64_t offset, unsigned size);
void rtc_write(void *rtc, uint64_t offset, unsigned size, uint64_t value);

/* To be called after writes, and when the host's alarm has come: looks at the alarm, and drives the line. */
void rtc_run(void *rtc);

#endif
