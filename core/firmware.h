/* SPDX-License-Identifier: MIT */
/* Vesper's own calls to the firmware in M-mode (SBI 2.0). */
#ifndef VESPER_CORE_FIRMWARE_H
#define VESPER_CORE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct firmware_ret {
	long error;
	long value;
};

struct firmware_ret firmware_call(
	uint64_t eid, uint64_t fid, uint64_t a0, uint64_t a1, uint64_t a2);

/* Writes to the firmware's console: for the time before Vesper has a UART, or without one. */
void firmware_console_write(const char *data, size_t len);

/* The next timer interrupt of this hart, in `time` units. */
void firmware_set_timer(uint64_t time);

#endif
