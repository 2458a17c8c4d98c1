/* SPDX-License-Identifier: MIT */
/* The physical machine as the host device tree describes it. Facts only: nothing is touched. */
#ifndef VESPER_CONFIG_MACHINE_H
#define VESPER_CONFIG_MACHINE_H

#include "config/config_error.h"
#include "config/isa.h"
#include "include/host_devices.h"
#include "include/status.h"
#include "lib/addr.h"

#define MACHINE_RAM_MAX      16
#define MACHINE_RESERVED_MAX 32
#define MACHINE_HARTS_MAX    128

struct machine_range {
	uint64_t base, size; /* host-physical bytes */
};

#define MACHINE_NO_CONTEXT UINT32_MAX

struct machine_hart {
	uint64_t id;           /* of the firmware */
	uint32_t plic_context; /* its S-mode context; MACHINE_NO_CONTEXT: none */
	uint64_t imsic;        /* host-physical page of its S-level interrupt file; 0: none */
	unsigned guest_files;  /* pages with guest interrupt files that follow it */
	uint32_t aplic_hart;   /* its Hart Index in the APLIC; MACHINE_NO_CONTEXT: none */
};

enum machine_irqchip {
	MACHINE_IRQCHIP_NONE,
	MACHINE_IRQCHIP_PLIC,
	MACHINE_IRQCHIP_APLIC, /* through the IMSIC when `aplic_msi` */
};

struct machine {
	char model[64];
	unsigned n_ram, n_reserved, n_harts;
	struct machine_range ram[MACHINE_RAM_MAX];
	/* /memreserve/ entries and /reserved-memory children with a `reg`; not the DTB or the
	 * initrd. */
	struct machine_range reserved[MACHINE_RESERVED_MAX];
	/* The CPUs whose status is okay and that have H if the boot hart has. */
	struct machine_hart hart[MACHINE_HARTS_MAX];
	unsigned boot_hart; /* index into hart */
	struct isa isa;     /* what all of them have */
	char mmu_type[16];  /* the narrowest of them: "riscv,sv57", ... or "" */
	uint64_t timebase_hz;

	/* Of several the one that the console is wired to; it may reach only some of the harts. */
	struct machine_range plic;  /* size 0: none */
	unsigned plic_sources;      /* riscv,ndev */
	struct machine_range aplic; /* the S-level domain; size 0: none */
	unsigned aplic_sources;     /* riscv,num-sources */
	bool aplic_msi;             /* it sends MSIs to the IMSIC of `hart` */
	unsigned imsic_ids;         /* riscv,num-ids; 0: no IMSIC */
	enum machine_irqchip
		irqchip; /* the one that Vesper takes interrupts from: the console's, else the first */
	struct host_devices devices; /* disks, networks and the like are behind them */
	/* An ns16550-compatible one, /chosen stdout-path first; size 0: none. */
	struct machine_range uart;
	enum machine_irqchip uart_irqchip; /* what its interrupt is wired to */
	unsigned uart_irq;                 /* source there; 0: none */
	unsigned uart_reg_shift, uart_reg_io_width;
	struct machine_range rtc; /* google,goldfish-rtc; size 0: none */
	struct machine_range
		finisher; /* sifive,test0: ends a simulator with a status; size 0: none */
	struct machine_range bundle; /* /chosen linux,initrd-{start,end}; size 0: none */
	char bootargs[256];          /* /chosen bootargs, cut */
	uint8_t rng_seed[64];        /* /chosen rng-seed, cut */
	unsigned rng_seed_len;
};

/*
 * Reads the flattened device tree at `fdt` (fdt_totalsize bytes readable). ERR_INVALID with
 * err->text: not a tree, no RAM, no boot hart, no timebase, or more entries than the arrays hold.
 */
MUST_CHECK enum status machine_parse(
	const void *fdt, uint64_t boot_hart_id, struct machine *out, struct config_error *err);

#endif
