/* SPDX-License-Identifier: MIT */
/*
 * A vCPU into a hart and out of it. Vesper itself never changes the VS-level
 * CSRs, so a vCPU that comes back to a hart where nobody was loaded meanwhile
 * finds them as it left them.
 */
#include <string.h>

#include "core/aia_file.h"
#include "core/clock.h"
#include "core/csr.h"
#include "core/fp.h"
#include "core/gstage.h"
#include "core/hfence.h"
#include "core/page.h"
#include "core/pmu.h"
#include "core/vm.h"
#include "include/abi/aia.h"

/* sstatus that is the guest's: where sret goes to. */
#define SSTATUS_GUEST (SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SPELP)

#define STATEEN_AIA (HSTATEEN0_IMSIC | HSTATEEN0_AIA | HSTATEEN0_CSRIND)

#define SAVE(name)    (vcpu->csrs.name = csr_read(name))
#define RESTORE(name) csr_write(name, vcpu->csrs.name)

/* Those that every vCPU has, for SAVE and RESTORE. */
#define EACH(op)                \
	do {                    \
		op(vsstatus);   \
		op(vsie);       \
		op(vstvec);     \
		op(vsscratch);  \
		op(vsepc);      \
		op(vscause);    \
		op(vstval);     \
		op(hvip);       \
		op(senvcfg);    \
		op(scounteren); \
	} while (0)

void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	memset(vcpu->regs, 0, sizeof(vcpu->regs));
	vcpu->regs[10] = vcpu->id;
	vcpu->regs[11] = opaque;
	vcpu->csrs = (struct vcpu_csrs){
		.sepc = pc,
		.sstatus = SSTATUS_SPP,
		.hstatus = HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VSXL64,
		.vsstatus = SSTATUS_UXL64,
		.scounteren = COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR,
		.vstimecmp = SCHED_NEVER,
	};
	memset(vcpu->fp, 0, fp_pages(vcpu->vm->features->vlenb) * PAGE_SIZE);
	vcpu->last_hart = vcpu->fp_hart = NULL;
	vcpu->request = VCPU_GOES_ON;
}

void vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	vcpu_reset(vcpu, pc, opaque);
	vcpu->henvcfg = vcpu->vm->features->henvcfg_reset;
	vcpu->hcounteren = HCOUNTEREN_GUEST;
	vcpu->deadline = SCHED_NEVER;
	vcpu->steal_area = UINT64_MAX;
	vcpu->stolen = 0;
	sbi_state_reset(&vcpu->sbi);
	vcpu->pmu = (struct pmu){0};
}

/* ---- what it has used ---- */

static void count_from_here(struct vcpu *vcpu)
{
	vcpu->counter[VCPU_CYCLES] -= csr_read(cycle);
	vcpu->counter[VCPU_INSTRUCTIONS] -= csr_read(instret);
}

static void count_up_to_here(struct vcpu *vcpu)
{
	vcpu->counter[VCPU_CYCLES] += csr_read(cycle);
	vcpu->counter[VCPU_INSTRUCTIONS] += csr_read(instret);
}

/* ---- translations ---- */

