/* SPDX-License-Identifier: MIT */
/* Guest-page faults: the guest's memory on its first touch, its devices, or nothing. */
#ifndef VESPER_CORE_MMIO_H
#define VESPER_CORE_MMIO_H

#include "core/vcpu.h"

/* Handles vcpu->last_exit. true: a register in vcpu->regs has changed that a C call would have left alone. */
bool mmio_fault(struct vcpu *vcpu);

/* Reads the instruction at guest virtual `pc`. false: it is gone, so that running it again faults. */
MUST_CHECK bool mmio_fetch(uint64_t pc, uint32_t *out);

#endif
