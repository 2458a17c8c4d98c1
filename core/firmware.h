/* SPDX-License-Identifier: MIT */
/* Vesper's own calls to the firmware in M-mode (SBI 2.0). */
#ifndef VESPER_CORE_FIRMWARE_H
#define VESPER_CORE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/abi/sbi.h"

struct firmware_ret {
	long error;
	long value;
};

static inline struct firmware_ret firmware_call(
	uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register uint64_t a6 __asm__("a6") = fid;
	register uint64_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct firmware_ret){(long)a0, (long)a1};
}

/* A call with more arguments. */
static inline struct firmware_ret firmware_call_5(
	uint64_t eid, uint64_t fid, const uint64_t args[5])
{
	register uint64_t a0 __asm__("a0") = args[0];
	register uint64_t a1 __asm__("a1") = args[1];
	register uint64_t a2 __asm__("a2") = args[2];
	register uint64_t a3 __asm__("a3") = args[3];
	register uint64_t a4 __asm__("a4") = args[4];
	register uint64_t a6 __asm__("a6") = fid;
	register uint64_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct firmware_ret){(long)a0, (long)a1};
}

/* Writes to the firmware's console: for the time before Vesper has a UART, or without one. */
void firmware_console_write(const char *data, size_t len);

/* The next timer interrupt of this hart, in `time` units. */
static inline void firmware_set_timer(uint64_t time)
{
	firmware_call(SBI_EXT_TIME, SBI_TIME_SET_TIMER, time, 0, 0);
}

#endif
