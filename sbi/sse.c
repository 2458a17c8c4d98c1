/* SPDX-License-Identifier: MIT */
/*
 * SBI supervisor software events (SBI 3.0, chapter 17): an event that is
 * pending and enabled takes the guest into its handler over all traps and
 * interrupts, and `complete` takes it back. One that waits for a vCPU that can
 * take it is looked at again whenever one might: at inject, enable, unmask,
 * complete, and when another vCPU masks.
 */
#include "sbi/sse.h"

#include "include/abi/csr.h"
#include "sbi/sbi_core.h"
#include "sbi/state.h"

static struct sbi_sse_vm *vm_of(struct vcpu *vcpu)
{
	return &vcpu_sbi_vm(vcpu)->sse;
}

static struct sbi_sse_vcpu *sse_of(struct vcpu *vcpu)
{
	return &vcpu_sbi_state(vcpu)->sse;
}

static uint64_t *state_of(struct sbi_sse_event *event)
{
	return &event->attr[SBI_SSE_ATTR_STATUS];
}

static bool is_ready(struct sbi_sse_event *event)
{
	return event->pending && *state_of(event) == SBI_SSE_ENABLED;
}

static bool runs_here(struct vcpu *vcpu, struct sbi_sse_event *event)
{
	return *state_of(event) == SBI_SSE_RUNNING && event->runs_on == vcpu;
}

/* Of the two that a vCPU can have: does the local one come first? Its ID is the lower. */
static bool local_first(struct vcpu *vcpu)
{
	return sse_of(vcpu)->local.attr[SBI_SSE_ATTR_PRIORITY] <=
	       vm_of(vcpu)->global.attr[SBI_SSE_ATTR_PRIORITY];
}

static struct sbi_sse_event *by_priority(struct vcpu *vcpu, bool first)
{
	return local_first(vcpu) == first ? &sse_of(vcpu)->local : &vm_of(vcpu)->global;
}

/* ---- to the handler and back ---- */

static uint64_t bit_if(uint64_t condition, uint64_t bit)
{
	return condition ? bit : 0;
}

static void enter(struct vcpu *vcpu, struct sbi_sse_event *event)
{
	uint64_t *attr = event->attr, status;
	struct vcpu_frame f;

	vcpu_get_frame(vcpu, &f);
	attr[SBI_SSE_ATTR_INTERRUPTED_SEPC] = f.vsepc;
	attr[SBI_SSE_ATTR_INTERRUPTED_FLAGS] =
		bit_if(f.vsstatus & SSTATUS_SPP, SBI_SSE_FLAG_SPP) |
		bit_if(f.vsstatus & SSTATUS_SPIE, SBI_SSE_FLAG_SPIE) |
		bit_if(f.vsstatus & SSTATUS_SPELP, SBI_SSE_FLAG_SPELP) |
		bit_if(f.vsstatus & SSTATUS_SDT, SBI_SSE_FLAG_SDT);
	attr[SBI_SSE_ATTR_INTERRUPTED_A6] = f.a6;
	attr[SBI_SSE_ATTR_INTERRUPTED_A7] = f.a7;

	status = f.vsstatus & ~(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE | SSTATUS_SPELP);
	status |= bit_if(f.supervisor, SSTATUS_SPP) |
		  bit_if(f.vsstatus & SSTATUS_SIE, SSTATUS_SPIE) |
		  bit_if(f.landing_pad, SSTATUS_SPELP) |
		  bit_if(vcpu_envcfg(vcpu) & HENVCFG_DTE, SSTATUS_SDT);
	vcpu_set_frame(vcpu, &(struct vcpu_frame){.pc = attr[SBI_SSE_ATTR_ENTRY_PC],
				     .supervisor = true,
				     .vsepc = f.pc,
				     .vsstatus = status,
				     .a6 = vcpu_hart_id(vcpu),
				     .a7 = attr[SBI_SSE_ATTR_ENTRY_ARG]});
}

