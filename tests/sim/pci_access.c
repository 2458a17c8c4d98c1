/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/lender.h"
#include "tests/sim/pci_access.h"

uint32_t pci_access_config(unsigned slot, unsigned reg, unsigned size)
{
	return driver_pci_config_read(lender.dm, slot, reg, size);
}

void pci_access_set_config(unsigned slot, unsigned reg, unsigned size, uint32_t value)
{
	driver_pci_config_write(lender.dm, slot, reg, size, value);
}

uint64_t pci_access_load(uint64_t addr, unsigned size)
{
	uint64_t value = 0x5a5a5a5a5a5a5a5a;

	assert_true(dm_mmio_read(lender.dm, gpa(addr), size, &value));
	assert_true(size == 8 || value >> (8 * size) == 0);
	return value;
}

void pci_access_store(uint64_t addr, unsigned size, uint64_t value)
{
	assert_int_equal(dm_mmio_write(lender.dm, gpa(addr), size, value), DM_MMIO_DONE);
}
