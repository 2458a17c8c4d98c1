/* SPDX-License-Identifier: MIT */
/*
 * Guest-page faults. In RAM: the block is given out and the instruction runs
 * again. Elsewhere: the access is decoded once, then it goes to the virtual
 * interrupt controller or the device model. Whatever cannot be decoded or has no device
 * becomes the access fault that a machine without that device would raise.
 */
#include "core/mmio.h"

#include "core/aia.h"
#include "core/csr.h"
#include "core/guest_access.h"
#include "core/hfence.h"
#include "core/insn.h"
#include "core/trap.h"
#include "core/vm.h"
#include "core/walk.h"
#include "include/abi/aia.h"

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

static gpa_t fault_address(const struct exit_info *e)
{
	return gpa(e->htval << 2 | (e->stval & 3));
}

/* Returns as mmio_fault() does. */
__attribute__((cold, noinline)) static bool refuse(struct vcpu *vcpu, gpa_t addr)
{
	const struct exit_info *e = &vcpu->last_exit;

	if (vm_may_log(vcpu->vm))
		log_line("%s: %s at %#lx (pc %#lx): nothing is there, the guest gets an access "
			 "fault",
			vcpu->vm->spec->name, fault_name(e->scause), (unsigned long)addr.a,
			(unsigned long)e->sepc);
	vcpu_inject(vcpu, access_fault(e->scause), e->stval);
	return false;
}

/*
 * Reads the trapped instruction from the guest's memory. false: it is gone, so that running it again
 * faults.
 */
__attribute__((noinline)) bool mmio_fetch(uint64_t pc, uint32_t *out)
{
	uint16_t low, high = 0;

	if (!guest_access_fetch(pc, &low))
		return false;
	if ((low & 3) == 3 && !guest_access_fetch(pc + 2, &high))
		return false;
	*out = (uint32_t)high << 16 | low;
	return true;
}

static bool in_plic(const struct vm *vm, gpa_t addr)
{
	return addr.a - GUEST_PLIC_BASE < vm->plic_size;
}

/* ---- loads and stores, with the VM's lock ---- */

/* Out of line, as are stores: a load of a device's register gets by with few saved registers. */
static __attribute__((noinline)) bool load_plic(struct vcpu *vcpu, gpa_t addr)
{
	struct vm *vm = vcpu->vm;
	uint64_t offset = addr.a - GUEST_PLIC_BASE;

	vcpu->mmio_value = vplic_read(&vm->vplic, offset, vcpu->last_insn.size);
	if (vplic_read_claims(offset))
		vm_update_external_irqs(vm);
	return true;
}

static __attribute__((noinline)) bool load_aia(struct vcpu *vcpu, gpa_t addr)
{
	return vcpu->vm->aia && aia_read(vcpu->vm, addr, vcpu->last_insn.size, &vcpu->mmio_value);
}

/* Into vcpu->mmio_value. */
static bool load(struct vcpu *vcpu, gpa_t addr)
{
	struct vm *vm = vcpu->vm;

	if (in_plic(vm, addr))
		return load_plic(vcpu, addr);
	return dm_mmio_read(vm->dm, addr, vcpu->last_insn.size, &vcpu->mmio_value) ||
	       load_aia(vcpu, addr);
}

/* ---- the instruction; each returns as mmio_fault() does ---- */

/* A sibling's request may be long: not all vCPUs of a VM wait for it at once on as many harts. false: it is to run again. */
static inline bool lock_vm(struct vcpu *vcpu)
{
	if (spin_lock_for(&vcpu->vm->lock, VM_LOCK_TRIES))
		return true;
	vcpu->request = VCPU_YIELD;
	return false;
}

static bool emulate_load(struct vcpu *vcpu, gpa_t addr)
{
	const struct insn *insn = &vcpu->last_insn;

	if (!lock_vm(vcpu))
		return false;
	bool done = load(vcpu, addr);

	spin_unlock(&vcpu->vm->lock);
	if (!done)
		return refuse(vcpu, addr);
	vcpu->regs[insn->reg] = insn_load_value(insn, vcpu->mmio_value);
	vcpu_skip(insn->length);
	return TRAP_LEFT_ALONE >> insn->reg & 1;
}

/* Nothing that needs a device to run. */
static bool in_aia(const struct vm *vm, gpa_t addr)
{
	return vm->aia && (addr.a - GUEST_IMSIC_BASE < IMSIC_PAGE_SIZE * VM_VCPUS_MAX ||
				  addr.a - GUEST_APLIC_BASE < GUEST_APLIC_SIZE);
}

/* With the lock, which it gives up. */
static __attribute__((noinline)) bool store_device(struct vcpu *vcpu, gpa_t addr, uint64_t value)
{
	struct vm *vm = vcpu->vm;
	enum dm_mmio answer = dm_mmio_write(vm->dm, addr, vcpu->last_insn.size, value);

	/* Not when the access ended the VM. */
	if (answer != DM_MMIO_NONE && vm->state == VM_RUNNING)
		vm_run_devices(vm);
	vm_unlock_devices(vm);
	if (answer == DM_MMIO_NONE)
		return refuse(vcpu, fault_address(&vcpu->last_exit));
	/* Where the device is not ready for it the instruction is to run again. */
	if (answer == DM_MMIO_AGAIN)
		vcpu->request = VCPU_YIELD;
	else
		vcpu_skip(vcpu->last_insn.length);
	return false;
}

