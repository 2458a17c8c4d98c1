/* SPDX-License-Identifier: MIT */
/* How Vesper ends: the machine is powered off, and where something watches, it learns whether that was well. */
#ifndef VESPER_CORE_POWER_H
#define VESPER_CORE_POWER_H

#include <stdint.h>

/* A test finisher's register (drivers/sifive_test.h); 0: the machine has none. Mapped one to one from now on. */
void power_init(uint64_t finisher, uint64_t timebase_hz);

/* `status` (0..255, 0: well) is for a simulator; firmware is told only whether it is 0. */
_Noreturn void power_off(unsigned status);

#endif
