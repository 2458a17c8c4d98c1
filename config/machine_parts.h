/* SPDX-License-Identifier: MIT */
/* What the parts of machine_parse() share; each part fills its own fields of struct machine. */
#ifndef VESPER_CONFIG_MACHINE_PARTS_H
#define VESPER_CONFIG_MACHINE_PARTS_H

#include "config/machine.h"

struct machine_reader {
	const void *fdt;
	uint64_t boot_hart_id;
	struct machine *out;
	struct config_error *err;
	uint32_t boot_intc; /* phandle of the boot hart's own interrupt controller; 0: none */
};

/* RAM and reserved ranges. */
MUST_CHECK enum status machine_memory_read(struct machine_reader *r);

/* Harts, ISA, timebase; sets boot_intc. */
MUST_CHECK enum status machine_cpu_read(struct machine_reader *r);

/* PLIC, UART, RTC. An absent or unusable device is no error: its range stays empty. */
void machine_devices_read(struct machine_reader *r);

#endif
