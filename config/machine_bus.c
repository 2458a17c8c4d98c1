/* SPDX-License-Identifier: MIT */
/*
 * Where devices for Vesper itself may be: virtio-mmio windows and PCI host
 * bridges with ECAM. Interrupt specifiers are followed to the controller that
 * Vesper uses; a device whose interrupt ends elsewhere has none.
 */
#include <libfdt.h>
#include <string.h>

#include "config/machine_parts.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

/* The second cell of a specifier (Linux's binding of the APLIC, and of PLICs with two cells). */
#define EDGE_RISING  1
#define EDGE_FALLING 2
#define LEVEL_LOW    8

/* Of the first cell of a PCI address (IEEE 1275 PCI binding). */
#define PCI_SPACE(hi)      ((hi) >> 24 & 3)
#define PCI_SPACE_MEMORY32 2
#define PCI_PREFETCHABLE   (1u << 30)
#define PCI_FUNCTION(hi)   ((uint8_t)((hi) >> 8))

#define ECAM_BUS_SIZE MIB(1)

/* `n` cells from `at` on. */
struct cells {
	const fdt32_t *at;
	int n;
};

static struct cells cells_of(const void *fdt, int node, const char *name)
{
	int len = 0;
	const fdt32_t *at = fdt_getprop(fdt, node, name, &len);

	return (struct cells){at, at ? len / 4 : 0};
}

static uint32_t cell(struct cells c, int i)
{
	return fdt32_ld(c.at + i);
}

static uint64_t pair(struct cells c, int i)
{
	return (uint64_t)cell(c, i) << 32 | cell(c, i + 1);
}

/* ---- interrupts ---- */

static uint32_t used_controller(const struct machine_reader *r)
{
	switch (r->out->irqchip) {
	case MACHINE_IRQCHIP_PLIC:
		return r->plic;
	case MACHINE_IRQCHIP_APLIC:
		return r->aplic;
	default:
		return 0;
	}
}

static unsigned last_source(const struct machine *m)
{
	return m->irqchip == MACHINE_IRQCHIP_PLIC ? m->plic_sources : m->aplic_sources;
}

/* `n` cells that the controller `parent` reads. What is active-low is not for us: neither driver can take it. */
static struct host_wire wire_of(
	const struct machine_reader *r, uint32_t parent, struct cells specifier)
{
	uint32_t flags = specifier.n > 1 ? cell(specifier, 1) : 0;
	uint32_t source = specifier.n ? cell(specifier, 0) : 0;

	if (!parent || parent != used_controller(r) || source > last_source(r->out) ||
		flags & (EDGE_FALLING | LEVEL_LOW))
		return (struct host_wire){0};
	return (struct host_wire){.source = source, .rising_edge = flags == EDGE_RISING};
}

/* libfdt goes through all of the tree to find it, and nearly all name the same. Negative: there is none. */
static int find_controller(struct machine_reader *r, uint32_t phandle)
{
	if (!phandle)
		return -1;
	if (r->controller != phandle) {
		r->controller = phandle;
		r->controller_node = fdt_node_offset_by_phandle(r->fdt, phandle);
	}
	return r->controller_node;
}

/* The first interrupt of the node. */
static struct host_wire read_wire(struct machine_reader *r, const struct dt_walk *walk)
{
	int node = walk->node[walk->depth];
	struct cells extended = cells_of(r->fdt, node, "interrupts-extended");
	struct cells plain = cells_of(r->fdt, node, "interrupts");
	uint32_t parent, number;

	if (!dt_walk_interrupt(walk, &parent, &number))
		return (struct host_wire){0};
	if (extended.n >= 2)
		plain = (struct cells){extended.at + 1, extended.n - 1};
	int width = (int)dt_u32(r->fdt, find_controller(r, parent), "#interrupt-cells", 1);

	if (width < plain.n)
		plain.n = width;
	return wire_of(r, parent, plain);
}

/* ---- virtio-mmio ---- */

static void read_mmio(struct machine_reader *r, const struct dt_walk *walk)
{
	struct host_devices *d = &r->out->devices;
	struct machine_range reg;

	if (d->n_mmio == HOST_MMIO_MAX || !dt_walk_reg(walk, 0, &reg) || reg.size < 0x100)
		return;
	d->mmio[d->n_mmio++] = (struct host_mmio){reg.base, reg.size, read_wire(r, walk)};
}

/* ---- PCI ---- */

