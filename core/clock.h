/* SPDX-License-Identifier: MIT */
/* Wall-clock time: the machine's RTC once at boot, `time` from there on. */
#ifndef VESPER_CORE_CLOCK_H
#define VESPER_CORE_CLOCK_H

#include <stdint.h>

/* `start_ns`: nanoseconds since 1970 now. `timebase_hz` is that of the `time` CSR, not 0. */
void clock_init(uint64_t start_ns, uint64_t timebase_hz);

uint64_t clock_now_ns(void);

/* `time` when clock_now_ns() will be `ns`; ~0: never. */
uint64_t clock_ticks_at(uint64_t ns);

/* A span of `time` in nanoseconds. */
uint64_t clock_ticks_to_ns(uint64_t ticks);

#endif
