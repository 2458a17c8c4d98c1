/* SPDX-License-Identifier: MIT */
/* The way of an interrupt: a device's line, the APLIC, an MSI, a file, the vCPU; and the guest's own MSIs. */
#include "core/aia.h"

#include "core/csr.h"
#include "core/vm.h"
#include "include/abi/aia.h"
#include "irq/imsic.h"

void aia_init(struct vm *vm)
{
	vaplic_init(&vm->vaplic, vm->n_vcpus);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vimsic_init(&vm->vcpu[i]->imsic);
}

/* ---- MSIs; with the VM's lock, so that the file stays what it is ---- */

/* The software file has got something. */
static void notify(struct vcpu *vcpu)
{
	if (vcpu->hart == hart_self())
		vcpu_update_external_irq(vcpu);
	else
		vcpu_post(vcpu, VCPU_EVENT_EXTERNAL);
}

static void send_to_file(struct vcpu *vcpu, uint64_t id)
{
	if (id && id <= GUEST_IMSIC_IDS)
		imsic_send(hart_file_page(vcpu->file_hart, vcpu->file), (unsigned)id);
}

static void deliver(struct vcpu *vcpu, unsigned id)
{
	if (vcpu->file)
		send_to_file(vcpu, id);
	else if (vimsic_send(&vcpu->imsic, id))
		notify(vcpu);
}

/* A store to the page of a file. */
static void write_page(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value)
{
	if (!vcpu->file) {
		if (vimsic_write_page(&vcpu->imsic, offset, size, value))
			notify(vcpu);
	} else if (size == 4 && offset == IMSIC_SETEIPNUM_LE) {
		send_to_file(vcpu, value);
	} else if (size == 4 && offset == IMSIC_SETEIPNUM_BE) {
		send_to_file(vcpu, __builtin_bswap32((uint32_t)value));
	}
}

/* ---- the APLIC ---- */

static void send_msis(struct vm *vm)
{
	struct vaplic_msi msi;

	while (vaplic_next_msi(&vm->vaplic, &msi))
		deliver(vm->vcpu[msi.hart], msi.eiid);
}

void aia_set_line(struct vm *vm, unsigned line, bool level)
{
	vaplic_set_line(&vm->vaplic, line, level);
	send_msis(vm);
}

/* ---- the guest's loads and stores ---- */

static bool in_aplic(gpa_t addr)
{
	return addr.a - GUEST_APLIC_BASE < GUEST_APLIC_SIZE;
}

static bool in_imsic(const struct vm *vm, gpa_t addr)
{
	return addr.a - GUEST_IMSIC_BASE < (uint64_t)vm->n_vcpus * IMSIC_PAGE_SIZE;
}

bool aia_read(struct vm *vm, gpa_t addr, unsigned size, uint64_t *value)
{
	*value = 0; /* as all of an interrupt file's page reads */
	if (!in_aplic(addr))
		return in_imsic(vm, addr);
	*value = vaplic_read(&vm->vaplic, addr.a - GUEST_APLIC_BASE, size);
	return true;
}

bool aia_write(struct vm *vm, gpa_t addr, unsigned size, uint64_t value)
{
	uint64_t offset = addr.a - GUEST_IMSIC_BASE;

	if (in_imsic(vm, addr)) {
		write_page(
			vm->vcpu[offset / IMSIC_PAGE_SIZE], offset % IMSIC_PAGE_SIZE, size, value);
		return true;
	}
	if (!in_aplic(addr))
		return false;
	vaplic_write(&vm->vaplic, addr.a - GUEST_APLIC_BASE, size, value);
	send_msis(vm);
	return true;
}

void aia_msi(struct vm *vm, gpa_t addr, uint32_t data)
{
	uint64_t offset = addr.a - GUEST_IMSIC_BASE;

	if (in_imsic(vm, addr))
		write_page(vm->vcpu[offset / IMSIC_PAGE_SIZE], offset % IMSIC_PAGE_SIZE, 4, data);
}

/* ---- the vCPU's CSRs ---- */

/* Priorities of the other interrupts: all read-only zero, and odd registers are not there. */
static bool is_iprio(uint64_t select)
{
	return select >= ISELECT_IPRIO_FIRST && select <= ISELECT_IPRIO_LAST;
}

bool aia_sireg(struct vcpu *vcpu, uint64_t value, uint64_t mask, uint64_t *old)
{
	struct vimsic_state none = {0};
	uint64_t select = csr_read(vsiselect);
	/* With a hardware file only those come here that it does not have. */
	struct vimsic_state *state = vcpu->file ? &none : &vcpu->imsic;

	*old = 0;
	if (is_iprio(select))
		return !(select & 1);
	if (!vimsic_reg_access(state, select, value, mask, old))
		return false;
	vcpu_update_external_irq(vcpu);
	return true;
}

bool aia_stopei(struct vcpu *vcpu, bool claim, uint64_t *old)
{
	if (vcpu->file)
		return false;
	*old = vimsic_stopei(&vcpu->imsic, claim);
	vcpu_update_external_irq(vcpu);
	return true;
}
