/* SPDX-License-Identifier: MIT */
/*
 * The way between a guest and Vesper. trap_entry.S saves what a C call clobbers and
 * comes here; trap.c holds the one switch on scause.
 */
#ifndef VESPER_CORE_TRAP_H
#define VESPER_CORE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Bit r: a C call leaves x<r> alone, so what an exit changes there must be said: gp, tp and s0 to s11. */
#define TRAP_LEFT_ALONE 0x0ffc0318u

/* All registers at a trap taken from HS-mode; regs[0] is unused. */
struct hypervisor_frame {
	uint64_t regs[32];
};

/* ---- trap_entry.S ---- */

/* The address for stvec. */
void trap_entry(void);

/* Leaves for the guest with all its registers; the stack is given up. */
_Noreturn void trap_enter_guest(struct vcpu *vcpu);

/* ---- trap.c, called by trap_entry.S ---- */

/* The vCPU, all of whose registers are in vcpu->regs, leaves the hart as vcpu->request says. */
_Noreturn void trap_request(struct vcpu *vcpu);

/*
 * Every other exit; all registers of the guest are in vcpu->regs. true: some have changed there that a C call would
 * have left alone.
 */
bool trap_other(struct vcpu *vcpu, uint64_t scause);

/* A trap from Vesper's own code that no guest_access function expected: our bug (panic.c). */
_Noreturn void trap_from_hypervisor(const struct hypervisor_frame *frame);

#endif
