/* SPDX-License-Identifier: MIT */
/*
 * A guest's hart: its state at power-on, the exceptions and interrupts that
 * Vesper gives it, its timer, and what the SBI server asks of it.
 *
 * The VS-level CSRs of the vCPU that runs live in the hart itself.
 */
#include "core/vcpu.h"

#include <string.h>

#include "backends/terminal.h"
#include "core/csr.h"
#include "core/firmware.h"
#include "core/guest_access.h"
#include "core/hfence.h"
#include "core/trap.h"
#include "core/vm.h"
#include "include/abi/sbi.h"

#define NEVER UINT64_MAX

/* ---- reset ---- */

/* senvcfg and scounteren have no VS-level twin: a guest writes those of the hart. */
static void reset_supervisor_csrs(void)
{
	csr_write(senvcfg, 0);
	csr_write(scounteren, COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR);
	csr_write(vsstatus, SSTATUS_UXL64);
	csr_write(vsie, 0);
	csr_write(vstvec, 0);
	csr_write(vsscratch, 0);
	csr_write(vsepc, 0);
	csr_write(vscause, 0);
	csr_write(vstval, 0);
	csr_write(vsatp, 0);
	csr_write(hvip, 0);
}

static void reset_hypervisor_csrs(const struct vm *vm)
{
	const struct features *f = vm->features;

	csr_write(hedeleg, HEDELEG_GUEST);
	csr_write(hideleg, HVIP_VSSIP | HVIP_VSTIP | HVIP_VSEIP);
	csr_write(hcounteren, COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR);
	csr_write(henvcfg, f->henvcfg);
	csr_write(htimedelta, vm->time_delta);
	if (f->stateen)
		csr_write(hstateen0, HSTATEEN0_ENVCFG);
	if (f->sstc)
		csr_write(vstimecmp, NEVER);
}

void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	reset_hypervisor_csrs(vcpu->vm); /* first: without hideleg, vsie can't be written */
	reset_supervisor_csrs();
	/* The code at `pc` may have been stored by this hart, over other code. */
	__asm__ volatile("fence.i" ::: "memory");
	csr_clear(sie, SIE_STIE);
	csr_set(sie, SIE_SSIE | SIE_SEIE);
	csr_write(hstatus, HSTATUS_SPV | HSTATUS_VSXL64);
	csr_clear(sstatus, SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_FS | SSTATUS_VS);
	csr_set(sstatus, SSTATUS_SPP | SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL);
	csr_write(sepc, pc);
	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->regs[10] = vcpu->id;
	vcpu->regs[11] = opaque;
	vcpu->state = VCPU_RUNNING;
	vcpu->request = VCPU_GOES_ON;
	vcpu->deadline = NEVER;
}

void vcpu_resume_at(struct vcpu *vcpu)
{
	uint64_t pending = csr_read(hvip), deadline = vcpu->deadline;
	uint64_t compare = vcpu->vm->features->sstc ? csr_read(vstimecmp) : 0;

	vcpu_reset(vcpu, vcpu->resume_pc, vcpu->resume_opaque);
	csr_write(hvip, pending);
	vcpu->deadline = deadline;
	if (vcpu->vm->features->sstc)
		csr_write(vstimecmp, compare);
	else
		csr_set(sie, SIE_STIE);
}

/* ---- exceptions and interrupts ---- */

void vcpu_inject(struct vcpu *vcpu, uint64_t cause, uint64_t tval)
{
	uint64_t pc = csr_read(sepc), vector = csr_read(vstvec) & ~3ull;
	uint64_t status = csr_read(vsstatus);

	if (cause == CAUSE_FETCH_ACCESS && pc == vector)
		vm_crash(vcpu->vm, "its trap handler is not in memory");
	csr_write(vsepc, pc);
	csr_write(vscause, cause);
	csr_write(vstval, tval);
	status &= ~(SSTATUS_SPP | SSTATUS_SPIE);
	status |= csr_read(sstatus) & SSTATUS_SPP;
	if (status & SSTATUS_SIE)
		status |= SSTATUS_SPIE;
	csr_write(vsstatus, status & ~SSTATUS_SIE);
	csr_set(sstatus, SSTATUS_SPP);
	csr_write(sepc, vector);
}

/* ---- time ---- */

void vcpu_set_timer(struct vcpu *vcpu, uint64_t time)
{
	if (vcpu->vm->features->sstc) {
		csr_write(vstimecmp, time);
		return;
	}
	csr_clear(hvip, HVIP_VSTIP);
	uint64_t host = time - vcpu->vm->time_delta;

	/* What lies past the end of the host's time never comes. */
	vcpu->deadline = host < time ? NEVER : host;
	firmware_set_timer(vcpu->deadline);
	csr_set(sie, SIE_STIE);
}

void vcpu_timer_expired(struct vcpu *vcpu)
{
	csr_clear(sie, SIE_STIE);
	if (vcpu->deadline == NEVER)
		return;
	if (csr_read(time) < vcpu->deadline) {
		/* The firmware's clock may be a little ahead of this hart's: once more. */
		firmware_set_timer(vcpu->deadline);
		csr_set(sie, SIE_STIE);
		return;
	}
	vcpu->deadline = NEVER;
	csr_set(hvip, HVIP_VSTIP);
}

