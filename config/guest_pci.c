/* SPDX-License-Identifier: MIT */
/* The node of the host bridge: see guest_pci.h, and devices/pci.h for what is behind it. */
#include "config/guest_pci.h"

#include <libfdt.h>

#include "include/vm_spec.h"

#define INTERRUPT_LEVEL_HIGH 4

/* The host bridge's ranges: memory of 32 bits, not prefetchable. */
#define PCI_MEMORY_32 0x02000000u

/* INTA of slot 1 + i is source GUEST_PCI_IRQ + i; no function has another pin. */
static void write_interrupts(struct fdtw *w, uint32_t irqchip, uint32_t imsic)
{
	fdt32_t map[VM_DEVICES_MAX * 7], *at = map;
	const fdt32_t mask[] = {cpu_to_fdt32(31 << 11), 0, 0, cpu_to_fdt32(7)};

	for (unsigned i = 0; i < VM_DEVICES_MAX; i++) {
		*at++ = cpu_to_fdt32((1 + i) << 11);
		*at++ = 0;
		*at++ = 0;
		*at++ = cpu_to_fdt32(1);
		*at++ = cpu_to_fdt32(irqchip);
		*at++ = cpu_to_fdt32(GUEST_PCI_IRQ + i);
		if (imsic)
			*at++ = cpu_to_fdt32(INTERRUPT_LEVEL_HIGH);
	}
	fdtw_number(w, "#interrupt-cells", 1);
	fdtw_bytes(w, "interrupt-map-mask", mask, sizeof(mask));
	fdtw_bytes(w, "interrupt-map", map, (size_t)(at - map) * sizeof(*at));
	if (imsic)
		fdtw_number(w, "msi-parent", imsic);
}

void guest_pci_write(struct fdtw *w, uint32_t irqchip, uint32_t imsic)
{
	const fdt32_t buses[] = {0, 0}, base = cpu_to_fdt32((uint32_t)GUEST_PCI_BASE),
		      size = cpu_to_fdt32((uint32_t)GUEST_PCI_SIZE);
	const fdt32_t ranges[] = {cpu_to_fdt32(PCI_MEMORY_32), 0, base, 0, base, 0, size};

	fdtw_begin(w, "pci@%lx", (unsigned long)GUEST_ECAM_BASE);
	fdtw_text(w, "compatible", "pci-host-ecam-generic");
	fdtw_text(w, "device_type", "pci");
	fdtw_reg(w, GUEST_ECAM_BASE, GUEST_ECAM_SIZE);
	fdtw_bytes(w, "bus-range", buses, sizeof(buses));
	fdtw_number(w, "linux,pci-domain", 0);
	fdtw_cells(w, 3, 2);
	fdtw_bytes(w, "ranges", ranges, sizeof(ranges));
	fdtw_flag(w, "dma-coherent");
	write_interrupts(w, irqchip, imsic);
	fdtw_end(w);
}
