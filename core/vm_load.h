/* SPDX-License-Identifier: MIT */
/* Puts into a VM's fresh RAM what its first instruction needs. */
#ifndef VESPER_CORE_VM_LOAD_H
#define VESPER_CORE_VM_LOAD_H

#include "core/vm.h"

/* Begins anew in vm->loader; its layout tells where the VM is entered. */
void vm_load_init(struct vm *vm);

/*
 * Copies at most a block of kernel and initrd, or writes the device tree as the last step. true: all is there.
 * config/vm_kernel.c has checked all sizes.
 */
bool vm_load_step(struct vm *vm);

#endif