/* hart_fence_guest() sets the mark and then looks where the VM runs; here it is the other way round. */
static bool is_stale(const struct hart *hart, struct vm *vm)
{
	bool *stale = &vm->stale[hart->index];

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(stale, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(stale, false, __ATOMIC_RELAXED);
	return true;
}

/*
 * A VM that got a VMID of its own keeps its translations; the others share VMID 0. Between two vCPUs of one VM the
 * VS-stage ones must go: each believes that the address spaces on its hart are its own.
 */
static void switch_translations(struct hart *hart, struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint32_t *last = &vm->last_vcpu[hart->index];

	csr_write(vsatp, 0);
	if (hart->vm != vm) {
		csr_write(hgatp, gstage_hgatp(&vm->gstage, vm->vmid));
		__atomic_store_n(&hart->vm, vm, __ATOMIC_RELAXED);
		if (is_stale(hart, vm))
			hfence_gvma_all();
		if (!vm->vmid) {
			hfence_gvma_all();
			*last = 0;
		}
	}
	if (*last != vcpu->id + 1 || vcpu->last_hart != hart) {
		hfence_vvma_all();
		/* What it changed in memory on another hart, it may execute here. */
		__asm__ volatile("fence.i" ::: "memory");
		*last = (uint32_t)vcpu->id + 1;
	}
	csr_write(vsatp, vcpu->csrs.vsatp);
}

/* ---- load and unload ---- */

static void restore_csrs(struct hart *hart, struct vcpu *vcpu)
{
	const struct features *f = vcpu->vm->features;

	csr_write(hideleg, HVIP_VSSIP | HVIP_VSTIP | HVIP_VSEIP);
	csr_write(henvcfg, vcpu->henvcfg); /* first: it opens others */
	csr_write(hcounteren, vcpu->hcounteren);
	csr_write(htimedelta, vcpu->vm->time_delta);
	EACH(RESTORE);
	if (f->stateen)
		csr_write(hstateen0, HSTATEEN0_ENVCFG | (vcpu->vm->aia ? STATEEN_AIA : 0));
	if (f->aia) {
		RESTORE(vsiselect);
		RESTORE(hvictl);
	}
	if (vcpu->henvcfg & HENVCFG_SSE)
		csr_write(CSR_SSP, vcpu->csrs.ssp);
	switch_translations(hart, vcpu);
}

#define STEAL_BYTES 64

/* The guest reads how long it was kept waiting (SBI 3.0, steal-time accounting). */
static void write_steal_time(struct vcpu *vcpu)
{
	uint32_t *area = vm_pin(vcpu->vm, gpa(vcpu->steal_area), STEAL_BYTES);

	uint64_t now = csr_read(time);

	/* It may have been queued by a hart whose clock is a tick ahead. */
	vcpu->stolen += now > vcpu->sched.queued ? now - vcpu->sched.queued : 0;
	if (!area)
		return;
	uint64_t ns = clock_ticks_to_ns(vcpu->stolen);
	uint32_t sequence = __atomic_load_n(&area[0], __ATOMIC_RELAXED);

	/* Odd while the rest changes. */
	__atomic_store_n(&area[0], sequence | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n((uint64_t *)(area + 2), ns, __ATOMIC_RELAXED);
	__atomic_store_n(&area[0], (sequence | 1) + 1, __ATOMIC_RELEASE);
	vm_unpin(vcpu->vm, gpa(vcpu->steal_area), STEAL_BYTES);
}

void vcpu_load(struct hart *hart, struct vcpu *vcpu)
{
	if (hart->vcpu != vcpu || vcpu->last_hart != hart) {
		restore_csrs(hart, vcpu);
		csr_clear(sstatus, SSTATUS_GUEST);
		csr_set(sstatus, vcpu->csrs.sstatus & SSTATUS_GUEST);
		fp_load(hart, vcpu);
		hart->vcpu = vcpu;
		vcpu->last_hart = hart;
	}
	csr_write(sepc, vcpu->csrs.sepc);
	csr_write(hstatus, vcpu->csrs.hstatus);
	if (vcpu->vm->features->sstc)
		csr_write(vstimecmp, vcpu->csrs.vstimecmp);
	if (vcpu->vm->aia)
		aia_file_load(hart, vcpu);
	vcpu->stack = (uintptr_t)hart;
	count_from_here(vcpu);
	if (vcpu->pmu.configured)
		pmu_load(vcpu);
	if (vcpu->steal_area != UINT64_MAX)
		write_steal_time(vcpu);
	__atomic_store_n(&vcpu->hart, hart, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vcpu->events, __ATOMIC_RELAXED))
		vcpu_take_events(vcpu);
	vcpu_timers_expired(vcpu);
	/* Whoever was here before may have taken the interrupt that was to bring us back to it. */
	if (vcpu->vm->dm_again)
		csr_set(sip, SIE_SSIE);
}

void vcpu_unload(struct hart *hart, struct vcpu *vcpu)
{
	if (vcpu->pmu.placed)
		pmu_unload(vcpu);
	EACH(SAVE);
	SAVE(sepc);
	SAVE(hstatus);
	SAVE(sstatus);
	SAVE(vsatp);
	/* Its timer must not ring on this hart while another is there. */
	if (vcpu->vm->features->sstc) {
		SAVE(vstimecmp);
		csr_write(vstimecmp, SCHED_NEVER);
	}
	if (vcpu->vm->features->aia) {
		SAVE(vsiselect);
		SAVE(hvictl);
	}
	if (vcpu->henvcfg & HENVCFG_SSE)
		vcpu->csrs.ssp = csr_read(CSR_SSP);
	fp_unload(hart, vcpu);
	count_up_to_here(vcpu);
	__atomic_store_n(&vcpu->hart, NULL, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
