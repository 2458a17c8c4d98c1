/* SPDX-License-Identifier: MIT */
/* The "test finisher" of SiFive's simulators and QEMU's `virt` machine: one 32-bit register at its start. */
#ifndef VESPER_ABI_SIFIVE_TEST_H
#define VESPER_ABI_SIFIVE_TEST_H

/* What is written: a code in the low half, for FAIL a status in the high one. */
#define SIFIVE_TEST_FAIL  0x3333u
#define SIFIVE_TEST_PASS  0x5555u
#define SIFIVE_TEST_RESET 0x7777u

#endif