/* Windows of memory: address on the bus (3 cells), the parent's address (2), size (2). */
static void read_windows(const struct machine_reader *r, int node, struct host_pci *pci)
{
	struct cells c = cells_of(r->fdt, node, "ranges");

	for (int at = 0; at + 7 <= c.n && pci->n_windows < HOST_PCI_WINDOWS_MAX; at += 7) {
		struct host_pci_window w = {
			.bus_base = pair(c, at + 1),
			.cpu_base = pair(c, at + 3),
			.size = pair(c, at + 5),
			.prefetchable = cell(c, at) & PCI_PREFETCHABLE,
		};

		if (PCI_SPACE(cell(c, at)) < PCI_SPACE_MEMORY32 || !w.size ||
			w.bus_base + w.size < w.bus_base || w.cpu_base + w.size < w.cpu_base)
			continue;
		pci->window[pci->n_windows++] = w;
	}
}

/* How many cells an entry of interrupt-map has behind its phandle; -1: no such controller. */
static int parent_cells(struct machine_reader *r, uint32_t phandle, int *address)
{
	int parent = find_controller(r, phandle);
	uint32_t a, n;

	if (parent < 0)
		return -1;
	a = dt_u32(r->fdt, parent, "#address-cells", 0);
	n = dt_u32(r->fdt, parent, "#interrupt-cells", 1);
	if (a > 2 || !n || n > 4)
		return -1;
	*address = (int)a;
	return (int)n;
}

/* Function (3 cells) and pin, then the controller, its address and specifier. */
static void read_routes(struct machine_reader *r, int node, struct host_pci *pci)
{
	struct cells map = cells_of(r->fdt, node, "interrupt-map");
	struct cells mask = cells_of(r->fdt, node, "interrupt-map-mask");

	pci->function_mask = mask.n == 4 ? PCI_FUNCTION(cell(mask, 0)) : 0xff;
	pci->pin_mask = mask.n == 4 ? (uint8_t)cell(mask, 3) : 0xff;
	for (int at = 0; at + 5 <= map.n && pci->n_routes < HOST_PCI_ROUTES_MAX;) {
		uint32_t parent = cell(map, at + 4);
		int address, n = parent_cells(r, parent, &address);

		if (n < 0 || at + 5 + address + n > map.n)
			return;
		pci->route[pci->n_routes++] = (struct host_pci_route){
			.function = PCI_FUNCTION(cell(map, at)),
			.pin = (uint8_t)cell(map, at + 3),
			.irq = wire_of(r, parent, (struct cells){map.at + at + 5 + address, n}),
		};
		at += 5 + address + n;
	}
}

/* All functions' messages must reach the IMSIC: msi-map with more than one entry may leave some out. */
static bool reads_msi(const struct machine_reader *r, int node)
{
	struct cells map = cells_of(r->fdt, node, "msi-map");

	if (!r->imsic)
		return false;
	if (map.n == 4)
		return cell(map, 1) == r->imsic && cell(map, 0) == 0 && cell(map, 3) >= 0xffff;
	return dt_u32(r->fdt, node, "msi-parent", 0) == r->imsic;
}

static void read_pci(struct machine_reader *r, const struct dt_walk *walk)
{
	struct host_devices *d = &r->out->devices;
	int node = walk->node[walk->depth];
	struct cells buses = cells_of(r->fdt, node, "bus-range");
	uint32_t first = buses.n == 2 ? cell(buses, 0) : 0;
	uint32_t last = buses.n == 2 ? cell(buses, 1) : 0xff;
	struct machine_range reg;

	if (d->n_pci == HOST_PCI_MAX || first > last || last > 0xff ||
		!dt_walk_reg(walk, 0, &reg) || reg.size < ECAM_BUS_SIZE ||
		dt_u32(r->fdt, node, "#address-cells", 0) != 3)
		return;
	if (last - first >= reg.size / ECAM_BUS_SIZE)
		last = first + (uint32_t)(reg.size / ECAM_BUS_SIZE) - 1;
	struct host_pci *pci = &d->pci[d->n_pci++];

	*pci = (struct host_pci){
		.ecam = reg.base,
		.first_bus = (uint8_t)first,
		.last_bus = (uint8_t)last,
		.msi = reads_msi(r, node),
	};
	read_windows(r, node, pci);
	read_routes(r, node, pci);
}

static void read_iommu(struct machine_reader *r, const struct dt_walk *walk)
{
	struct machine_range reg;

	if (!r->out->devices.iommu && dt_walk_reg(walk, 0, &reg) && reg.size >= KIB(4))
		r->out->devices.iommu = reg.base;
}

void machine_bus_read(struct machine_reader *r)
{
	static const struct machine_driver drivers[] = {
		{"virtio,mmio", read_mmio},
		{"pci-host-ecam-generic", read_pci},
		{"riscv,iommu", read_iommu},
	};

	machine_match(r, drivers, COUNT(drivers));
}
