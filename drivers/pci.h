/* SPDX-License-Identifier: MIT */
/*
 * PCI behind a host bridge with ECAM. Vesper numbers the buses and gives out
 * the addresses itself, whatever the firmware did: all functions are first
 * made silent, so that none reaches memory that is a guest's by now, and only
 * those with a driver are opened again.
 */
#ifndef VESPER_DRIVERS_PCI_H
#define VESPER_DRIVERS_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "include/abi/pci.h"
#include "include/host_devices.h"

#define PCI_BARS 6

struct pci_range {
	uint64_t base, size; /* the CPU's addresses; size 0: none */
};

struct pci_function {
	uintptr_t config; /* its configuration space */
	uint8_t bus, slot, number;
	uint16_t vendor, device;
	bool messages; /* its messages reach the IMSIC */
	struct host_wire irq;
	struct pci_range bar[PCI_BARS];
};

/*
 * Finds the functions that `wanted` says yes to, `max` at most, and makes their memory and their access to memory work;
 * returns how many. Their BARs are not mapped yet.
 */
unsigned pci_scan(const struct host_pci *host, bool (*wanted)(uint16_t vendor, uint16_t device),
	struct pci_function *out, unsigned max);

/* Where the function's capability `id` is, the `n`-th from 0 on; 0: there are no more. */
unsigned pci_capability(const struct pci_function *f, uint8_t id, unsigned n);

#endif
