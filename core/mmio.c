/* SPDX-License-Identifier: MIT */
/*
 * Guest-page faults. In RAM: the block is given out and the instruction runs
 * again. Elsewhere: the access is decoded once, then it goes to the virtual
 * PLIC or the device model. Whatever cannot be decoded or has no device
 * becomes the access fault that a machine without that device would raise.
 */
#include "core/mmio.h"

#include "core/csr.h"
#include "core/guest_access.h"
#include "core/hfence.h"
#include "core/insn.h"
#include "core/trap.h"
#include "core/vm.h"

static uint64_t access_fault(uint64_t scause)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST_PAGE:
		return CAUSE_FETCH_ACCESS;
	case CAUSE_LOAD_GUEST_PAGE:
		return CAUSE_LOAD_ACCESS;
	default:
		return CAUSE_STORE_ACCESS;
	}
}

static const char *fault_name(uint64_t scause)
{
	switch (scause) {
	case CAUSE_FETCH_GUEST_PAGE:
		return "instruction guest-page fault";
	case CAUSE_LOAD_GUEST_PAGE:
		return "load guest-page fault";
	default:
		return "store/AMO guest-page fault";
	}
}

__attribute__((cold, noinline)) static void refuse(struct vcpu *vcpu, gpa_t addr)
{
	const struct exit_info *e = &vcpu->last_exit;

	if (vm_may_log(vcpu->vm))
		log_line("%s: %s at %#lx (pc %#lx): nothing is there, the guest gets an access "
			 "fault",
			vcpu->vm->spec->name, fault_name(e->scause), (unsigned long)addr.a,
			(unsigned long)e->sepc);
	vcpu_inject(vcpu, access_fault(e->scause), e->stval);
}

/*
 * Reads the trapped instruction from the guest's memory. false: it is gone, so that running it again
 * faults.
 */
__attribute__((noinline)) static bool fetch(uint64_t pc, struct insn *out)
{
	uint16_t low, high = 0;

	if (!guest_access_fetch(pc, &low))
		return false;
	if ((low & 3) == 3 && !guest_access_fetch(pc + 2, &high))
		return false;
	insn_decode((uint32_t)high << 16 | low, out);
	return true;
}

static bool in_plic(gpa_t addr)
{
	return addr.a - GUEST_PLIC_BASE < GUEST_PLIC_SIZE;
}

static void update_external_irq(struct vcpu *vcpu)
{
	vcpu_set_external_irq(vcpu, vplic_output(&vcpu->vm->vplic, (unsigned)vcpu->id));
}

static bool load(struct vcpu *vcpu, gpa_t addr)
{
	struct vm *vm = vcpu->vm;
	const struct insn *insn = &vcpu->last_insn;

	if (in_plic(addr)) {
		vcpu->mmio_value = vplic_read(&vm->vplic, addr.a - GUEST_PLIC_BASE, insn->size);
		update_external_irq(vcpu); /* a claim lowers it */
	} else if (!dm_mmio_read(vm->dm, addr, insn->size, &vcpu->mmio_value)) {
		return false;
	}
	vcpu->regs[insn->reg] = insn_load_value(insn, vcpu->mmio_value);
	return true;
}

static bool store(struct vcpu *vcpu, gpa_t addr)
{
	struct vm *vm = vcpu->vm;
	const struct insn *insn = &vcpu->last_insn;
	unsigned unused = 64 - 8u * insn->size;
	uint64_t value = insn->reg ? vcpu->regs[insn->reg] << unused >> unused : 0;

	if (in_plic(addr)) {
		vplic_write(&vm->vplic, addr.a - GUEST_PLIC_BASE, insn->size, value);
		update_external_irq(vcpu);
		return true;
	}
	if (!dm_mmio_write(vm->dm, addr, insn->size, value))
		return false;
	if (vcpu->request != VCPU_GOES_ON)
		trap_request(vcpu);
	vm_run_devices(vm);
	return true;
}

static void emulate(struct vcpu *vcpu, gpa_t addr)
{
	const struct exit_info *e = &vcpu->last_exit;
	struct insn *insn = &vcpu->last_insn;
	bool done = false;

	insn_decode_transformed(e->htinst, insn);
	if (!e->htinst && !fetch(e->sepc, insn))
		return;
	if (!insn->addr_offset && !(addr.a & (insn->size - 1ull))) {
		if (insn->kind == INSN_LOAD && e->scause == CAUSE_LOAD_GUEST_PAGE)
			done = load(vcpu, addr);
		else if (insn->kind == INSN_STORE && e->scause == CAUSE_STORE_GUEST_PAGE)
			done = store(vcpu, addr);
	}
	if (done)
		vcpu_skip(insn->length);
	else
		refuse(vcpu, addr);
}

void mmio_fault(struct vcpu *vcpu)
{
	const struct exit_info *e = &vcpu->last_exit;
	gpa_t addr = gpa(e->htval << 2 | (e->stval & 3));

	if (addr.a - GUEST_RAM_BASE < vcpu->vm->spec->memory) {
		/* There already: the hart remembered that it was not. */
		if (!vm_populate(vcpu->vm, addr, VM_ZEROED))
			hfence_gvma_all();
	} else if (insn_is_walk(e->htinst) || e->scause == CAUSE_FETCH_GUEST_PAGE) {
		refuse(vcpu, addr);
	} else {
		emulate(vcpu, addr);
	}
}