static void leave(struct vcpu *vcpu, const struct sbi_sse_event *event)
{
	const uint64_t *attr = event->attr;
	uint64_t flags = attr[SBI_SSE_ATTR_INTERRUPTED_FLAGS], status;
	struct vcpu_frame f;

	vcpu_get_frame(vcpu, &f);
	status = f.vsstatus &
		 ~(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE | SSTATUS_SPELP | SSTATUS_SDT);
	status |= bit_if(f.vsstatus & SSTATUS_SPIE, SSTATUS_SIE) |
		  bit_if(flags & SBI_SSE_FLAG_SPP, SSTATUS_SPP) |
		  bit_if(flags & SBI_SSE_FLAG_SPIE, SSTATUS_SPIE) |
		  bit_if(flags & SBI_SSE_FLAG_SPELP, SSTATUS_SPELP) |
		  bit_if(flags & SBI_SSE_FLAG_SDT, SSTATUS_SDT);
	vcpu_set_frame(vcpu, &(struct vcpu_frame){.pc = f.vsepc,
				     .supervisor = f.vsstatus & SSTATUS_SPP,
				     .landing_pad = f.vsstatus & SSTATUS_SPELP,
				     .vsepc = attr[SBI_SSE_ATTR_INTERRUPTED_SEPC],
				     .vsstatus = status,
				     .a6 = attr[SBI_SSE_ATTR_INTERRUPTED_A6],
				     .a7 = attr[SBI_SSE_ATTR_INTERRUPTED_A7]});
}

/* ---- who takes what ---- */

/* A handler that runs gives way to what has a higher priority only. */
static void deliver(struct vcpu *vcpu)
{
	struct sbi_sse_event *event = by_priority(vcpu, true);

	if (!sse_of(vcpu)->unmasked || runs_here(vcpu, event))
		return;
	if (!is_ready(event)) {
		event = by_priority(vcpu, false);
		if (!is_ready(event))
			return;
	}
	event->pending = false;
	*state_of(event) = SBI_SSE_RUNNING;
	event->runs_on = vcpu;
	enter(vcpu, event);
}

void sbi_sse_deliver(struct vcpu *vcpu)
{
	struct sbi_sse_vm *vm = vm_of(vcpu);

	spin_lock(&vm->lock);
	deliver(vcpu);
	spin_unlock(&vm->lock);
}

static bool can_take(struct vcpu *vcpu)
{
	return sse_of(vcpu)->unmasked && vcpu_get_state(vcpu) != VCPU_STOPPED;
}

/* The preferred hart, if it can; else the caller, to save a way; else any. NULL: none can now. */
static struct vcpu *choose(struct vcpu *vcpu)
{
	struct vcpu *preferred =
		vcpu_sibling(vcpu, vm_of(vcpu)->global.attr[SBI_SSE_ATTR_PREFERRED_HART]);

	if (can_take(preferred))
		return preferred;
	if (can_take(vcpu))
		return vcpu;
	for (uint64_t id = 0; id < vcpu_count(vcpu); id++)
		if (can_take(vcpu_sibling(vcpu, id)))
			return vcpu_sibling(vcpu, id);
	return NULL;
}

/* Something may have become ready for the caller, or the global event for anyone. */
static void look_again(struct vcpu *vcpu)
{
	struct vcpu *target = is_ready(&vm_of(vcpu)->global) ? choose(vcpu) : NULL;

	if (target && target != vcpu)
		vcpu_notify_sse(vcpu, target);
	if (target == vcpu || is_ready(&sse_of(vcpu)->local))
		vcpu_notify_sse(vcpu, vcpu);
}

/* ---- the calls; all with the lock ---- */

/* SBI_SUCCESS: `event` is that of the calling vCPU, or of all. */
static long find(struct vcpu *vcpu, uint32_t id, struct sbi_sse_event **event)
{
	switch (id) {
	case SBI_SSE_LOCAL_SOFTWARE:
		*event = &sse_of(vcpu)->local;
		/* Read-only for this one, and always what it is. */
		(*event)->attr[SBI_SSE_ATTR_PREFERRED_HART] = vcpu_hart_id(vcpu);
		return SBI_SUCCESS;
	case SBI_SSE_GLOBAL_SOFTWARE:
		*event = &vm_of(vcpu)->global;
		return SBI_SUCCESS;
	case SBI_SSE_LOCAL_RAS_HIGH:
	case SBI_SSE_DOUBLE_TRAP:
	case SBI_SSE_GLOBAL_RAS_HIGH:
	case SBI_SSE_PMU_OVERFLOW:
	case SBI_SSE_LOCAL_RAS_LOW:
	case SBI_SSE_GLOBAL_RAS_LOW:
		return SBI_ERR_NOT_SUPPORTED;
	default:
		return SBI_ERR_INVALID_PARAM;
	}
}

static long move(struct sbi_sse_event *event, uint64_t from, uint64_t to)
{
	if (*state_of(event) != from)
		return SBI_ERR_INVALID_STATE;
	*state_of(event) = to;
	return SBI_SUCCESS;
}

