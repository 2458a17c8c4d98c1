/* SPDX-License-Identifier: MIT */
/* The node of a guest's PCI host bridge, which finds its devices by itself. */
#ifndef VESPER_CONFIG_GUEST_PCI_H
#define VESPER_CONFIG_GUEST_PCI_H

#include "config/fdtw.h"

/* `irqchip` and `imsic` are phandles: of the PLIC and 0, or of an APLIC and the IMSIC that takes messages. */
void guest_pci_write(struct fdtw *w, uint32_t irqchip, uint32_t imsic);

#endif
