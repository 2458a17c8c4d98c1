/* SPDX-License-Identifier: MIT */
/*
 * Device registers. A write comes after all writes to memory before it, and
 * reads of memory come after a register that was read before them: rings need
 * no more. Link-time substitution: tests put scripted devices in place of io.c.
 */
#ifndef VESPER_DRIVERS_IO_H
#define VESPER_DRIVERS_IO_H

#include <stdint.h>

uint8_t io_read8(uintptr_t address);
uint16_t io_read16(uintptr_t address);
uint32_t io_read32(uintptr_t address);
void io_write8(uintptr_t address, uint8_t value);
void io_write16(uintptr_t address, uint16_t value);
void io_write32(uintptr_t address, uint32_t value);

#endif