static __attribute__((noinline)) bool emulate_store(struct vcpu *vcpu, gpa_t addr)
{
	struct vm *vm = vcpu->vm;
	const struct insn *insn = &vcpu->last_insn;

	if (!lock_vm(vcpu))
		return false;
	unsigned unused = 64 - 8u * insn->size;
	uint64_t value = insn->reg ? vcpu->regs[insn->reg] << unused >> unused : 0;
	bool done = true;

	if (in_plic(vm, addr)) {
		vplic_write(&vm->vplic, addr.a - GUEST_PLIC_BASE, insn->size, value);
		vm_update_external_irqs(vm);
	} else if (in_aia(vm, addr)) {
		done = aia_write(vm, addr, insn->size, value);
	} else {
		return store_device(vcpu, addr, value);
	}
	spin_unlock(&vm->lock);
	if (!done)
		return refuse(vcpu, addr);
	vcpu_skip(insn->length);
	return false;
}

/* Where htinst does not say that a misaligned access faulted in its middle, its first address does. */
static uint8_t misalignment(const struct vcpu *vcpu)
{
	const struct insn *insn = &vcpu->last_insn;
	uint64_t base = insn->base ? vcpu->regs[insn->base] : 0;

	return insn->kind == INSN_OTHER ? 0 : (uint8_t)insn_misalignment(insn, base);
}

/* Where htinst says nothing. false: it is to run again. */
__attribute__((noinline)) static bool decode_fetched(struct vcpu *vcpu)
{
	uint32_t word = 0;

	/* The jump to nowhere is no access of its own; the word 0 is none, either. */
	if (vcpu->last_exit.scause != CAUSE_FETCH_GUEST_PAGE &&
		!mmio_fetch(vcpu->last_exit.sepc, &word))
		return false;
	insn_decode(word, &vcpu->last_insn);
	vcpu->last_insn.addr_offset = misalignment(vcpu);
	return true;
}

static bool emulate(struct vcpu *vcpu, gpa_t addr)
{
	const struct exit_info *e = &vcpu->last_exit;
	const struct insn *insn = &vcpu->last_insn;

	vcpu->stats.exits[EXIT_MMIO]++;
	/* The pseudoinstructions of a page walk decode as no access. */
	if (e->htinst)
		insn_decode_transformed(e->htinst, &vcpu->last_insn);
	else if (!decode_fetched(vcpu))
		return false;
	if (insn->addr_offset || addr.a & (insn->size - 1ull))
		return refuse(vcpu, addr);
	if (insn->kind == INSN_LOAD && e->scause == CAUSE_LOAD_GUEST_PAGE)
		return emulate_load(vcpu, addr);
	if (insn->kind == INSN_STORE && e->scause == CAUSE_STORE_GUEST_PAGE)
		return emulate_store(vcpu, addr);
	return refuse(vcpu, addr);
}

/* The hart's idea of the guest's tables, or of what is in RAM, is older than ours. */
static void forget_translations(void)
{
	hfence_gvma_all();
	hfence_vvma_all();
}

/*
 * A hart that gives no address, or the address 0: the guest's page table has it. Completes last_exit
 * as a hart does that tells all. false: the access is to run again.
 */
__attribute__((cold, noinline)) static bool find_address(struct vcpu *vcpu)
{
	struct exit_info *e = &vcpu->last_exit;
	uint64_t fetch = e->scause == CAUSE_FETCH_GUEST_PAGE ? PTE_X : 0;
	uint64_t user = csr_read(sstatus) & SSTATUS_SPP ? 0 : PTE_U;
	gpa_t addr;

	if (!lock_vm(vcpu))
		return false;
	enum walk_end end =
		walk_find(csr_read(vsatp), e->stval, fetch | user, vm_ram, vcpu->vm, &addr);

	spin_unlock(&vcpu->vm->lock);
	switch (end) {
	case WALK_TABLE:
		e->htinst = INSN_WALK_READ;
		break;
	case WALK_PAGE:
		if (insn_is_walk(e->htinst))
			e->htinst = 0;
		break;
	default:
		forget_translations();
		return false;
	}
	e->htval = addr.a >> 2;
	return true;
}

bool mmio_fault(struct vcpu *vcpu)
{
	const struct exit_info *e = &vcpu->last_exit;

	if (!e->htval && !find_address(vcpu))
		return false;
	gpa_t addr = fault_address(e);

	if (addr.a - GUEST_RAM_BASE >= vcpu->vm->spec->memory)
		return emulate(vcpu, addr);
	vcpu->stats.exits[EXIT_RAM]++;
	enum vm_populated there = vm_populate(vcpu->vm, addr, VM_ZEROED);

	if (there == VM_NO_MEMORY)
		return refuse(vcpu, addr);
	/* There already: the hart remembered that it was not. */
	if (there == VM_WAS_THERE)
		forget_translations();
	return false;
}
