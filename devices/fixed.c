/* SPDX-License-Identifier: MIT */
/* A table of windows and of what is behind each: see fixed.h. */
#include "devices/fixed.h"

#include <stddef.h>

/* Where they are, and in struct fixed. `self` is the device. NULL: nothing to do. */
static const struct window {
	uint64_t base, size;
	size_t self;
	uint64_t (*read)(void *self, uint64_t offset, unsigned size);
	void (*write)(void *self, uint64_t offset, unsigned size, uint64_t value);
	void (*run)(void *self);
} windows[] = {
	{GUEST_UART_BASE, GUEST_UART_SIZE, offsetof(struct fixed, uart), uart16550_read,
		uart16550_write, uart16550_run},
	{GUEST_RTC_BASE, GUEST_RTC_SIZE, offsetof(struct fixed, rtc), rtc_read, rtc_write, rtc_run},
	{GUEST_FINISHER_BASE, GUEST_FINISHER_SIZE, offsetof(struct fixed, finisher), NULL,
		finisher_write, NULL},
};

#define N_WINDOWS (sizeof(windows) / sizeof(windows[0]))

void fixed_init(struct fixed *fixed, struct host *host)
{
	uart16550_init(&fixed->uart, host);
	rtc_init(&fixed->rtc, host);
	fixed->finisher.host = host;
}

void fixed_reset(struct fixed *fixed)
{
	uart16550_reset(&fixed->uart);
	rtc_reset(&fixed->rtc);
}

static void *self_of(struct fixed *fixed, const struct window *w)
{
	return (char *)fixed + w->self;
}

_Static_assert(FIXED_ALL == (1u << N_WINDOWS) - 1, "a bit for each, in the table's order");

/* N_WINDOWS: `addr` is in none. */
static unsigned find_window(gpa_t addr)
{
	unsigned i = 0;

	while (i < N_WINDOWS && addr.a - windows[i].base >= windows[i].size)
		i++;
	return i;
}

bool fixed_read(struct fixed *fixed, gpa_t addr, unsigned size, uint64_t *value)
{
	unsigned i = find_window(addr);
	const struct window *w = &windows[i];

	if (i == N_WINDOWS)
		return false;
	*value = w->read ? w->read(self_of(fixed, w), addr.a - w->base, size) : 0;
	return true;
}

unsigned fixed_write(struct fixed *fixed, gpa_t addr, unsigned size, uint64_t value)
{
	unsigned i = find_window(addr);
	const struct window *w = &windows[i];

	if (i == N_WINDOWS)
		return 0;
	w->write(self_of(fixed, w), addr.a - w->base, size, value);
	return 1u << i;
}

void fixed_run(struct fixed *fixed, unsigned which)
{
	for (unsigned i = 0; which != 0; i++, which >>= 1) {
		if ((which & 1) && windows[i].run)
			windows[i].run(self_of(fixed, &windows[i]));
	}
}
