/* SPDX-License-Identifier: MIT */
/* From a guest-page fault to the device that was meant, or to an access fault in the guest. */
#ifndef VESPER_CORE_MMIO_H
#define VESPER_CORE_MMIO_H

struct vcpu;

/* Handles the guest-page fault described by vcpu->last_exit. All registers are in vcpu->regs. */
void mmio_fault(struct vcpu *vcpu);

#endif
