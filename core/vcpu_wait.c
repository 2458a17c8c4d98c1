/* SPDX-License-Identifier: MIT */
/* How a vCPU gives up its hart, and what must be true before it gets one again. */
#include "core/aia_file.h"
#include "core/csr.h"
#include "core/vm.h"

static bool is_suspended(const struct vcpu *vcpu)
{
	return vcpu->request == VCPU_SUSPEND || vcpu->request == VCPU_SUSPEND_NONRETENTIVE;
}

static struct vcpu_leaving waits(struct vcpu *vcpu)
{
	bool blocks = !vcpu_has_work(vcpu);

	if (blocks)
		aia_file_watch(vcpu);
	return (struct vcpu_leaving){
		.vcpu = vcpu,
		.how = blocks ? SCHED_BLOCK : SCHED_YIELD,
		.deadline = vcpu_wake_time(vcpu),
	};
}

static struct vcpu_leaving leaves(struct vcpu *vcpu)
{
	aia_file_drop(vcpu);
	return (struct vcpu_leaving){
		.vcpu = vcpu, .how = SCHED_STOP, .start = vm_vcpu_leaves(vcpu)};
}

struct vcpu_leaving vcpu_leave(struct vcpu *vcpu)
{
	vcpu_unload(hart_self(), vcpu);
	switch ((enum vcpu_request)vcpu->request) {
	case VCPU_WAIT:
		return waits(vcpu);
	case VCPU_YIELD:
		return (struct vcpu_leaving){.vcpu = vcpu, .how = SCHED_PASS};
	case VCPU_SUSPEND:
	case VCPU_SUSPEND_NONRETENTIVE:
		__atomic_store_n(&vcpu->state, VCPU_SUSPENDED, __ATOMIC_RELEASE);
		return waits(vcpu);
	case VCPU_LEAVE:
		return leaves(vcpu);
	default:
		return (struct vcpu_leaving){.vcpu = vcpu, .how = SCHED_YIELD};
	}
}

/* State as at power-on, but for pending interrupts and the timer. */
static void resume_from_reset(struct vcpu *vcpu)
{
	struct vcpu_csrs old = vcpu->csrs;

	vcpu_reset(vcpu, vcpu->resume_pc, vcpu->resume_opaque);
	vcpu->csrs.hvip = old.hvip;
	vcpu->csrs.hvictl = old.hvictl;
	vcpu->csrs.vstimecmp = old.vstimecmp;
}

/* A port that is ready does not wake a vCPU that is suspended, but the interrupt that comes of it may. */
static void run_devices_unloaded(struct vcpu *vcpu)
{
	uint32_t events =
		__atomic_fetch_and(&vcpu->events, ~(uint32_t)VCPU_EVENT_DEVICES, __ATOMIC_ACQUIRE);

	if (events & VCPU_EVENT_DEVICES || vcpu->vm->dm_again)
		vcpu_run_devices(vcpu);
}

/* false: not yet, or the VM ends before it has begun. */
static bool has_loaded(struct vcpu *vcpu, struct vcpu_leaving *leaving)
{
	struct vm *vm = vcpu->vm;

	if (vcpu->events & VCPU_EVENT_LEAVE) {
		*leaving = leaves(vcpu);
		return false;
	}
	*leaving = (struct vcpu_leaving){.vcpu = vcpu, .how = SCHED_YIELD};
	if (csr_read(time) >= vm->not_before)
		return vm_start_step(vm);
	leaving->how = SCHED_BLOCK;
	leaving->deadline = vm->not_before;
	return false;
}

static bool has_resumed(struct vcpu *vcpu, struct vcpu_leaving *leaving)
{
	run_devices_unloaded(vcpu);
	if (!vcpu_has_work(vcpu)) {
		*leaving = waits(vcpu);
		return false;
	}
	__atomic_store_n(&vcpu->state, VCPU_RUNNING, __ATOMIC_RELEASE);
	if (vcpu->request == VCPU_SUSPEND_NONRETENTIVE)
		resume_from_reset(vcpu);
	return true;
}

bool vcpu_resume(struct vcpu *vcpu, struct vcpu_leaving *leaving)
{
	aia_file_come(vcpu);
	if (vcpu->request == VCPU_LOAD && !has_loaded(vcpu, leaving))
		return false;
	if (is_suspended(vcpu) && !has_resumed(vcpu, leaving))
		return false;
	vcpu->request = VCPU_GOES_ON;
	return true;
}

void vcpu_set_wfi(struct vcpu *vcpu)
{
	if (sched_alone(vcpu->hart->index))
		csr_clear(hstatus, HSTATUS_VTW);
	else
		csr_set(hstatus, HSTATUS_VTW);
}
