/* SPDX-License-Identifier: MIT */
/* The physical machine as the host device tree describes it. Facts only: nothing is touched. */
#ifndef VESPER_CONFIG_MACHINE_H
#define VESPER_CONFIG_MACHINE_H

#include "config/config_error.h"
#include "config/isa.h"
#include "include/status.h"
#include "lib/addr.h"

#define MACHINE_RAM_MAX      16
#define MACHINE_RESERVED_MAX 32
#define MACHINE_HARTS_MAX    128

struct machine_range {
	uint64_t base, size; /* host-physical bytes */
};

struct machine {
	char model[64];
	unsigned n_ram, n_reserved, n_harts;
	struct machine_range ram[MACHINE_RAM_MAX];
	/* /memreserve/ entries and /reserved-memory children with a `reg`; not the DTB or the
	 * initrd. */
	struct machine_range reserved[MACHINE_RESERVED_MAX];
	uint64_t hart_id[MACHINE_HARTS_MAX]; /* of the CPUs whose status is okay */
	unsigned boot_hart;                  /* index into hart_id */
	struct isa isa;                      /* of the boot hart */
	char mmu_type[16];                   /* "riscv,sv57", ... or "" */
	uint64_t timebase_hz;

	struct machine_range plic; /* size 0: none */
	unsigned plic_sources;     /* riscv,ndev */
	unsigned plic_context;     /* S-mode context of the boot hart */
	struct machine_range
		uart;      /* an ns16550-compatible one, /chosen stdout-path first; size 0: none */
	unsigned uart_irq; /* PLIC source; 0: none */
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
