/* SPDX-License-Identifier: MIT */
/* What the parts of machine_parse() share; each part fills its own fields of struct machine. */
#ifndef VESPER_CONFIG_MACHINE_PARTS_H
#define VESPER_CONFIG_MACHINE_PARTS_H

#include "config/dt.h"
#include "config/machine.h"

struct machine_reader {
	const void *fdt;
	uint64_t boot_hart_id;
	struct machine *out;
	struct config_error *err;
	/* Phandles; 0: none. */
	uint32_t intc[MACHINE_HARTS_MAX];        /* of the harts' own interrupt controllers */
	uint32_t imsic_index[MACHINE_HARTS_MAX]; /* Hart Index of the harts' IMSIC pages */
	uint32_t uart_parent, plic, imsic, aplic;
	int stdout_node;     /* -1: none */
	uint32_t controller; /* the interrupt controller found last: its phandle, and where it is */
	int controller_node;
};

/* RAM and reserved ranges. */
MUST_CHECK enum status machine_memory_read(struct machine_reader *r);

/* Harts, ISA, MMU, timebase; sets intc. */
MUST_CHECK enum status machine_cpu_read(struct machine_reader *r);

/*
 * UART, RTC, finisher, IMSIC; sets uart_parent and imsic. An absent or unusable one is no error: its range stays
 * empty.
 */
void machine_devices_read(struct machine_reader *r);

/* PLIC, APLIC, which of them is used and whether the UART is wired to it: in a walk of its own, which depends on the other. */
void machine_irq_read(struct machine_reader *r);

/* Virtio-mmio windows and PCI host bridges, with their interrupts as the controller that was chosen counts them. */
void machine_bus_read(struct machine_reader *r);

/*
 * For each hart its first index below `limit` in the interrupts-extended of `node` that is its
 * S-mode external interrupt, or MACHINE_NO_CONTEXT. false: all have none.
 */
bool machine_irq_harts(
	struct machine_reader *r, int node, uint64_t limit, uint32_t number[MACHINE_HARTS_MAX]);

/* A reader for machine_match(): the harts' imsic, guest_files and imsic_index, imsic_ids. */
void machine_imsic_read(struct machine_reader *r, const struct dt_walk *walk);

struct machine_driver {
	const char *compatible;
	void (*read)(struct machine_reader *r,
		const struct dt_walk *walk); /* of the node that it stands at */
};

/* Walks over the tree: each enabled node goes to the first of `drivers` that its compatible names. */
void machine_match(struct machine_reader *r, const struct machine_driver *drivers, unsigned n);

#endif
