/* SPDX-License-Identifier: MIT */
/* What a guest does to the PCI devices of lender.h, with cmocka's checks. */
#ifndef VESPER_TESTS_PCI_ACCESS_H
#define VESPER_TESTS_PCI_ACCESS_H

#include <stdint.h>

/* The guest's accesses: to a slot's configuration space, and to any device. Each must hit one. */
uint32_t pci_access_config(unsigned slot, unsigned reg, unsigned size);
void pci_access_set_config(unsigned slot, unsigned reg, unsigned size, uint32_t value);
uint64_t pci_access_load(uint64_t addr, unsigned size);
void pci_access_store(uint64_t addr, unsigned size, uint64_t value);

#endif
