/* SPDX-License-Identifier: MIT */
/* How Vesper ends: the machine is powered off, and where something watches, it learns whether that was well. */
#ifndef VESPER_CORE_POWER_H
#define VESPER_CORE_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* A test finisher's register (drivers/sifive_test.h); 0: the machine has none. Mapped one to one from now on. */
void power_init(uint64_t finisher, uint64_t timebase_hz);

_Noreturn void power_off(bool failed);

#endif
