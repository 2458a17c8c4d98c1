/* SPDX-License-Identifier: MIT */
/*
 * Simulated harts around core/sched.c: each runs what sched_next() gives it,
 * obeys kicks after a little while and its deadline to the tick, in the order
 * of a simulated clock. After each step everything that must hold is checked.
 */
#ifndef VESPER_TESTS_SCHED_SIM_H
#define VESPER_TESTS_SCHED_SIM_H

#include "core/sched.h"

#define SIM_HZ     10000000u
#define US(n)      ((uint64_t)(n) * (SIM_HZ / 1000000))
#define MS(n)      US((n)*1000ull)
#define SECONDS(n) MS((n)*1000ull)
#define SIM_VCPUS  96
#define SIM_VMS    24
#define ALL_HARTS  UINT64_MAX

struct sim_vcpu;

/* What it does once its burst is over: sets its next `burst`, says how it leaves and, in `until`, its deadline. */
typedef enum sched_leave sim_act(struct sim_vcpu *v, uint64_t *until);

struct sim_vcpu {
	struct sched_entity e;
	unsigned vm;
	sim_act *act;                       /* NULL: burns for ever */
	uint64_t burst;                     /* ticks it runs before it acts */
	uint64_t length, pause, wake_every; /* for `act` */
	struct sim_vcpu *peer;              /* for `act` */
	uint64_t wake_at;  /* something outside calls sched_wake() then; SCHED_NEVER */
	uint64_t ready_at; /* waits since then; SCHED_NEVER: does not */
	uint64_t latency;  /* longest wait from its wake to its run, since sim_measure() */
	uint64_t ran;      /* what it has had of the harts */
	uint64_t mark;     /* `ran` at sim_measure() */
	uint64_t acts;
};

struct sim_hart {
	struct sched_entity *running;
	uint64_t since;
	uint64_t wasted_since; /* idle though somebody could run here; SCHED_NEVER */
	uint64_t kicked_at;    /* SCHED_NEVER: it is not */
	uint64_t ticks, kicks, switches;
};

extern struct sim_hart sim_hart[VM_HARTS_MAX];
extern struct sim_vcpu sim_vcpu[SIM_VCPUS];
extern struct sched_group sim_vm[SIM_VMS];
extern unsigned sim_harts, sim_vcpus;
extern uint64_t sim_now;

/* All anew; the harts idle. */
void sim_init(unsigned n_harts, uint64_t seed);

/* A VM of `n` vCPUs, not started; the first of them. `harts`: those it may run on. */
struct sim_vcpu *sim_create(unsigned vm, unsigned weight, uint64_t harts, unsigned n, sim_act *act);
void sim_start(struct sim_vcpu *first, unsigned n);
/* Started and burning. */
struct sim_vcpu *sim_burners(unsigned vm, unsigned weight, uint64_t harts, unsigned n);
/* Runs for `length` at a time, then blocks for `pause`. */
struct sim_vcpu *sim_sleeper(
	unsigned vm, unsigned weight, uint64_t harts, uint64_t length, uint64_t pause);

/* One event, not later than `end`. false: there is none. */
bool sim_step(uint64_t end);
void sim_run(uint64_t ticks);
/* The hart calls sched_tick(), kicked or not, and does what it says. */
void sim_look(unsigned hart);

/* Shares count from here. */
void sim_measure(void);
/* Run time of a VM since, in thousandths of one hart. */
unsigned sim_share(unsigned vm);

void sim_check(void);
uint64_t sim_random(uint64_t below);

#endif
