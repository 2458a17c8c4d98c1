/* SPDX-License-Identifier: MIT */
/* What the SBI server asks of a vCPU (sbi/sbi_core.h). The caller's is loaded on this hart. */
#include "core/csr.h"
#include "core/firmware.h"
#include "core/guest_access.h"
#include "core/vm.h"
#include "include/abi/sbi.h"

/* ---- the VM's harts ---- */

struct vcpu *vcpu_sibling(struct vcpu *vcpu, uint64_t hart_id)
{
	return hart_id < vcpu->vm->n_vcpus ? vcpu->vm->vcpu[hart_id] : NULL;
}

uint64_t vcpu_hart_id(const struct vcpu *vcpu)
{
	return vcpu->id;
}

unsigned vcpu_count(const struct vcpu *vcpu)
{
	return vcpu->vm->n_vcpus;
}

enum vcpu_state vcpu_get_state(const struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE);
}

bool vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque)
{
	return vm_start_vcpu(target, pc, opaque);
}

void vcpu_stop(struct vcpu *vcpu)
{
	vcpu->request = VCPU_LEAVE;
}

bool vcpu_others_stopped(struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->vm->n_on, __ATOMIC_ACQUIRE) == 1;
}

void vcpu_suspend(struct vcpu *vcpu)
{
	vcpu->request = VCPU_SUSPEND;
}

void vcpu_suspend_nonretentive(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	vcpu->request = VCPU_SUSPEND_NONRETENTIVE;
	vcpu->resume_pc = pc;
	vcpu->resume_opaque = opaque;
}

void vcpu_vm_shutdown(struct vcpu *vcpu, bool failed)
{
	vm_end(vcpu->vm, VM_END_STOP, failed);
}

void vcpu_vm_reboot(struct vcpu *vcpu)
{
	vm_end(vcpu->vm, VM_END_REBOOT, 0);
}

/* ---- interrupts and time ---- */

void vcpu_raise_software_irq(struct vcpu *vcpu, struct vcpu *target)
{
	if (target == vcpu) {
		csr_set(hvip, HVIP_VSSIP);
		return;
	}
	vcpu->firmware_events[SBI_PMU_FW_IPI_SENT]++;
	vcpu_post(target, VCPU_EVENT_SOFTWARE);
}

bool vcpu_take_software_irq(struct vcpu *vcpu)
{
	bool pending = csr_read(hvip) & HVIP_VSSIP;

	(void)vcpu;
	csr_clear(hvip, HVIP_VSSIP);
	return pending;
}

void vcpu_set_timer(struct vcpu *vcpu, uint64_t time)
{
	vcpu->firmware_events[SBI_PMU_FW_SET_TIMER]++;
	if (vcpu->vm->features->sstc) {
		csr_write(vstimecmp, time);
		return;
	}
	csr_clear(hvip, HVIP_VSTIP);
	vcpu->deadline = vm_host_time(vcpu->vm, time);
	hart_set_timer(vcpu->hart, vcpu);
}

/* ---- memory and console ---- */

void *vcpu_ram(struct vcpu *vcpu, gpa_t addr, uint64_t len)
{
	/* Another of its vCPUs may give the memory back meanwhile. */
	void *at = vm_pin(vcpu->vm, addr, len);

	vm_unpin(vcpu->vm, vcpu->shared, vcpu->shared_len);
	vcpu->shared = addr;
	vcpu->shared_len = at ? len : 0;
	return at;
}

enum status vcpu_read_u64(struct vcpu *vcpu, uint64_t virtual_addr, uint64_t *out)
{
	(void)vcpu;
	return guest_access_load(virtual_addr, out) ? OK : ERR_FAULT;
}

void vcpu_console_write(struct vcpu *vcpu, const char *data, size_t len)
{
	console_write(vcpu->vm->console, data, len);
}

size_t vcpu_console_send(struct vcpu *vcpu, const char *data, size_t len)
{
	return console_send(vcpu->vm->console, data, len);
}

