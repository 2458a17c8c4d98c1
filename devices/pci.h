/* SPDX-License-Identifier: MIT */
/*
 * The PCI Express host bridge: bus 0 in ECAM, with itself at slot 0 and the virtio device i at slot
 * 1 + i, function 0. It finds what a guest's access to the configuration space or to the window of the BARs
 * hits, and drives the functions' INTA. Each has a
 * source of the interrupt controller for itself: sharing would cost every interrupt a look at other devices. What a function
 * is, virtio_pci.c knows.
 */
#ifndef VESPER_DEVICES_PCI_H
#define VESPER_DEVICES_PCI_H

#include "devices/device.h"
#include "include/abi/pci.h"

#define PCI_BAR_SIZE 0x8000u /* of every function */
#define PCI_GUESSES  64

/* A configuration space: what reads return, and which bits a write changes. */
struct pci_function {
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];
};

struct pci {
	struct host *host;
	struct device *device; /* `n` of them, all with `pci` set */
	unsigned n;
	struct pci_function bridge;
	uint64_t bar[VM_DEVICES_MAX]; /* where function i decodes accesses; PCI_NO_BAR */
	/* By some bits of an address: a function that may decode it, the lowest. */
	uint8_t guess[PCI_GUESSES];
	uint32_t asserted; /* bit i: function i asserts its pin */
};

#define PCI_NO_BAR UINT64_MAX

void pci_init(struct pci *pci, struct host *host, struct device *device, unsigned n);

/* An access to ECAM, `offset` from its start and aligned to size. */
uint64_t pci_config_read(struct pci *pci, uint64_t offset, unsigned size);
/* Returns the device whose configuration space it was; NULL: nobody's. */
struct device *pci_config_write(struct pci *pci, uint64_t offset, unsigned size, uint64_t value);

static inline unsigned pci_guess(uint64_t addr)
{
	return (unsigned)(addr / PCI_BAR_SIZE) % PCI_GUESSES;
}

/* What pci_find() does where the guess is wrong: rare, as Linux puts BARs one after the other. */
struct device *pci_search(const struct pci *pci, gpa_t addr);

/*
 * Whose BAR holds `addr`, which is in the window; NULL: nobody's. The guess is right wherever it
 * matches: what has the same BAR has the same guess, and the lowest was put there last.
 */
static inline struct device *pci_find(const struct pci *pci, gpa_t addr)
{
	size_t i = pci->guess[pci_guess(addr.a)];

	return addr.a - pci->bar[i] < PCI_BAR_SIZE ? &pci->device[i] : pci_search(pci, addr);
}

/* The offset in the BAR, which lies at a multiple of its size. */
static inline unsigned pci_offset(gpa_t addr)
{
	return (unsigned)(addr.a % PCI_BAR_SIZE);
}

/* All ones, as what nobody answers reads. */
static inline uint64_t pci_nothing(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

/* ---- for virtio_pci.c ---- */

/* A register of a configuration space, 1 to 4 bytes: as it is, and the bits of it that a guest may change. */
uint32_t pci_get(const struct pci_function *f, unsigned reg, unsigned size);

/* The same of two bytes, where interrupts look. */
static inline uint32_t pci_get16(const struct pci_function *f, unsigned reg)
{
	return f->config[reg] | (uint32_t)f->config[reg + 1] << 8;
}

void pci_set(struct pci_function *f, unsigned reg, unsigned size, uint32_t value);
void pci_allow(struct pci_function *f, unsigned reg, unsigned size, uint32_t mask);

/* A guest's write of them. */
void pci_change(struct pci_function *f, unsigned reg, unsigned size, uint32_t value);

/* Some function's BAR may be elsewhere now. */
void pci_moved(struct pci *pci);

/* Function `i` asserts its INTA, or does not any more. */
void pci_intx(struct pci *pci, unsigned i, bool level);

#endif
