/* SPDX-License-Identifier: MIT */
/*
 * The one switch on scause. Every handler changes the vCPU (or the VM) and
 * returns; trap_entry.S then goes back to the guest.
 */
#include "core/trap.h"

#include "backends/terminal.h"
#include "core/csr.h"
#include "core/insn.h"
#include "core/mmio.h"
#include "core/vm.h"
#include "irq/plic.h"

_Noreturn void trap_request(struct vcpu *vcpu)
{
	switch ((enum vcpu_request)vcpu->request) {
	case VCPU_GOES_ON:
		break;
	case VCPU_SHUTDOWN:
		vm_end(vcpu->vm, vcpu->exit_status);
	case VCPU_REBOOT:
		vm_reboot(vcpu->vm);
	case VCPU_RESUME_AT:
		vcpu_resume_at(vcpu);
		break;
	}
	trap_enter_guest(vcpu);
}

/* The one device whose interrupts Vesper takes is its console. */
static void external_interrupt(struct vcpu *vcpu)
{
	unsigned source = plic_claim();

	if (!source)
		return;
	if (terminal_interrupt(source)) {
		dm_port_ready(vcpu->vm->dm, TERMINAL_PORT);
		vm_run_devices(vcpu->vm);
	}
	plic_complete(source);
}

void trap_interrupts(struct vcpu *vcpu)
{
	uint64_t pending = csr_read(sip) & csr_read(sie);

	if (pending & SIE_STIE)
		vcpu_timer_expired(vcpu);
	if (pending & SIE_SEIE)
		external_interrupt(vcpu);
	if (pending & SIE_SSIE) {
		csr_clear(sip, SIE_SSIE);
		vm_run_devices(vcpu->vm);
	}
}

/*
 * The boot option htinst=off stands for a hart that never describes an instruction. A page-table walk it
 * must tell of all the same: a non-zero htval without that means the access itself.
 */
static uint64_t read_htinst(const struct vcpu *vcpu)
{
	uint64_t htinst = csr_read(htinst);

	return vcpu->ignore_htinst && !insn_is_walk(htinst) ? 0 : htinst;
}

static void record_exit(struct vcpu *vcpu, uint64_t scause)
{
	vcpu->last_exit = (struct exit_info){
		.scause = scause,
		.sepc = csr_read(sepc),
		.stval = csr_read(stval),
		.htval = csr_read(htval),
		.htinst = read_htinst(vcpu),
	};
}

void trap_other(struct vcpu *vcpu, uint64_t scause)
{
	if (scause & CAUSE_INTERRUPT) {
		trap_interrupts(vcpu);
		return;
	}
	record_exit(vcpu, scause);
	switch (scause) {
	case CAUSE_FETCH_GUEST_PAGE:
	case CAUSE_LOAD_GUEST_PAGE:
	case CAUSE_STORE_GUEST_PAGE:
		mmio_fault(vcpu);
		break;
	case CAUSE_VIRTUAL_INSN:
		/* Nothing that a guest was promised: it is as if the instruction did not exist. */
		vcpu_inject(vcpu, CAUSE_ILLEGAL, vcpu->last_exit.stval);
		break;
	default:
		vm_crash(vcpu->vm, "an exception that Vesper does not know");
	}
}
