/* SPDX-License-Identifier: MIT */
/*
 * What harts say to a vCPU that another hart may be running. Whoever asks
 * sets a bit and then looks where the vCPU is; whoever loads or unloads it says
 * where it is and then looks at the bits. With a full fence between the two on
 * either side, one of them sees the other.
 */
#include "core/aia.h"
#include "core/aia_file.h"
#include "core/csr.h"
#include "core/hfence.h"
#include "core/vm.h"
#include "include/abi/aia.h"
#include "sbi/sse.h"

/* ---- asking ---- */

void vcpu_post(struct vcpu *vcpu, enum vcpu_event event)
{
	__atomic_fetch_or(&vcpu->events, event, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	struct hart *hart = __atomic_load_n(&vcpu->hart, __ATOMIC_ACQUIRE);

	if (hart)
		hart_kick(hart->index);
	else if (event != VCPU_EVENT_FENCE && vcpu_has_work(vcpu))
		sched_wake(&vcpu->sched, csr_read(time));
}

/* The level at its input; what a hardware interrupt file has comes by itself. */
static bool external_irq(const struct vcpu *vcpu)
{
	return vcpu->vm->aia ? aia_output(vcpu)
			     : __atomic_load_n(&vcpu->external, __ATOMIC_RELAXED);
}

static void drive_external_irq(bool level)
{
	if (level)
		csr_set(hvip, HVIP_VSEIP);
	else
		csr_clear(hvip, HVIP_VSEIP);
}

/* Without a guest interrupt file some harts tell stopi of an external interrupt only by hvictl. */
void vcpu_update_external_irq(const struct vcpu *vcpu)
{
	bool level = external_irq(vcpu);

	drive_external_irq(level);
	if (vcpu->vm->aia)
		csr_write(hvictl, level ? HVICTL_EXTERNAL : 0);
}

void vcpu_set_external_irq(struct vcpu *vcpu, bool level)
{
	if (vcpu->external == level)
		return;
	vcpu->external = level;
	if (vcpu->hart != hart_self())
		vcpu_post(vcpu, VCPU_EVENT_EXTERNAL);
	else
		drive_external_irq(level);
}

/* ---- fences ---- */

/* Past this many pages one fence of everything is cheaper, and the work of a call stays bounded. */
#define FENCE_PAGES_MAX 64

/* The events come in pairs, sent and received, in the order of the kinds. */
static inline uint64_t *fences_sent(struct vcpu *vcpu, enum vcpu_fence_kind kind)
{
	return &vcpu->firmware_events[SBI_PMU_FW_FENCE_I_SENT + 2 * kind];
}

static inline void do_fence(enum vcpu_fence_kind kind, uint64_t start, uint64_t size, uint64_t asid)
{
	if (kind == VCPU_FENCE_I) {
		__asm__ volatile("fence.i" ::: "memory");
	} else if (kind == VCPU_FENCE_VMA) {
		if (size > FENCE_PAGES_MAX * 4096)
			hfence_vvma_all();
		else
			for (; size; size -= 4096, start += 4096)
				hfence_vvma_page(start);
	} else if (size > FENCE_PAGES_MAX * 4096) {
		hfence_vvma_asid(asid);
	} else {
		for (; size; size -= 4096, start += 4096)
			hfence_vvma_page_asid(start, asid);
	}
}

void vcpu_take_fences(struct vcpu *vcpu)
{
	struct vcpu_fences *q = &vcpu->fences;

	spin_lock(&q->lock);
	for (unsigned i = 0; i < q->n && i < VCPU_FENCES; i++) {
		fences_sent(vcpu, q->fence[i].kind)[1]++;
		do_fence(q->fence[i].kind, q->fence[i].start, q->fence[i].size, q->fence[i].asid);
	}
	if (q->n > VCPU_FENCES) {
		hfence_vvma_all();
		__asm__ volatile("fence.i" ::: "memory");
	}
	q->n = 0;
	__atomic_store_n(&q->done, q->posted, __ATOMIC_RELEASE);
	spin_unlock(&q->lock);
}

static __attribute__((noinline)) void post_fence(
	struct vcpu *target, const struct vcpu_fence *fence)
{
	struct vcpu_fences *q = &target->fences;

	spin_lock(&q->lock);
	if (q->n < VCPU_FENCES)
		q->fence[q->n] = *fence;
	if (q->n <= VCPU_FENCES)
		q->n++;
	q->posted++;
	spin_unlock(&q->lock);
	vcpu_post(target, VCPU_EVENT_FENCE);
}

/* Out of line, so that a fence of the caller's own needs no memory. */
static __attribute__((noinline)) void fence_other(struct vcpu *vcpu, struct vcpu *target,
	enum vcpu_fence_kind kind, uint64_t start, uint64_t size, uint64_t asid)
{
	fences_sent(vcpu, kind)[0]++;
	post_fence(target, &(struct vcpu_fence){kind, start, size, asid});
}

void vcpu_fence(struct vcpu *vcpu, struct vcpu *target, enum vcpu_fence_kind kind, uint64_t start,
	uint64_t size, uint64_t asid)
{
	if (target == vcpu)
		do_fence(kind, start, size, asid);
	else
		fence_other(vcpu, target, kind, start, size, asid);
}

/* The other may be waiting for us in some way, so what is asked of us is done meanwhile. */
void vcpu_fence_wait(struct vcpu *vcpu, struct vcpu *target)
{
	uint32_t posted = __atomic_load_n(&target->fences.posted, __ATOMIC_ACQUIRE);

	if (target == vcpu)
		return;
	while (__atomic_load_n(&target->hart, __ATOMIC_ACQUIRE) &&
		(int32_t)(__atomic_load_n(&target->fences.done, __ATOMIC_ACQUIRE) - posted) < 0)
		hart_serve(hart_self());
}

/* ---- doing ---- */

void vcpu_run_devices(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	/* Else once more after the next guest entry. */
	if (!spin_lock_for(&vm->lock, VM_LOCK_TRIES)) {
		__atomic_fetch_or(&vcpu->events, VCPU_EVENT_DEVICES, __ATOMIC_RELAXED);
		csr_set(sip, SIE_SSIE);
		return;
	}
	vm_tell_devices(vm);
	vm_unlock_devices(vm);
}

void vcpu_take_events(struct vcpu *vcpu)
{
	uint32_t events = __atomic_exchange_n(&vcpu->events, 0, __ATOMIC_ACQUIRE);

	if (events & VCPU_EVENT_LEAVE) {
		vcpu->request = VCPU_LEAVE;
		return;
	}
	if (events & VCPU_EVENT_FENCE)
		vcpu_take_fences(vcpu);
	if (events & VCPU_EVENT_SOFTWARE) {
		vcpu->firmware_events[SBI_PMU_FW_IPI_RECEIVED]++;
		csr_set(hvip, HVIP_VSSIP);
	}
	if (events & VCPU_EVENT_DEVICES)
		vcpu_run_devices(vcpu);
	/* Whoever changes the level then posts again, so that the last word is the right one. */
	if (events & VCPU_EVENT_EXTERNAL)
		vcpu_update_external_irq(vcpu);
	if (events & VCPU_EVENT_SSE)
		sbi_sse_deliver(vcpu);
}

/* ---- waiting ---- */

static uint64_t timer_time(const struct vcpu *vcpu)
{
	if (!vcpu->vm->features->sstc)
		return vcpu->deadline;
	return vm_host_time(vcpu->vm, vcpu->csrs.vstimecmp);
}

/* Those that need no interrupt to be enabled. */
#define WAKING (VCPU_EVENT_LEAVE | VCPU_EVENT_DEVICES | VCPU_EVENT_ALARM | VCPU_EVENT_SSE)

bool vcpu_has_work(const struct vcpu *vcpu)
{
	uint32_t events = __atomic_load_n(&vcpu->events, __ATOMIC_RELAXED);
	uint64_t pending = vcpu->csrs.hvip;

	uint64_t now = csr_read(time);

	if (events & WAKING || vcpu->vm->dm_again || vcpu_alarm(vcpu) <= now)
		return true;
	if (events & VCPU_EVENT_SOFTWARE)
		pending |= HVIP_VSSIP;
	if (external_irq(vcpu) || aia_file_pending(vcpu))
		pending |= HVIP_VSEIP;
	if (timer_time(vcpu) <= now)
		pending |= HVIP_VSTIP;
	return pending & (vcpu->csrs.vsie << 1 | (vcpu->csrs.vsie & HVIP_LCOFI));
}

uint64_t vcpu_wake_time(const struct vcpu *vcpu)
{
	uint64_t timer = vcpu->csrs.vsie & SIE_STIE ? timer_time(vcpu) : SCHED_NEVER;
	uint64_t alarm = vcpu_alarm(vcpu);

	return timer < alarm ? timer : alarm;
}

static void ring_alarm(struct vm *vm)
{
	spin_lock(&vm->lock);
	vm->alarm = SCHED_NEVER;
	dm_alarm(vm->dm);
	spin_unlock(&vm->lock);
}

void vcpu_timers_expired(struct vcpu *vcpu)
{
	uint64_t now = csr_read(time);

	if (now >= vcpu->deadline) {
		vcpu->deadline = SCHED_NEVER;
		csr_set(hvip, HVIP_VSTIP);
	}
	if (now >= vcpu_alarm(vcpu))
		ring_alarm(vcpu->vm);
}