size_t vcpu_console_read(struct vcpu *vcpu, char *data, size_t len)
{
	return console_read(vcpu->vm->console, data, len);
}

void vcpu_set_steal_area(struct vcpu *vcpu, uint64_t addr)
{
	vcpu->steal_area = addr;
}

/* ---- what the server keeps, and its software events ---- */

struct sbi_state *vcpu_sbi_state(struct vcpu *vcpu)
{
	return &vcpu->sbi;
}

struct sbi_vm *vcpu_sbi_vm(struct vcpu *vcpu)
{
	return &vcpu->vm->sbi;
}

void vcpu_notify_sse(struct vcpu *vcpu, struct vcpu *target)
{
	if (target != vcpu) {
		vcpu_post(target, VCPU_EVENT_SSE);
		return;
	}
	__atomic_fetch_or(&vcpu->events, VCPU_EVENT_SSE, __ATOMIC_RELAXED);
	if (vcpu->request == VCPU_GOES_ON)
		vcpu->request = VCPU_LOOK;
}

#define A6 16
#define A7 17

void vcpu_get_frame(struct vcpu *vcpu, struct vcpu_frame *out)
{
	uint64_t status = csr_read(sstatus);

	*out = (struct vcpu_frame){
		.pc = csr_read(sepc),
		.supervisor = status & SSTATUS_SPP,
		.landing_pad = status & SSTATUS_SPELP,
		.vsepc = csr_read(vsepc),
		.vsstatus = csr_read(vsstatus),
		.a6 = vcpu->regs[A6],
		.a7 = vcpu->regs[A7],
	};
}

void vcpu_set_frame(struct vcpu *vcpu, const struct vcpu_frame *frame)
{
	csr_write(sepc, frame->pc);
	csr_clear(sstatus, SSTATUS_SPP | SSTATUS_SPELP);
	csr_set(sstatus,
		(frame->supervisor ? SSTATUS_SPP : 0) | (frame->landing_pad ? SSTATUS_SPELP : 0));
	csr_write(vsepc, frame->vsepc);
	csr_write(vsstatus, frame->vsstatus);
	vcpu->regs[A6] = frame->a6;
	vcpu->regs[A7] = frame->a7;
}

/* ---- features ---- */

uint64_t vcpu_envcfg_supported(struct vcpu *vcpu)
{
	return vcpu->vm->features->henvcfg;
}

uint64_t vcpu_envcfg(struct vcpu *vcpu)
{
	return vcpu->henvcfg;
}

void vcpu_set_envcfg(struct vcpu *vcpu, uint64_t mask, uint64_t value)
{
	vcpu->henvcfg = (vcpu->henvcfg & ~mask) | (value & mask & vcpu->vm->features->henvcfg);
	csr_write(henvcfg, vcpu->henvcfg);
	/* Until now it was hidden, and another's. */
	if (mask & value & vcpu->henvcfg & HENVCFG_SSE)
		csr_write(CSR_SSP, vcpu->csrs.ssp);
	/* A field takes only what the hart's does. */
	vcpu->henvcfg = csr_read(henvcfg);
}

uint64_t vcpu_counter_raw(struct vcpu *vcpu, enum vcpu_counter counter)
{
	return vcpu->counter[counter] +
	       (counter == VCPU_CYCLES ? csr_read(cycle) : csr_read(instret));
}

void vcpu_trap_counters(struct vcpu *vcpu, uint32_t mask)
{
	vcpu->hcounteren = HCOUNTEREN_GUEST & ~mask;
	csr_write(hcounteren, vcpu->hcounteren);
}

uint64_t vcpu_firmware_event(struct vcpu *vcpu, unsigned event)
{
	if (event == SBI_PMU_FW_ILLEGAL_INSN)
		return vcpu->stats.exits[EXIT_INSN];
	return event < SBI_PMU_FW_HFENCE_GVMA_SENT ? vcpu->firmware_events[event] : 0;
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
