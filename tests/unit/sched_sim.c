/* SPDX-License-Identifier: MIT */
/* See sched_sim.h. */
#include "tests/unit/sched_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define KICK_DELAY US(1)
#define WASTE_MAX  (6 * KICK_DELAY) /* kicks may go from hart to hart */

struct sim_hart sim_hart[VM_HARTS_MAX];
struct sim_vcpu sim_vcpu[SIM_VCPUS];
struct sched_group sim_vm[SIM_VMS];
unsigned sim_harts, sim_vcpus;
uint64_t sim_now;
static uint64_t measured_from, random_state;

uint64_t sim_random(uint64_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % below;
}

void hart_kick(unsigned hart)
{
	struct sim_hart *h = &sim_hart[hart];

	assert_true(hart < sim_harts);
	h->kicks++;
	if (h->kicked_at == SCHED_NEVER)
		h->kicked_at = sim_now + 1 + sim_random(KICK_DELAY);
}

/* ---- what happens ---- */

static struct sim_vcpu *vcpu_of(struct sched_entity *e)
{
	return (struct sim_vcpu *)e;
}

/* What the entity on a hart has left to run grows less. */
static void consume(struct sim_hart *h)
{
	struct sim_vcpu *v;

	if (h->running) {
		v = vcpu_of(h->running);
		v->ran += sim_now - h->since;
		if (v->act)
			v->burst -= sim_now - h->since;
	}
	h->since = sim_now;
}

static void reschedule(unsigned hart, enum sched_leave how, uint64_t until)
{
	struct sim_hart *h = &sim_hart[hart];
	struct sched_entity *next = sched_next(hart, h->running, how, until, sim_now);

	if (next && next != h->running)
		h->switches++;
	h->running = next;
	if (next) {
		struct sim_vcpu *v = vcpu_of(next);

		if (v->ready_at != SCHED_NEVER && sim_now - v->ready_at > v->latency)
			v->latency = sim_now - v->ready_at;
		v->ready_at = SCHED_NEVER;
	}
}

void sim_look(unsigned hart)
{
	struct sim_hart *h = &sim_hart[hart];

	h->kicked_at = SCHED_NEVER;
	if (sched_tick(hart, sim_now))
		reschedule(hart, SCHED_YIELD, 0);
}

static void act(unsigned hart)
{
	struct sim_vcpu *v = vcpu_of(sim_hart[hart].running);
	uint64_t until = SCHED_NEVER;
	enum sched_leave how = v->act(v, &until);

	v->acts++;
	reschedule(hart, how, until);
}

static void wake(struct sim_vcpu *v)
{
	v->wake_at = v->wake_every ? sim_now + v->wake_every : SCHED_NEVER;
	sched_wake(&v->e, sim_now);
}

/* ---- when it happens ---- */

enum event {
	EVENT_NONE,
	EVENT_WAKE,
	EVENT_ACT,
	EVENT_LOOK,
};

struct when {
	uint64_t time;
	enum event event;
	unsigned index;
};

static void consider(struct when *first, uint64_t time, enum event event, unsigned index)
{
	if (time < first->time)
		*first = (struct when){time, event, index};
}

static struct when first_event(uint64_t end)
{
	struct when first = {end, EVENT_NONE, 0};

	for (unsigned i = 0; i < sim_vcpus; i++)
		consider(&first, sim_vcpu[i].wake_at, EVENT_WAKE, i);
	for (unsigned i = 0; i < sim_harts; i++) {
		struct sim_hart *h = &sim_hart[i];

		consider(&first, h->kicked_at, EVENT_LOOK, i);
		consider(&first, sched_deadline(i), EVENT_LOOK, i);
		if (h->running && vcpu_of(h->running)->act)
			consider(&first, h->since + vcpu_of(h->running)->burst, EVENT_ACT, i);
	}
	return first;
}

bool sim_step(uint64_t end)
{
	struct when first = first_event(end);
	enum sched_state before[SIM_VCPUS];

	for (unsigned i = 0; i < sim_vcpus; i++)
		before[i] = sim_vcpu[i].e.state;
	if (first.time > sim_now)
		sim_now = first.time;
	for (unsigned i = 0; i < sim_harts; i++)
		consume(&sim_hart[i]);
	switch (first.event) {
	case EVENT_WAKE:
		wake(&sim_vcpu[first.index]);
		break;
	case EVENT_ACT:
		act(first.index);
		break;
	case EVENT_LOOK:
		sim_hart[first.index].ticks++;
		sim_look(first.index);
		break;
	case EVENT_NONE:
		return false;
	}
	for (unsigned i = 0; i < sim_vcpus; i++) {
		if (sim_vcpu[i].e.state == SCHED_QUEUED && before[i] != SCHED_QUEUED &&
			before[i] != SCHED_RUNNING)
			sim_vcpu[i].ready_at = sim_now;
	}
	sim_check();
	return true;
}

void sim_run(uint64_t ticks)
{
	uint64_t end = sim_now + ticks;

	while (sim_step(end))
		;
}

/* ---- what must hold ---- */

static bool allowed(const struct sched_entity *e, unsigned hart)
{
	return e->group->allowed[hart / 64] >> (hart % 64) & 1;
}

