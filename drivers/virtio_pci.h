/* SPDX-License-Identifier: MIT */
/* A device that is a function on PCI (virtio 1.2, 4.1), in its modern form. */
#ifndef VESPER_DRIVERS_VIRTIO_PCI_H
#define VESPER_DRIVERS_VIRTIO_PCI_H

#include "drivers/pci.h"
#include "drivers/virtio.h"

/* Is it one? */
bool virtio_pci_is(uint16_t vendor, uint16_t device);

/* Maps its registers. false: it lacks some, which was said. */
bool virtio_pci_find(const struct pci_function *function, struct virtio_device *out);

#endif