/* ---- what the SBI server asks ---- */

struct vcpu *vcpu_sibling(struct vcpu *vcpu, uint64_t hart_id)
{
	return hart_id < vcpu->vm->spec->vcpus ? &vcpu->vm->vcpu[hart_id] : NULL;
}

unsigned vcpu_count(const struct vcpu *vcpu)
{
	return vcpu->vm->spec->vcpus;
}

enum vcpu_state vcpu_get_state(const struct vcpu *vcpu)
{
	return vcpu->state;
}

void vcpu_set_software_irq(struct vcpu *target, bool pending)
{
	(void)target;
	if (pending)
		csr_set(hvip, HVIP_VSSIP);
	else
		csr_clear(hvip, HVIP_VSSIP);
}

bool vcpu_get_software_irq(const struct vcpu *vcpu)
{
	(void)vcpu;
	return csr_read(hvip) & HVIP_VSSIP;
}

void vcpu_fence_i(struct vcpu *target)
{
	(void)target;
	__asm__ volatile("fence.i" ::: "memory");
}

/* Past this many pages one fence of everything is cheaper, and the work of a call stays bounded. */
#define FENCE_PAGES_MAX 64

void vcpu_sfence_vma(struct vcpu *target, uint64_t start, uint64_t size)
{
	(void)target;
	if (size > FENCE_PAGES_MAX * 4096) {
		hfence_vvma_all();
		return;
	}
	for (uint64_t at = 0; at < size; at += 4096)
		hfence_vvma_page(start + at);
}

void vcpu_sfence_vma_asid(struct vcpu *target, uint64_t start, uint64_t size, uint64_t asid)
{
	(void)target;
	if (size > FENCE_PAGES_MAX * 4096) {
		hfence_vvma_asid(asid);
		return;
	}
	for (uint64_t at = 0; at < size; at += 4096)
		hfence_vvma_page_asid(start + at, asid);
}

void vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque)
{
	vcpu_reset(target, pc, opaque);
}

void vcpu_stop(struct vcpu *vcpu)
{
	vcpu->state = VCPU_STOPPED;
	vcpu_vm_shutdown(vcpu, false);
}

/* Is an interrupt pending that the guest has enabled? (Its global enable does not matter to WFI.) */
static bool irq_pending(void)
{
	return csr_read(vsip) & csr_read(vsie);
}

void vcpu_suspend(struct vcpu *vcpu)
{
	bool sstc = vcpu->vm->features->sstc;

	vcpu->state = VCPU_SUSPENDED;
	if (sstc) {
		/* In HS-mode the guest's own comparator wakes nobody; lend it ours. */
		csr_write(stimecmp, csr_read(vstimecmp) - vcpu->vm->time_delta);
		csr_set(sie, SIE_STIE);
	}
	while (!irq_pending()) {
		__asm__ volatile("wfi" ::: "memory");
		trap_interrupts(vcpu);
	}
	if (sstc) {
		csr_clear(sie, SIE_STIE);
		csr_write(stimecmp, NEVER);
	}
	vcpu->state = VCPU_RUNNING;
}

void vcpu_suspend_nonretentive(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	vcpu_suspend(vcpu);
	vcpu->request = VCPU_RESUME_AT;
	vcpu->resume_pc = pc;
	vcpu->resume_opaque = opaque;
}

void vcpu_vm_shutdown(struct vcpu *vcpu, bool failed)
{
	vcpu->request = VCPU_SHUTDOWN;
	vcpu->exit_status = failed;
}

void vcpu_vm_reboot(struct vcpu *vcpu)
{
	vcpu->request = VCPU_REBOOT;
}

void *vcpu_ram(struct vcpu *vcpu, gpa_t addr, uint64_t len)
{
	return vm_ram(vcpu->vm, addr, len);
}

enum status vcpu_read_u64(struct vcpu *vcpu, uint64_t virtual_addr, uint64_t *out)
{
	(void)vcpu;
	return guest_access_load(virtual_addr, out) ? OK : ERR_FAULT;
}

void vcpu_console_write(struct vcpu *vcpu, const char *data, size_t len)
{
	(void)vcpu;
	terminal_write(data, len);
}

size_t vcpu_console_read(struct vcpu *vcpu, char *data, size_t len)
{
	(void)vcpu;
	return terminal_read(data, len);
}

uint64_t vcpu_mvendorid(void)
{
	return (uint64_t)firmware_call(SBI_EXT_BASE, SBI_BASE_GET_MVENDORID, 0, 0, 0).value;
}

uint64_t vcpu_marchid(void)
{
	return (uint64_t)firmware_call(SBI_EXT_BASE, SBI_BASE_GET_MARCHID, 0, 0, 0).value;
}

uint64_t vcpu_mimpid(void)
{
	return (uint64_t)firmware_call(SBI_EXT_BASE, SBI_BASE_GET_MIMPID, 0, 0, 0).value;
}
