/* SPDX-License-Identifier: MIT */
/* The goldfish real-time clock, as QEMU's `virt` machine has it. */
#ifndef VESPER_DRIVERS_GOLDFISH_RTC_H
#define VESPER_DRIVERS_GOLDFISH_RTC_H

#include <stdint.h>

/* Nanoseconds since 1970; the registers are mapped at `base`. */
uint64_t goldfish_rtc_read(uintptr_t base);

#endif
