/* SPDX-License-Identifier: MIT */
/*
 * A guest's hart. Its general registers are here while Vesper runs; its
 * VS-level CSRs stay in the hart. sbi/sbi_core.h declares what the SBI server
 * may ask of it, and vcpu.c implements that.
 */
#ifndef VESPER_CORE_VCPU_H
#define VESPER_CORE_VCPU_H

#include "core/csr.h"
#include "core/insn.h"
#include "lib/addr.h"
#include "sbi/sbi_core.h"

struct vm;

/* What the last exit other than an ecall was; for the debugger and for messages. */
struct exit_info {
	uint64_t scause, sepc, stval, htval, htinst;
};

/* What a call left to be done when it is over (trap.c). */
enum vcpu_request {
	VCPU_GOES_ON,
	VCPU_SHUTDOWN, /* with exit_status */
	VCPU_REBOOT,
	VCPU_RESUME_AT, /* from resume_pc, as after a start */
};

struct vcpu {
	uint64_t regs[32]; /* regs[0] takes what is loaded into x0; nothing reads it */
	uint64_t stack;    /* top of the stack of the hart that runs it */
	uint32_t request;  /* enum vcpu_request */
	enum vcpu_state state;
	struct vm *vm;
	uint64_t id;        /* hart ID in the guest */
	bool ignore_htinst; /* see struct features */
	uint64_t resume_pc, resume_opaque;
	unsigned exit_status; /* 0..255, 0: well */
	uint64_t deadline;    /* without Sstc: the next timer event in host time; ~0: none */
	struct exit_info last_exit;
	struct insn last_insn; /* the last load or store that was emulated */
	uint64_t mmio_value;   /* what it read */
};

/* The numbers in trap_entry.S. */
_Static_assert(offsetof(struct vcpu, regs) == 0, "");
_Static_assert(offsetof(struct vcpu, stack) == 256, "");
_Static_assert(offsetof(struct vcpu, request) == 264, "");

/* Sets all of the vCPU's state as at its power-on and makes it start at `pc` with a0 = id, a1 = opaque. */
void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);

/* The end of a non-retentive suspend: state as at power-on, but for pending interrupts and the timer. */
void vcpu_resume_at(struct vcpu *vcpu);

/* Makes the guest take exception `cause` at the instruction that is trapped on. */
void vcpu_inject(struct vcpu *vcpu, uint64_t cause, uint64_t tval);

/* Goes on after the trapped instruction of `length` bytes. */
static inline void vcpu_skip(uint64_t length)
{
	csr_write(sepc, csr_read(sepc) + length);
}

/* Drives the vCPU's external interrupt input. */
static inline void vcpu_set_external_irq(struct vcpu *vcpu, bool level)
{
	(void)vcpu; /* the one that this hart runs */
	if (level)
		csr_set(hvip, HVIP_VSEIP);
	else
		csr_clear(hvip, HVIP_VSEIP);
}

/* The host timer has expired. */
void vcpu_timer_expired(struct vcpu *vcpu);

#endif
