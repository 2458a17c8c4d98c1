/* SPDX-License-Identifier: MIT */
/*
 * A hart of this machine: its stack, what it runs, how others reach it. Each
 * hart has a slot of Vesper's address space with a guard, its stack and, above
 * that, its struct hart: so the stack pointer tells whose hart it is, and tp
 * stays the guest's.
 */
#ifndef VESPER_CORE_HART_H
#define VESPER_CORE_HART_H

#include <stdbool.h>
#include <stdint.h>

#include "config/machine.h"
#include "core/features.h"
#include "core/own.h"
#include "core/sched.h"
#include "lib/spinlock.h"

struct vcpu;
struct vm;

struct hart {
	uint64_t satp, stack; /* for hart_entry (boot/entry.S) */
	unsigned index;       /* in machine.hart[] */
	bool online;
	uint64_t id;       /* of the firmware */
	uint64_t imsic;    /* the page of its S-level interrupt file; 0: none in use */
	unsigned n_files;  /* guest interrupt files, whose pages follow: 1..n_files */
	struct vcpu *vcpu; /* whose state is in the VS-level CSRs; it may have been saved already */
	struct vcpu *fp_owner; /* whose FP and vector registers are in the hart; NULL: nobody's */
	const struct vm *vm;   /* whose translations hgatp names */
	uint64_t tick;         /* when the scheduler wants to be called; SCHED_NEVER */
	uint32_t fences_asked, fences_done; /* of hart_fence_all() */
	uint64_t idle_ticks;                /* time it had nobody to run */
	uint64_t
		files_asked; /* bit f: another hart asks for guest interrupt file f to be given up */
	struct vcpu
		*file_owner[64]; /* of each of those files, this hart's own affair; NULL: free */
};

_Static_assert(sizeof(struct hart) <= OWN_SLOT_SIZE - OWN_SLOT_STACK_TOP, "");

/* The page of one of its guest interrupt files. */
static inline uint64_t hart_file_page(const struct hart *hart, unsigned file)
{
	return hart->imsic + file * 4096ull;
}

/* The hart that asks. Only on a hart's own stack: not before hart_run_all(). */
static inline struct hart *hart_self(void)
{
	uintptr_t sp;

	__asm__("mv %0, sp" : "=r"(sp));
	return (struct hart *)((sp & ~(OWN_SLOT_SIZE - 1)) + OWN_SLOT_STACK_TOP);
}

/*
 * Starts all harts of `machine`; on this one `first` runs, on its own stack, before it looks for a
 * vCPU as all of them do.
 */
_Noreturn void hart_run_all(
	const struct machine *machine, const struct features *features, void (*first)(void));

/* How many there are; a hart that could not be started is not online. */
unsigned hart_count(void);
struct hart *hart_get(unsigned index);

/* How a vCPU left the hart; all zero: there was none. */
struct vcpu_leaving {
	struct vcpu *vcpu; /* saved already */
	enum sched_leave how;
	uint64_t deadline; /* SCHED_BLOCK */
	struct vm *start;  /* its VM is to be started again */
};

/* Goes on with whatever the scheduler chooses. */
_Noreturn void hart_run(struct vcpu_leaving leaving);

/* Sets the host timer to what comes first: the scheduler's tick, or what the vCPU that runs (NULL: none) waits for. */
void hart_set_timer(struct hart *hart, const struct vcpu *vcpu);

/*
 * The pending host interrupts of this hart, one round. `vcpu`: the one that was interrupted; NULL: the hart was idle.
 */
void hart_interrupts(struct hart *hart, struct vcpu *vcpu);

/* While this hart waits for another: does what others wait for this one to do. */
void hart_serve(struct hart *hart);

/* Takes a lock that may be held while its holder waits for other harts: this one serves meanwhile. */
void hart_lock_serving(struct spinlock *lock);

/* All harts forget translations: Vesper's own, and those of every guest. Returns when they have. */
void hart_fence_all(void);

/* No hart uses translations of this VM's G-stage that are not there any more. Returns when that is so. */
void hart_fence_guest(struct vm *vm);

#endif
