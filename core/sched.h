/* SPDX-License-Identifier: MIT */
/*
 * Which vCPU runs next on which hart. One queue for all harts, ordered by
 * virtual run time: a VM's vCPUs together advance by (time run) / (weight), so
 * that whoever is behind has had less than its share and is next. Pure logic
 * under one lock: it touches no CSR; the only thing it asks for is hart_kick().
 *
 * Times are in ticks of the `time` CSR.
 */
#ifndef VESPER_CORE_SCHED_H
#define VESPER_CORE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "include/vm_spec.h"

#define SCHED_NEVER UINT64_MAX

enum sched_state {
	SCHED_OFF,     /* not started, or stopped */
	SCHED_QUEUED,  /* waits for a hart */
	SCHED_RUNNING, /* on `hart` */
	SCHED_BLOCKED, /* waits for sched_wake() or its deadline */
};

/* What the vCPUs of a VM have in common. */
struct sched_group {
	unsigned weight; /* 1..10000 */
	unsigned
		n_ready; /* vCPUs that are queued or running; this and the next two are the scheduler's own */
	uint64_t vtime; /* virtual run time of the VM as a whole: what its vCPUs had, by weight */
	uint64_t rest;  /* of the division that made it */
	uint64_t allowed[VM_HARTS_MAX / 64]; /* bit h: hart index h may run them */
};

/* A vCPU to the scheduler; embedded in struct vcpu, zeroed at first, `group` set by the owner. */
struct sched_entity {
	struct sched_group *group;
	struct sched_entity *prev, *next; /* in the queue, or among the blocked ones of a hart */
	enum sched_state state;
	bool woken;        /* a wake came while it ran: it will not block */
	unsigned hart;     /* runs on it, or ran on it last */
	uint64_t vtime;    /* virtual run time */
	uint64_t rest;     /* of the division that made it */
	uint64_t since;    /* running: when it was charged last */
	uint64_t deadline; /* blocked: when it wakes by itself; SCHED_NEVER */
	uint64_t queued;   /* when it was queued last, or chosen again without a wait */
	uint64_t run_time; /* ticks it has had since it was first started; running: up to `since` */
};

/* What becomes of the vCPU that was running. */
enum sched_leave {
	SCHED_YIELD, /* wants to go on, unless somebody who waits is further behind */
	SCHED_PASS, /* only spins: lets the first who waits go before it, and goes on if nobody does */
	SCHED_BLOCK, /* until a wake or `deadline` */
	SCHED_STOP,
};

/* `n_harts` harts, indices 0..n-1; `timebase_hz` ticks a second. */
void sched_init(unsigned n_harts, uint64_t timebase_hz);

/* Reserves nothing, starts a vCPU: OFF -> QUEUED, and a hart is kicked if one should take it. */
void sched_start(struct sched_entity *e, uint64_t now);

/*
 * BLOCKED -> QUEUED (a hart that idles or runs somebody who is further ahead is kicked); RUNNING: its next
 * SCHED_BLOCK returns at once; else nothing. From any hart.
 */
void sched_wake(struct sched_entity *e, uint64_t now);

/*
 * Takes a vCPU that is queued or blocked out: -> OFF. false: it is running; its hart has been kicked. It may be on another hart
 * by the time it is kicked, so its owner looks for a mark of its own before each entry, and leaves with SCHED_STOP.
 */
bool sched_remove(struct sched_entity *e);

/*
 * The choice of `hart`: `prev` (NULL: it was idle) leaves as `how` says, with `deadline` for SCHED_BLOCK. Returns who runs
 * next (maybe `prev`, again), or NULL to idle.
 */
struct sched_entity *sched_next(unsigned hart, struct sched_entity *prev, enum sched_leave how,
	uint64_t deadline, uint64_t now);

/*
 * What the last sched_next() or sched_tick() of this hart found; who changes it for another hart kicks that.
 *
 * The time at which `hart` must call sched_tick(): the end of a slice (only when somebody who may run here waits) or
 * a blocked vCPU's deadline. SCHED_NEVER: no tick at all.
 */
uint64_t sched_deadline(unsigned hart);

/*
 * The hart's timer came, or it was kicked: blocked vCPUs whose deadline has passed are queued. true: call
 * sched_next(), somebody else should run.
 */
bool sched_tick(unsigned hart, uint64_t now);

/* May a vCPU of this hart wait for interrupts in the guest itself (no other vCPU has use for the hart)? */
bool sched_alone(unsigned hart);

/* ---- what it asks of core/hart.c ---- */

/*
 * Makes the hart call sched_tick() soon; with the scheduler's lock, so it calls nothing of it. sched_tick() and sched_next()
 * never kick the hart that calls them; the others do not know which one that is, and may.
 */
void hart_kick(unsigned hart);

#endif
