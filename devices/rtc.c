/* SPDX-License-Identifier: MIT */
/*
 * Times are nanoseconds since 1970 in two halves. Reading the low one latches
 * the high one. Setting works in either order: a low half goes with the high one
 * that was read or written last, and a high half takes effect at once.
 */
#include "devices/rtc.h"

#define TIME_LOW        0x00
#define TIME_HIGH       0x04
#define ALARM_LOW       0x08 /* arms it */
#define ALARM_HIGH      0x0c
#define IRQ_ENABLED     0x10
#define CLEAR_ALARM     0x14
#define ALARM_STATUS    0x18 /* is it armed? */
#define CLEAR_INTERRUPT 0x1c

static uint64_t now(const struct rtc *rtc)
{
	return host_time_ns(rtc->host) + rtc->offset_ns;
}

static void set_time(struct rtc *rtc, uint32_t high, uint32_t low)
{
	rtc->offset_ns = ((uint64_t)high << 32 | low) - host_time_ns(rtc->host);
}

static uint32_t read_time(struct rtc *rtc)
{
	uint64_t time = now(rtc);

	rtc->latched_high = (uint32_t)(time >> 32);
	return (uint32_t)time;
}

uint64_t rtc_read(void *self, uint64_t offset, unsigned size)
{
	struct rtc *rtc = self;

	if (size != 4)
		return 0;
	switch (offset) {
	case TIME_LOW:
		return read_time(rtc);
	case TIME_HIGH:
		return rtc->latched_high;
	case ALARM_LOW:
		return (uint32_t)rtc->alarm;
	case ALARM_HIGH:
		return rtc->alarm_high;
	case IRQ_ENABLED:
		return rtc->irq_enabled;
	case ALARM_STATUS:
		return rtc->armed;
	default:
		return 0;
	}
}

void rtc_write(void *self, uint64_t offset, unsigned size, uint64_t wide)
{
	struct rtc *rtc = self;
	uint32_t value = (uint32_t)wide;

	if (size != 4)
		return;
	switch (offset) {
	case TIME_LOW:
		set_time(rtc, rtc->latched_high, value);
		break;
	case TIME_HIGH:
		rtc->latched_high = value;
		set_time(rtc, value, (uint32_t)now(rtc));
		break;
	case ALARM_LOW:
		rtc->alarm = (uint64_t)rtc->alarm_high << 32 | value;
		rtc->armed = true;
		break;
	case ALARM_HIGH:
		rtc->alarm_high = value;
		break;
	case IRQ_ENABLED:
		rtc->irq_enabled = value & 1;
		break;
	case CLEAR_ALARM:
		rtc->armed = false;
		break;
	case CLEAR_INTERRUPT:
		rtc->pending = false;
		break;
	default:
		break;
	}
}

/* The host's time at which there is something to do; UINT64_MAX: never. An alarm that is due comes now. */
static uint64_t next_event(struct rtc *rtc)
{
	if (!rtc->armed)
		return UINT64_MAX;
	uint64_t host_now = host_time_ns(rtc->host), time = host_now + rtc->offset_ns, at;

	if (rtc->alarm <= time) {
		rtc->armed = false;
		rtc->pending = true;
		return UINT64_MAX;
	}
	return __builtin_add_overflow(host_now, rtc->alarm - time, &at) ? UINT64_MAX : at;
}

static void drive_line(struct rtc *rtc)
{
	bool level = rtc->pending && rtc->irq_enabled;

	if (level == rtc->level)
		return;
	rtc->level = level;
	host_irq(rtc->host, GUEST_RTC_IRQ, level);
}

void rtc_run(void *self)
{
	struct rtc *rtc = self;
	uint64_t next = next_event(rtc);

	if (next != rtc->asked)
		host_alarm(rtc->host, next);
	rtc->asked = next;
	drive_line(rtc);
}

void rtc_reset(struct rtc *rtc)
{
	rtc->alarm = rtc->alarm_high = 0;
	rtc->armed = rtc->pending = rtc->irq_enabled = false;
	rtc_run(rtc);
}

void rtc_init(struct rtc *rtc, struct host *host)
{
	*rtc = (struct rtc){.host = host, .asked = UINT64_MAX};
}
