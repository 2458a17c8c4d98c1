/* SPDX-License-Identifier: MIT */
/*
 * A VM's life: create, start, restart, end. Its RAM is given out in 2 MiB
 * blocks at the first touch, zeroed, and seen by Vesper through a window.
 */
#ifndef VESPER_CORE_VM_H
#define VESPER_CORE_VM_H

#include "core/features.h"
#include "core/gstage.h"
#include "core/vcpu.h"
#include "include/dm.h"
#include "irq/vplic.h"
#include "lib/log.h"

struct vm {
	const struct vm_spec *spec;
	const struct features *features;

	struct gstage gstage;
	unsigned vmid;
	uint8_t *ram; /* window on [GUEST_RAM_BASE, +spec->memory) */
	uint64_t *
		populated; /* bit b: block b of the RAM is there, in the window and in the G-stage */

	struct dm *dm;
	uint8_t *dm_memory; /* window, all of it there */

	struct vplic vplic;
	struct vcpu vcpu[VM_VCPUS_MAX];

	uint64_t time_delta; /* guest time = host time + time_delta */
	struct log_limit log_limit;
};

/* Builds the VM. Dies with a message when the machine has too little memory for it. */
struct vm *vm_create(const struct vm_spec *spec, const struct features *features);

/* Loads kernel, initrd and device tree, resets vCPU 0 and runs it. */
_Noreturn void vm_start(struct vm *vm);

/* Starts it over with fresh RAM; what its file servers keep stays. */
_Noreturn void vm_reboot(struct vm *vm);

/* The VM is over, with a status (0..255, 0: well). With the last VM the machine is powered off. */
_Noreturn void vm_end(struct vm *vm, unsigned status);

/* Ends the VM for an error of the guest that it cannot be told of. */
_Noreturn void vm_crash(struct vm *vm, const char *why);

enum vm_fill {
	VM_ZEROED,
	VM_UNDEFINED, /* the caller writes all of the block before the guest runs */
};

/* Makes sure that the RAM block at `addr` (inside RAM) is there. false: it was already. */
bool vm_populate(struct vm *vm, gpa_t addr, enum vm_fill fill);

/* Host address of guest RAM; NULL unless all of it is RAM. */
void *vm_ram(struct vm *vm, gpa_t addr, uint64_t len);

/* Lets the device model work; what is left is done after the next guest entry. */
void vm_run_devices(struct vm *vm);

/* Bytes that its device model takes beside what the guest stores in its arenas. */
uint64_t vm_device_memory(const struct vm *vm);

/* May a line about this guest's doings be printed now? */
bool vm_may_log(struct vm *vm);

#endif
