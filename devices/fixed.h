/* SPDX-License-Identifier: MIT */
/* The devices that every VM has beside its virtio devices, found by address: UART, RTC, finisher. */
#ifndef VESPER_DEVICES_FIXED_H
#define VESPER_DEVICES_FIXED_H

#include "devices/finisher.h"
#include "devices/rtc.h"
#include "devices/uart16550.h"

struct fixed {
	struct uart16550 uart;
	struct rtc rtc;
	struct finisher finisher;
};

void fixed_init(struct fixed *fixed, struct host *host);
void fixed_reset(struct fixed *fixed);

/* One of them each; all: FIXED_ALL. */
#define FIXED_UART (1u << 0)
#define FIXED_RTC  (1u << 1)
#define FIXED_ALL  7u

/* false: `addr` is in no window of theirs. */
MUST_CHECK bool fixed_read(struct fixed *fixed, gpa_t addr, unsigned size, uint64_t *value);

/* Which of them it went to; 0: to none. */
MUST_CHECK unsigned fixed_write(struct fixed *fixed, gpa_t addr, unsigned size, uint64_t value);

/* What waits in those for a port or a time; little. */
void fixed_run(struct fixed *fixed, unsigned which);

#endif
