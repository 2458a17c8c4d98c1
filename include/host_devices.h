/* SPDX-License-Identifier: MIT */
/*
 * Where the machine may have devices for Vesper itself: config/machine.c reads it from the device tree, drivers/probe.c
 * looks what is there. Interrupt sources are of the controller that Vesper uses; 0: none that reaches it.
 */
#ifndef VESPER_HOST_DEVICES_H
#define VESPER_HOST_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MMIO_MAX        32
#define HOST_PCI_MAX         4
#define HOST_PCI_WINDOWS_MAX 4
#define HOST_PCI_ROUTES_MAX  64

struct host_wire {
	unsigned source;
	bool rising_edge; /* else it is high while there is something to do */
};

/* A virtio-mmio window; most are empty. */
struct host_mmio {
	uint64_t base, size; /* host-physical bytes */
	struct host_wire irq;
};

/* Addresses on the bus [bus_base, bus_base + size) are the CPU's from cpu_base on. */
struct host_pci_window {
	uint64_t bus_base, cpu_base, size;
	bool prefetchable;
};

/* Where the pin of a function on the first bus leads: `function` is its device and function number, masked. */
struct host_pci_route {
	uint8_t function, pin; /* device << 3 | function; 1: INTA */
	struct host_wire irq;
};

/* A host bridge whose configuration space is ECAM. */
struct host_pci {
	uint64_t ecam; /* of bus first_bus */
	uint8_t first_bus, last_bus;
	bool msi; /* the machine's IMSIC takes messages of its functions */
	unsigned n_windows, n_routes;
	struct host_pci_window window[HOST_PCI_WINDOWS_MAX]; /* memory, not I/O ports */
	uint8_t function_mask, pin_mask;                     /* of routes */
	struct host_pci_route route[HOST_PCI_ROUTES_MAX];
};

struct host_devices {
	unsigned n_mmio, n_pci;
	struct host_mmio mmio[HOST_MMIO_MAX];
	struct host_pci pci[HOST_PCI_MAX];
	uint64_t iommu; /* registers of the RISC-V IOMMU in front of PCI functions; 0: none */
};

#endif
