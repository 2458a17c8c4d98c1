/* SPDX-License-Identifier: MIT */
/* Exceptions that Vesper gives to a guest. */
#include "core/vcpu.h"

#include "core/csr.h"
#include "core/vm.h"

const char *const vcpu_exit_name[VCPU_EXITS] = {
	[EXIT_ECALL] = "SBI call",
	[EXIT_MMIO] = "device register",
	[EXIT_RAM] = "new memory",
	[EXIT_WFI] = "wait for interrupt",
	[EXIT_INSN] = "instruction",
	[EXIT_CSR] = "control register",
	[EXIT_FP] = "FP or vector",
	[EXIT_TIMER] = "timer",
	[EXIT_IPI] = "another hart",
	[EXIT_DEVICE] = "device interrupt",
	[EXIT_OTHER] = "other",
};

/* What trap entry does to vsstatus (privileged specification; Zicfilp and Ssdbltrp where the guest has them). */
static void enter_trap(const struct vcpu *vcpu)
{
	uint64_t status = csr_read(vsstatus), host = csr_read(sstatus);

	status &= ~(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SPELP);
	status |= host & (SSTATUS_SPP | SSTATUS_SPELP);
	if (status & SSTATUS_SIE)
		status |= SSTATUS_SPIE;
	if (vcpu->henvcfg & HENVCFG_DTE)
		status |= SSTATUS_SDT;
	csr_write(vsstatus, status & ~SSTATUS_SIE);
	csr_clear(sstatus, SSTATUS_SPELP);
	csr_set(sstatus, SSTATUS_SPP);
}

void vcpu_inject(struct vcpu *vcpu, uint64_t cause, uint64_t tval)
{
	uint64_t pc = csr_read(sepc), vector = csr_read(vstvec) & ~3ull;

	if (cause == CAUSE_FETCH_ACCESS && pc == vector) {
		vm_crash(vcpu, "its trap handler is not in memory");
		return;
	}
	if (vcpu->henvcfg & HENVCFG_DTE && csr_read(vsstatus) & SSTATUS_SDT) {
		vm_crash(vcpu, "a trap while its handler was in another");
		return;
	}
	if (cause == CAUSE_LOAD_ACCESS)
		vcpu->firmware_events[SBI_PMU_FW_ACCESS_LOAD]++;
	if (cause == CAUSE_STORE_ACCESS)
		vcpu->firmware_events[SBI_PMU_FW_ACCESS_STORE]++;
	csr_write(vsepc, pc);
	csr_write(vscause, cause);
	csr_write(vstval, tval);
	enter_trap(vcpu);
	csr_write(sepc, vector);
}
