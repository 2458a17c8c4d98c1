/* SPDX-License-Identifier: MIT */
#include "drivers/pci.h"

#include "drivers/io.h"
#include "include/driver_env.h"
#include "lib/addr.h"
#include "lib/log.h"

#define SLOTS            32
#define FUNCTIONS        8
#define DEPTH_MAX        8 /* bridges in a row */
#define CAPABILITIES_MAX 48
#define PCI_HEADER_BYTES 0x40u
#define PAGE             4096u /* no two BARs share one */

#define HEADER_MULTI  0x80u
#define HEADER_BRIDGE 1u

/* A bridge's header (PCI-to-PCI Bridge 1.2, 3.2). */
#define BRIDGE_PRIMARY      0x18
#define BRIDGE_SECONDARY    0x19
#define BRIDGE_SUBORDINATE  0x1a
#define BRIDGE_IO_BASE      0x1c /* 16: base and limit */
#define BRIDGE_MEMORY_BASE  0x20 /* 16: bits 31..20 of the first MiB */
#define BRIDGE_MEMORY_LIMIT 0x22 /* 16: of the last one */
#define BRIDGE_PREFETCHABLE 0x24 /* 32: base and limit */
#define BRIDGE_WINDOW       MIB(1)

#define BAR_IO    1u
#define BAR_TYPE  6u
#define BAR_64    4u
#define BAR_FLAGS 0xfu
#define CLOSED    0x0000fff0u /* base above limit */
#define INTX_PINS 4u

struct scan {
	const struct host_pci *host;
	bool (*wanted)(uint16_t vendor, uint16_t device);
	struct pci_function *out;
	unsigned n, max;
	unsigned next_bus;
	const struct host_pci_window *window; /* NULL: none that 32 bits reach */
	uint64_t next;                        /* free from here on, an offset in it */
};

/* Where a bus hangs: how its interrupts go up. */
struct place {
	const struct place *above; /* NULL: the first bus */
	uint8_t bus, slot, number; /* the bus, and its bridge on the bus above */
	unsigned depth;
};

/* ---- capabilities ---- */

/* The list may be a circle. */
unsigned pci_capability(const struct pci_function *f, uint8_t id, unsigned n)
{
	unsigned at = PCI_CAPABILITIES;

	if (!(io_read16(f->config + PCI_STATUS) & PCI_STATUS_CAPABILITIES))
		return 0;
	for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
		at = io_read8(f->config + at) & 0xfcu;
		if (at < PCI_HEADER_BYTES)
			return 0;
		if (io_read8(f->config + at) == id && !n--)
			return at;
		at++;
	}
	return 0;
}

/* ---- addresses ---- */

static const struct host_pci_window *choose_window(const struct host_pci *host)
{
	for (unsigned i = 0; i < host->n_windows; i++) {
		const struct host_pci_window *w = &host->window[i];

		if (!w->prefetchable && range_inside(w->bus_base, w->size, 0, GIB(4)))
			return w;
	}
	return NULL;
}

/* Moves on to the next multiple of `to` with `size` bytes free. false: there is none, and nothing moves. */
static bool align(struct scan *s, uint64_t to, uint64_t size)
{
	uint64_t address = s->window->bus_base + s->next;
	uint64_t next = s->next + (to - address % to) % to;

	if (!range_inside(next, size, 0, s->window->size))
		return false;
	s->next = next;
	return true;
}

/* Bytes that the BAR decodes; 0: none, or ports. */
static uint64_t bar_size(uintptr_t at, bool *wide)
{
	uint32_t low = io_read32(at), mask;
	uint64_t high = 0xffffffffu;

	io_write32(at, 0xffffffffu);
	mask = io_read32(at);
	io_write32(at, low);
	*wide = !(mask & BAR_IO) && (mask & BAR_TYPE) == BAR_64;
	if (*wide) {
		io_write32(at + 4, 0xffffffffu);
		high = io_read32(at + 4);
		io_write32(at + 4, 0);
	}
	if (!mask || mask & BAR_IO)
		return 0;
	return ~(high << 32 | (mask & ~BAR_FLAGS)) + 1;
}

/* Gives a BAR an address. false: there is none left. */
static bool assign(struct scan *s, uintptr_t at, uint64_t size, bool wide, struct pci_range *out)
{
	if (!s->window || !align(s, size < PAGE ? PAGE : size, size))
		return false;
	io_write32(at, (uint32_t)(s->window->bus_base + s->next));
	if (wide)
		io_write32(at + 4, 0);
	*out = (struct pci_range){s->window->cpu_base + s->next, size};
	s->next += size;
	return true;
}

static bool assign_all(struct scan *s, struct pci_function *f)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uintptr_t at = f->config + PCI_BAR0 + 4 * i;
		bool wide;
		uint64_t size = bar_size(at, &wide);

		if (size && !assign(s, at, size, wide, &f->bar[i]))
			return false;
		i += wide;
	}
	return true;
}

/* ---- interrupts ---- */

