/* SPDX-License-Identifier: MIT */
/*
 * The one switch on scause. Every handler changes the vCPU (or the VM) and
 * returns; trap_entry.S then goes back to the guest, unless the vCPU has a
 * request: then it leaves the hart.
 */
#include "core/trap.h"

#include "core/csr.h"
#include "core/csr_trap.h"
#include "core/fp.h"
#include "core/insn.h"
#include "core/mmio.h"
#include "core/vm.h"

_Noreturn void trap_request(struct vcpu *vcpu)
{
	if (vcpu->request == VCPU_LOOK) {
		vcpu->request = VCPU_GOES_ON;
		vcpu_take_events(vcpu);
		if (vcpu->request == VCPU_GOES_ON)
			trap_enter_guest(vcpu);
	}
	hart_run(vcpu_leave(vcpu));
}

/* The boot options htinst=off and htval=off. */
static void ignore(struct exit_info *e, enum features_ignored what)
{
	if (what == IGNORE_HTVAL)
		e->htval = e->htinst = 0;
	else if (!insn_is_walk(e->htinst))
		e->htinst = 0;
}

static void record_exit(struct vcpu *vcpu, uint64_t scause)
{
	vcpu->last_exit = (struct exit_info){
		.scause = scause,
		.sepc = csr_read(sepc),
		.stval = csr_read(stval),
		.htval = csr_read(htval),
		.htinst = csr_read(htinst),
	};
}

static __attribute__((noinline)) bool interrupt(struct vcpu *vcpu, uint64_t scause)
{
	static const uint8_t exit[] = {
		[IRQ_SOFTWARE] = EXIT_IPI, [IRQ_TIMER] = EXIT_TIMER, [IRQ_EXTERNAL] = EXIT_DEVICE};
	uint64_t number = scause & ~CAUSE_INTERRUPT;

	vcpu->stats.exits[number < sizeof(exit) ? exit[number] : EXIT_OTHER]++;
	hart_interrupts(vcpu->hart, vcpu);
	return false;
}

#define INSN_WFI     0x10500073
#define INSN_WRS_NTO 0x00d00073

/*
 * Each handler returns as trap_other() does. Those of rare exits are out of line, so that a load or store on
 * its way to mmio_fault() needs no frame here.
 */

/* Nothing else was promised to the guest: it is as if the instruction did not exist. */
static bool virtual_instruction(struct vcpu *vcpu)
{
	uint32_t insn = (uint32_t)vcpu->last_exit.stval;
	bool supervisor = csr_read(sstatus) & SSTATUS_SPP;
	struct insn_csr csr;

	if (!insn && !mmio_fetch(vcpu->last_exit.sepc, &insn))
		return false;
	if (insn == INSN_WFI && supervisor) {
		vcpu->stats.exits[EXIT_WFI]++;
		vcpu->request = VCPU_WAIT;
		vcpu_skip(4);
	} else if (insn == INSN_WRS_NTO) {
		vcpu->stats.exits[EXIT_WFI]++;
		vcpu->request = VCPU_YIELD;
		vcpu_skip(4);
	} else if (insn_decode_csr(insn, &csr) && csr_trap(vcpu, &csr, supervisor)) {
		vcpu->stats.exits[EXIT_CSR]++;
		vcpu_skip(4);
		return TRAP_LEFT_ALONE >> csr.rd & 1;
	} else {
		vcpu->stats.exits[EXIT_INSN]++;
		vcpu_inject(vcpu, CAUSE_ILLEGAL, insn);
	}
	return false;
}

static void illegal_instruction(struct vcpu *vcpu)
{
	bool claimed = fp_claim(vcpu->hart, vcpu);

	vcpu->stats.exits[claimed ? EXIT_FP : EXIT_INSN]++;
	if (!claimed)
		vcpu_inject(vcpu, CAUSE_ILLEGAL, vcpu->last_exit.stval);
}

static __attribute__((noinline)) bool other_exception(struct vcpu *vcpu, uint64_t scause)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST_PAGE:
		return mmio_fault(vcpu);
	case CAUSE_VIRTUAL_INSN:
		return virtual_instruction(vcpu);
	case CAUSE_ILLEGAL:
		illegal_instruction(vcpu);
		return false;
	case CAUSE_DOUBLE_TRAP:
		vm_crash(vcpu, "a trap while its handler was in another");
		return false;
	default:
		vm_crash(vcpu, "an exception that Vesper does not know");
		return false;
	}
}

static inline bool dispatch(struct vcpu *vcpu, uint64_t scause)
{
	if (scause == CAUSE_LOAD_GUEST_PAGE || scause == CAUSE_STORE_GUEST_PAGE)
		return mmio_fault(vcpu);
	return other_exception(vcpu, scause);
}

static __attribute__((cold, noinline)) bool exception_ignoring(struct vcpu *vcpu, uint64_t scause)
{
	ignore(&vcpu->last_exit, vcpu->ignored);
	return dispatch(vcpu, scause);
}

static bool exception(struct vcpu *vcpu, uint64_t scause)
{
	record_exit(vcpu, scause);
	return vcpu->ignored ? exception_ignoring(vcpu, scause) : dispatch(vcpu, scause);
}

bool trap_other(struct vcpu *vcpu, uint64_t scause)
{
	return scause & CAUSE_INTERRUPT ? interrupt(vcpu, scause) : exception(vcpu, scause);
}
