/* SPDX-License-Identifier: MIT */
/* Puts into a VM's fresh RAM what its first instruction needs. */
#ifndef VESPER_CORE_VM_LOAD_H
#define VESPER_CORE_VM_LOAD_H

#include "core/vm.h"

struct vm_entry {
	uint64_t pc;
	uint64_t fdt; /* GPA of the device tree */
};

/* Copies kernel and initrd, writes the device tree. All sizes were checked by config/vm_spec.c. */
void vm_load(struct vm *vm, struct vm_entry *out);

/* The entropy that guests' rng-seed is drawn from (the firmware's own seed, if it gave one). */
void vm_load_seed(const uint8_t *seed, unsigned len);

#endif
