/* SPDX-License-Identifier: MIT */
/* CSRs of a guest that are kept here: those whose accesses trap. */
#ifndef VESPER_CORE_CSR_TRAP_H
#define VESPER_CORE_CSR_TRAP_H

#include "core/insn.h"
#include "core/vcpu.h"

/*
 * Does what an instruction that trapped asks of a CSR; rd is then in vcpu->regs. `supervisor`: in VS-mode. false: the guest
 * has no such CSR, or not in that mode, and the instruction is illegal.
 */
bool csr_trap(struct vcpu *vcpu, const struct insn_csr *insn, bool supervisor);

#endif
