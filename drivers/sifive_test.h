/* SPDX-License-Identifier: MIT */
/*
 * The "test finisher" of SiFive's simulators and QEMU's `virt` machine: ends
 * the simulation with a status, which the firmware's reset call cannot give.
 */
#ifndef VESPER_DRIVERS_SIFIVE_TEST_H
#define VESPER_DRIVERS_SIFIVE_TEST_H

#include <stdint.h>

/* The register is mapped at `base`. Ends the simulator with `status` (0..255). */
void sifive_test_finish(uintptr_t base, unsigned status);

#endif