/* Somebody is going to look after one who waits: a hart with a slice, or one that was kicked. */
static void check_watched(void)
{
	bool watched = false;

	for (unsigned i = 0; i < sim_harts; i++)
		watched |= sim_hart[i].kicked_at != SCHED_NEVER ||
			   sched_deadline(i) <= sim_now + MS(2);
	assert_true(watched);
}

static bool has_work(unsigned hart)
{
	for (unsigned i = 0; i < sim_vcpus; i++) {
		if (sim_vcpu[i].e.state == SCHED_QUEUED && allowed(&sim_vcpu[i].e, hart))
			return true;
	}
	return false;
}

static void check_waste(unsigned hart)
{
	struct sim_hart *h = &sim_hart[hart];

	if (h->running || !has_work(hart))
		h->wasted_since = SCHED_NEVER;
	else if (h->wasted_since == SCHED_NEVER)
		h->wasted_since = sim_now;
	else
		assert_true(sim_now - h->wasted_since <= WASTE_MAX);
}

static void check_harts(void)
{
	for (unsigned i = 0; i < sim_harts; i++) {
		struct sched_entity *e = sim_hart[i].running;

		check_waste(i);
		if (!e)
			continue;
		assert_int_equal(e->state, SCHED_RUNNING);
		assert_int_equal(e->hart, i);
		assert_true(allowed(e, i));
	}
}

void sim_check(void)
{
	unsigned ready[SIM_VMS] = {0}, running = 0, on_harts = 0;

	check_harts();
	for (unsigned i = 0; i < sim_vcpus; i++) {
		struct sched_entity *e = &sim_vcpu[i].e;

		if (e->state == SCHED_QUEUED)
			check_watched();
		running += e->state == SCHED_RUNNING;
		ready[sim_vcpu[i].vm] += e->state == SCHED_RUNNING || e->state == SCHED_QUEUED;
	}
	for (unsigned i = 0; i < sim_harts; i++)
		on_harts += sim_hart[i].running != NULL;
	assert_int_equal(running, on_harts);
	for (unsigned i = 0; i < SIM_VMS; i++)
		assert_int_equal(ready[i], sim_vm[i].n_ready);
}

/* ---- set-up ---- */

void sim_init(unsigned n_harts, uint64_t seed)
{
	memset(sim_hart, 0, sizeof(sim_hart));
	memset(sim_vcpu, 0, sizeof(sim_vcpu));
	memset(sim_vm, 0, sizeof(sim_vm));
	sim_harts = n_harts;
	sim_vcpus = 0;
	sim_now = 1 + seed;
	random_state = seed;
	sched_init(n_harts, SIM_HZ);
	for (unsigned i = 0; i < n_harts; i++) {
		sim_hart[i].kicked_at = sim_hart[i].wasted_since = SCHED_NEVER;
		reschedule(i, SCHED_YIELD, 0);
	}
	sim_measure();
}

struct sim_vcpu *sim_create(unsigned vm, unsigned weight, uint64_t harts, unsigned n, sim_act *act_)
{
	struct sim_vcpu *first = &sim_vcpu[sim_vcpus];

	sim_vm[vm].weight = weight;
	sim_vm[vm].allowed[0] = harts;
	for (unsigned i = 0; i < n; i++) {
		assert_true(sim_vcpus < SIM_VCPUS);
		sim_vcpu[sim_vcpus++] = (struct sim_vcpu){
			.e.group = &sim_vm[vm],
			.vm = vm,
			.act = act_,
			.wake_at = SCHED_NEVER,
			.ready_at = SCHED_NEVER,
		};
	}
	return first;
}

void sim_start(struct sim_vcpu *first, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sched_start(&first[i].e, sim_now);
}

struct sim_vcpu *sim_burners(unsigned vm, unsigned weight, uint64_t harts, unsigned n)
{
	struct sim_vcpu *first = sim_create(vm, weight, harts, n, NULL);

	sim_start(first, n);
	return first;
}

static enum sched_leave sleep_a_while(struct sim_vcpu *v, uint64_t *until)
{
	v->burst = v->length;
	*until = sim_now + v->pause;
	return SCHED_BLOCK;
}

struct sim_vcpu *sim_sleeper(
	unsigned vm, unsigned weight, uint64_t harts, uint64_t length, uint64_t pause)
{
	struct sim_vcpu *v = sim_create(vm, weight, harts, 1, sleep_a_while);

	v->length = v->burst = length;
	v->pause = pause;
	sim_start(v, 1);
	return v;
}

void sim_measure(void)
{
	measured_from = sim_now;
	for (unsigned i = 0; i < sim_vcpus; i++) {
		sim_vcpu[i].mark = sim_vcpu[i].ran;
		sim_vcpu[i].latency = 0;
	}
	for (unsigned i = 0; i < sim_harts; i++)
		sim_hart[i].ticks = sim_hart[i].kicks = sim_hart[i].switches = 0;
}

unsigned sim_share(unsigned vm)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < sim_vcpus; i++) {
		if (sim_vcpu[i].vm == vm)
			sum += sim_vcpu[i].ran - sim_vcpu[i].mark;
	}
	return (unsigned)(sum * 1000 / (sim_now - measured_from));
}
