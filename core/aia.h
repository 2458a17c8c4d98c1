/* SPDX-License-Identifier: MIT */
/*
 * A guest's APLIC and IMSICs, for a VM with `aia`. An MSI goes to the vCPU's
 * hardware interrupt file when it has one (aia_file.c), else to its software
 * file, whose output is hvip.VSEIP. Which of the two it is changes with the VM's lock.
 */
#ifndef VESPER_CORE_AIA_H
#define VESPER_CORE_AIA_H

#include "core/vcpu.h"

/* As after a reset; no vCPU is on. */
void aia_init(struct vm *vm);

/* ---- with the VM's lock ---- */

/* A device drives its line. */
void aia_set_line(struct vm *vm, unsigned line, bool level);

/* Registers of the APLIC and pages of the IMSICs. false: there is nothing at `addr`. */
bool aia_read(struct vm *vm, gpa_t addr, unsigned size, uint64_t *value);
bool aia_write(struct vm *vm, gpa_t addr, unsigned size, uint64_t value);

/* A device's MSI: a store of `data` to `addr`. What is no page of an interrupt file ignores it. */
void aia_msi(struct vm *vm, gpa_t addr, uint32_t data);

/* ---- of a vCPU ---- */

/* Does its software file assert the external interrupt? */
static inline bool aia_output(const struct vcpu *vcpu)
{
	return !vcpu->file && vimsic_output(&vcpu->imsic);
}

/*
 * Accesses of the guest to its CSRs that trapped; the vCPU is loaded. As vimsic_reg_access() and vimsic_stopei().
 * false: the instruction is illegal.
 */
bool aia_sireg(struct vcpu *vcpu, uint64_t value, uint64_t mask, uint64_t *old);
bool aia_stopei(struct vcpu *vcpu, bool claim, uint64_t *old);

#endif
