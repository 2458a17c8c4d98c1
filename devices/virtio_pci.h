/* SPDX-License-Identifier: MIT */
/*
 * The virtio transport over PCI, modern only (virtio 1.2, section 4.1): one function a device, with one
 * BAR that holds all structures and the MSI-X table. Interrupts are messages where the guest has
 * an IMSIC and its driver turns MSI-X on, else INTA.
 */
#ifndef VESPER_DEVICES_VIRTIO_PCI_H
#define VESPER_DEVICES_VIRTIO_PCI_H

#include "devices/pci.h"

#define VIRTIO_PCI_VECTORS (DEVICE_QUEUES_MAX + 1) /* one for the configuration */

struct virtio_pci {
	struct pci_function function;
	struct pci *bus;
	uint16_t config_vector, queue_vector[DEVICE_QUEUES_MAX];
	uint16_t n_vectors; /* 0: there is no MSI-X */
	uint32_t pending;   /* bit v: vector v is to be sent once nothing masks it */
	uint32_t entry[VIRTIO_PCI_VECTORS][PCI_MSIX_ENTRY_SIZE / 4];
};

/* The function as at power-on, of a device that has its queues; before device_reset(). */
void virtio_pci_power_on(struct device *dev, struct pci *bus);

/* A register of its configuration space, of 1, 2 or 4 bytes. */
uint32_t virtio_pci_config_read(struct device *dev, unsigned reg, unsigned size);
void virtio_pci_config_write(struct device *dev, unsigned reg, unsigned size, uint32_t value);

/* `offset` is inside the BAR and aligned to size (1, 2, 4 or 8). */
uint64_t virtio_pci_read(struct device *dev, unsigned offset, unsigned size);
void virtio_pci_write(struct device *dev, unsigned offset, unsigned size, uint64_t value);

/* ---- for device.c ---- */

/* The reset of the virtio device: the function's own registers stay. */
void virtio_pci_reset(struct device *dev);

/* `cause` is one of VIRTIO_INTERRUPT_; q: of which queue. */
void virtio_pci_interrupt(struct device *dev, uint32_t cause, unsigned q);

/* May it reach memory? */
static inline bool virtio_pci_is_master(const struct device *dev)
{
	return dev->pci->function.config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

#endif
