/* SPDX-License-Identifier: MIT */
/*
 * What the three files of a virtio function share: virtio_pci_config.c has its configuration space, virtio_pci.c the
 * registers in its BAR, virtio_pci_msix.c its interrupts.
 */
#ifndef VESPER_DEVICES_VIRTIO_PCI_PARTS_H
#define VESPER_DEVICES_VIRTIO_PCI_PARTS_H

#include "devices/virtio_pci.h"
#include "include/abi/virtio_pci.h"

/* The pages of the BAR. */
#define VIRTIO_PCI_PAGE 0x1000u

enum virtio_pci_page {
	PAGE_COMMON,
	PAGE_ISR,
	PAGE_DEVICE,
	PAGE_NOTIFY,
	PAGE_TABLE,
	PAGE_PBA,
};

#define VIRTIO_PCI_NOTIFY_MULTIPLIER 4

#define VIRTIO_PCI_CAP_MSIX 0x98 /* where the capability is */

/* A register of the MSI-X table, `at` bytes from its start and aligned to 4. */
uint32_t virtio_pci_msix_read_table(const struct device *dev, unsigned at);
void virtio_pci_msix_write_table(struct device *dev, unsigned at, uint32_t value);

/* The ISR, or what masks interrupts, has changed: INTx follows, and pending messages go. */
void virtio_pci_msix_update(struct device *dev);

#endif