/* On its way up a pin changes with the slot that it comes from (PCI-to-PCI Bridge 1.2, 9.1). */
static struct host_wire route(const struct host_pci *host, const struct place *place, uint8_t slot,
	uint8_t number, uint8_t pin)
{
	for (; place->above; place = place->above) {
		pin = (uint8_t)((pin - 1u + slot) % INTX_PINS + 1);
		slot = place->slot;
		number = place->number;
	}
	for (unsigned i = 0; i < host->n_routes; i++) {
		const struct host_pci_route *r = &host->route[i];

		if (r->function == ((slot << 3 | number) & host->function_mask) &&
			r->pin == (pin & host->pin_mask))
			return r->irq;
	}
	return (struct host_wire){0};
}

/* ---- buses ---- */

static void scan_bus(struct scan *s, const struct place *place);

/* The window of a bridge is what was given out while its buses were looked at. */
static void scan_bridge(
	struct scan *s, const struct place *on, uintptr_t config, uint8_t slot, uint8_t number)
{
	struct place below = {.above = on, .slot = slot, .number = number, .depth = on->depth + 1};
	uint64_t first, last;

	if (s->next_bus > s->host->last_bus || below.depth > DEPTH_MAX || !s->window ||
		!align(s, BRIDGE_WINDOW, 0))
		return;
	below.bus = (uint8_t)s->next_bus++;
	first = s->window->bus_base + s->next;
	io_write8(config + BRIDGE_PRIMARY, on->bus);
	io_write8(config + BRIDGE_SECONDARY, below.bus);
	io_write8(config + BRIDGE_SUBORDINATE, s->host->last_bus);
	scan_bus(s, &below);
	io_write8(config + BRIDGE_SUBORDINATE, (uint8_t)(s->next_bus - 1));
	if (!align(s, BRIDGE_WINDOW, 0))
		s->next = s->window->size;
	last = s->window->bus_base + s->next - 1;
	io_write16(
		config + BRIDGE_IO_BASE, 0x00f0); /* closed, as is one whose last is below first */
	io_write32(config + BRIDGE_PREFETCHABLE, CLOSED);
	io_write16(config + BRIDGE_MEMORY_BASE, (uint16_t)(first >> 16));
	io_write16(config + BRIDGE_MEMORY_LIMIT, (uint16_t)(last >> 16 & 0xfff0));
	io_write16(config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void found(struct scan *s, const struct place *on, struct pci_function *f)
{
	uint8_t pin = io_read8(f->config + PCI_INTERRUPT_PIN);

	if (s->n == s->max || !s->wanted(f->vendor, f->device))
		return;
	if (!assign_all(s, f)) {
		log_line("pci %02x:%02x.%x: no addresses left for it", f->bus, f->slot, f->number);
		return;
	}
	if (pin >= 1 && pin <= INTX_PINS)
		f->irq = route(s->host, on, f->slot, f->number, pin);
	f->messages = s->host->msi;
	io_write16(f->config + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	s->out[s->n++] = *f;
}

/* Its header type; 0: there is no such function, or one with one function. */
static uint8_t scan_function(
	struct scan *s, const struct place *on, uintptr_t config, uint8_t slot, uint8_t number)
{
	uint32_t id = io_read32(config + PCI_VENDOR_ID);
	uint8_t type;

	if (id == PCI_NOTHING || !(uint16_t)id)
		return 0;
	type = io_read8(config + PCI_HEADER_TYPE);
	io_write16(config + PCI_COMMAND, 0);
	if ((type & ~HEADER_MULTI) == HEADER_BRIDGE) {
		scan_bridge(s, on, config, slot, number);
	} else if ((type & ~HEADER_MULTI) == 0) {
		struct pci_function f = {.config = config,
			.bus = on->bus,
			.slot = slot,
			.number = number,
			.vendor = (uint16_t)id,
			.device = (uint16_t)(id >> 16)};

		found(s, on, &f);
	}
	return type;
}

static void scan_bus(struct scan *s, const struct place *place)
{
	uint64_t base =
		s->host->ecam + ((uint64_t)(place->bus - s->host->first_bus) << PCI_ECAM_BUS_SHIFT);

	driver_map(base, 1ull << PCI_ECAM_BUS_SHIFT);
	for (uint8_t slot = 0; slot < SLOTS; slot++) {
		uint8_t n = 1;

		for (uint8_t number = 0; number < n; number++) {
			uintptr_t config = (uintptr_t)base +
					   ((uintptr_t)slot << PCI_ECAM_SLOT_SHIFT) +
					   ((uintptr_t)number << PCI_ECAM_FUNCTION_SHIFT);
			uint8_t type = scan_function(s, place, config, slot, number);

			if (!number && type & HEADER_MULTI)
				n = FUNCTIONS;
		}
	}
}

unsigned pci_scan(const struct host_pci *host, bool (*wanted)(uint16_t vendor, uint16_t device),
	struct pci_function *out, unsigned max)
{
	struct scan s = {
		.host = host,
		.wanted = wanted,
		.out = out,
		.max = max,
		.next_bus = host->first_bus + 1u,
		.window = choose_window(host),
	};
	struct place first = {.bus = host->first_bus};

	/* 0 in a BAR counts as no address. */
	if (s.window && !s.window->bus_base)
		s.next = BRIDGE_WINDOW;
	scan_bus(&s, &first);
	return s.n;
}
