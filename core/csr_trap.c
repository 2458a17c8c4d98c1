/* SPDX-License-Identifier: MIT */
/*
 * A CSR's number says from which mode on it may be accessed, but a hart tells
 * VU-mode's tries in the same way as VS-mode's, so that is looked at here.
 */
#include "core/csr_trap.h"

#include "core/aia.h"
#include "core/csr.h"
#include "core/vm.h"
#include "include/abi/aia.h"
#include "sbi/pmu.h"

/* One that SBI PMU's user stopped or set. From VU-mode the guest itself must have allowed it. */
static bool read_counter(
	struct vcpu *vcpu, const struct insn_csr *insn, bool supervisor, uint64_t *old)
{
	unsigned n = insn->csr - CSR_CYCLE;

	if (insn->writes || n >= 32 || !(supervisor || csr_read(scounteren) >> n & 1))
		return false;
	return sbi_pmu_read_csr(vcpu, insn->csr, old);
}

static bool access(struct vcpu *vcpu, const struct insn_csr *insn, bool supervisor, uint64_t *old)
{
	uint64_t operand = insn->source, value, mask;

	if (!vcpu->vm->aia || !supervisor)
		return false;
	if (!insn->immediate)
		operand = insn->source ? vcpu->regs[insn->source] : 0;
	insn_csr_change(insn, operand, &value, &mask);
	switch (insn->csr) {
	case CSR_SIREG:
		return aia_sireg(vcpu, value, mask, old);
	case CSR_STOPEI:
		return aia_stopei(vcpu, insn->writes, old);
	default:
		return false;
	}
}

bool csr_trap(struct vcpu *vcpu, const struct insn_csr *insn, bool supervisor)
{
	uint64_t old;

	if (!read_counter(vcpu, insn, supervisor, &old) && !access(vcpu, insn, supervisor, &old))
		return false;
	vcpu->regs[insn->rd] = old;
	return true;
}