static long register_handler(struct sbi_sse_event *event, const uint64_t *args)
{
	if (args[1] & 1)
		return SBI_ERR_INVALID_PARAM;
	long error = move(event, SBI_SSE_UNUSED, SBI_SSE_REGISTERED);

	if (error)
		return error;
	event->attr[SBI_SSE_ATTR_ENTRY_PC] = args[1];
	event->attr[SBI_SSE_ATTR_ENTRY_ARG] = args[2];
	return SBI_SUCCESS;
}

static long inject(struct vcpu *vcpu, struct sbi_sse_event *event, const uint64_t *args)
{
	if (event == &vm_of(vcpu)->global) {
		event->pending = true;
		look_again(vcpu);
		return SBI_SUCCESS;
	}
	struct vcpu *target = vcpu_sibling(vcpu, args[1]);

	if (!target)
		return SBI_ERR_INVALID_PARAM;
	sse_of(target)->local.pending = true;
	if (sse_of(target)->unmasked && is_ready(&sse_of(target)->local))
		vcpu_notify_sse(vcpu, target);
	return SBI_SUCCESS;
}

static long event_call(struct vcpu *vcpu, const uint64_t *args)
{
	/* Event IDs are 32 bits wide. */
	uint32_t id = (uint32_t)args[0];
	struct sbi_sse_event *event;
	long error = find(vcpu, id, &event);

	if (error)
		return error;
	switch (args[6]) {
	case SBI_SSE_READ_ATTRS:
		return sbi_sse_read_attrs(vcpu, event, args);
	case SBI_SSE_WRITE_ATTRS:
		return sbi_sse_write_attrs(vcpu, event, id == SBI_SSE_GLOBAL_SOFTWARE, args);
	case SBI_SSE_REGISTER:
		return register_handler(event, args);
	case SBI_SSE_UNREGISTER:
		return move(event, SBI_SSE_REGISTERED, SBI_SSE_UNUSED);
	case SBI_SSE_ENABLE:
		error = move(event, SBI_SSE_REGISTERED, SBI_SSE_ENABLED);
		look_again(vcpu);
		return error;
	case SBI_SSE_DISABLE:
		return move(event, SBI_SSE_ENABLED, SBI_SSE_REGISTERED);
	default: /* SBI_SSE_INJECT */
		return inject(vcpu, event, args);
	}
}

static long set_unmasked(struct vcpu *vcpu, bool unmasked)
{
	struct sbi_sse_vcpu *sse = sse_of(vcpu);

	if (sse->unmasked == unmasked)
		return unmasked ? SBI_ERR_ALREADY_STARTED : SBI_ERR_ALREADY_STOPPED;
	sse->unmasked = unmasked;
	look_again(vcpu);
	return SBI_SUCCESS;
}

void sbi_sse_hart_stops(struct vcpu *vcpu)
{
	struct sbi_sse_vm *vm = vm_of(vcpu);

	spin_lock(&vm->lock);
	sse_of(vcpu)->unmasked = false;
	if (runs_here(vcpu, &vm->global))
		*state_of(&vm->global) = SBI_SSE_ENABLED;
	look_again(vcpu);
	spin_unlock(&vm->lock);
}

/* false: no handler runs here. */
static bool complete(struct vcpu *vcpu)
{
	struct sbi_sse_event *event = by_priority(vcpu, true);

	if (!runs_here(vcpu, event))
		event = by_priority(vcpu, false);
	if (!runs_here(vcpu, event))
		return false;
	bool one_shot = event->attr[SBI_SSE_ATTR_CONFIG] & SBI_SSE_CONFIG_ONE_SHOT;

	*state_of(event) = one_shot ? SBI_SSE_REGISTERED : SBI_SSE_ENABLED;
	leave(vcpu, event);
	look_again(vcpu);
	return true;
}

static struct sbiret locked_call(struct vcpu *vcpu, const uint64_t *args)
{
	switch (args[6]) {
	case SBI_SSE_COMPLETE:
		/* What was interrupted finds its own a0 and a1. */
		if (complete(vcpu))
			return (struct sbiret){(long)args[0], (long)args[1]};
		return sbi_value(0);
	case SBI_SSE_HART_UNMASK:
	case SBI_SSE_HART_MASK:
		return sbi_error(set_unmasked(vcpu, args[6] == SBI_SSE_HART_UNMASK));
	default:
		return sbi_error(event_call(vcpu, args));
	}
}

struct sbiret sbi_sse(struct vcpu *vcpu, const uint64_t *args)
{
	struct sbi_sse_vm *vm = vm_of(vcpu);
	struct sbiret ret;

	if (args[6] > SBI_SSE_HART_MASK)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	spin_lock(&vm->lock);
	ret = locked_call(vcpu, args);
	spin_unlock(&vm->lock);
	return ret;
}
