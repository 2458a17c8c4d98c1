/* SPDX-License-Identifier: MIT */
/*
 * The scheduler on simulated harts: shares, latencies, who runs where, and that
 * no order of events leaves a hart idle beside work or a vCPU forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sched_sim.h"

#define GRAIN US(200)
#define SLICE MS(2)

/* A share in thousandths of a hart, give or take. SCHED_SIM_VERBOSE=1 shows what it was. */
static void expect_share(unsigned vm, unsigned want, unsigned slack)
{
	unsigned share = sim_share(vm);

	if (getenv("SCHED_SIM_VERBOSE"))
		printf("  vm %u: share %u, want %u +- %u\n", vm, share, want, slack);
	assert_in_range(share, want - slack, want + slack);
}

static void expect_latency(const struct sim_vcpu *v, uint64_t most)
{
	if (getenv("SCHED_SIM_VERBOSE"))
		printf("  vm %u: longest wait %u us, at most %u\n", v->vm,
			(unsigned)(v->latency / US(1)), (unsigned)(most / US(1)));
	assert_true(v->latency <= most);
}

static void settle_then_measure(uint64_t ticks)
{
	sim_run(MS(100));
	sim_measure();
	sim_run(ticks);
}

/* ---- shares ---- */

static void test_two_equal(void **state)
{
	(void)state;
	sim_init(1, 0);
	sim_burners(0, 100, ALL_HARTS, 1);
	sim_burners(1, 100, ALL_HARTS, 1);
	settle_then_measure(SECONDS(2));
	expect_share(0, 500, 5);
	expect_share(1, 500, 5);
}

static void test_weights(void **state)
{
	(void)state;
	for (unsigned harts = 1; harts <= 4; harts++) {
		sim_init(harts, harts);
		/* Each VM has as many vCPUs as there are harts, so that it could use them all. */
		sim_burners(0, 50, ALL_HARTS, harts);
		sim_burners(1, 500, ALL_HARTS, harts);
		settle_then_measure(SECONDS(10));
		expect_share(0, harts * 1000 / 11, harts * 5);
		expect_share(1, harts * 10000 / 11, harts * 5);
	}
}

static void test_three_weights(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, ALL_HARTS, 2);
	sim_burners(1, 200, ALL_HARTS, 2);
	sim_burners(2, 300, ALL_HARTS, 2);
	settle_then_measure(SECONDS(5));
	expect_share(0, 333, 10);
	expect_share(1, 667, 15);
	expect_share(2, 1000, 20);
}

static void test_extreme_weights(void **state)
{
	(void)state;
	sim_init(1, 0);
	sim_burners(0, 1, ALL_HARTS, 1);
	sim_burners(1, 10000, ALL_HARTS, 1);
	sim_run(SECONDS(1));
	sim_measure();
	sim_run(SECONDS(60));
	assert_true(sim_share(0) <= 2);
	assert_true(sim_share(1) >= 998);
}

/* One who may use all of a hart does; the others share what is left by weight. */
static void test_more_weight_than_vcpus(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 10000, ALL_HARTS, 1);
	sim_burners(1, 100, ALL_HARTS, 1);
	sim_burners(2, 300, ALL_HARTS, 1);
	settle_then_measure(SECONDS(5));
	expect_share(0, 1000, 5);
	expect_share(1, 250, 10);
	expect_share(2, 750, 10);
}

static void test_vcpus_do_not_count(void **state)
{
	static const unsigned wide[] = {0, 500, 1000, 2000, 3000};

	(void)state;
	for (unsigned harts = 1; harts <= 4; harts++) {
		sim_init(harts, 0);
		sim_burners(0, 100, ALL_HARTS, 4);
		sim_burners(1, 100, ALL_HARTS, 1);
		settle_then_measure(SECONDS(5));
		expect_share(0, wide[harts], 25);
		expect_share(1, harts == 1 ? 500 : 1000, 25);
	}
}

static void test_64_vcpus(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, ALL_HARTS, 64);
	sim_burners(1, 100, ALL_HARTS, 1);
	sim_run(SECONDS(1));
	sim_measure();
	sim_run(SECONDS(5));
	expect_share(0, 1000, 30);
	expect_share(1, 1000, 30);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t ran = sim_vcpu[i].ran - sim_vcpu[i].mark;

		assert_in_range(ran, MS(60), MS(96)); /* 78 ms each */
	}
}

static void test_three_on_two(void **state)
{
	(void)state;
	sim_init(2, 0);
	for (unsigned vm = 0; vm < 3; vm++)
		sim_burners(vm, 100, ALL_HARTS, 1);
	settle_then_measure(SECONDS(2));
	for (unsigned vm = 0; vm < 3; vm++)
		expect_share(vm, 667, 5);
	assert_in_range(sim_hart[0].switches + sim_hart[1].switches, 500, 2500);
}

static void test_five_on_four(void **state)
{
	(void)state;
	sim_init(4, 0);
	for (unsigned vm = 0; vm < 5; vm++)
		sim_burners(vm, 100, ALL_HARTS, 1);
	settle_then_measure(SECONDS(2));
	for (unsigned vm = 0; vm < 5; vm++)
		expect_share(vm, 800, 10);
}

/* ---- latency ---- */

static void test_woken_runs_at_once(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	for (unsigned burners = 1; burners <= 4; burners++) {
		sim_init(1, burners);
		v = sim_sleeper(0, 100, ALL_HARTS, US(50), MS(3));
		for (unsigned vm = 1; vm <= burners; vm++)
			sim_burners(vm, 100, ALL_HARTS, 1);
		settle_then_measure(SECONDS(5));
		assert_true(v->acts > 1500);
		expect_latency(v, US(5));
	}
}

static void test_woken_beside_wide_burner(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	for (unsigned harts = 1; harts <= 4; harts++) {
		sim_init(harts, harts);
		v = sim_sleeper(0, 100, ALL_HARTS, US(100), MS(1));
		sim_burners(1, 100, ALL_HARTS, 8);
		settle_then_measure(SECONDS(5));
		expect_latency(v, GRAIN);
	}
}

/* A VM's own burning vCPUs do not keep its other one from running soon, nor does it win by that. */
static void test_woken_in_busy_vm(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	for (unsigned n = 1; n <= 4; n++) {
		sim_init(1, n);
		v = sim_sleeper(0, 100, ALL_HARTS, US(50), MS(3));
		sim_burners(0, 100, ALL_HARTS, n);
		sim_burners(1, 100, ALL_HARTS, 1);
		settle_then_measure(SECONDS(10));
		expect_latency(v, n == 1 ? GRAIN : 4 * SLICE);
		expect_share(1, 500, 10);
	}
}

static void test_two_woken_at_once(void **state)
{
	struct sim_vcpu *v[2];

	(void)state;
	sim_init(2, 0);
	for (unsigned i = 0; i < 2; i++) {
		v[i] = sim_sleeper(i, 100, ALL_HARTS, US(50), SCHED_NEVER / 2);
		v[i]->wake_every = MS(5);
		v[i]->wake_at = sim_now + MS(5);
	}
	sim_run(MS(51));
	/* Both harts were idle: neither wake waited for the other's. */
	assert_int_equal(v[0]->acts, 11);
	assert_int_equal(v[1]->acts, 11);
	assert_true(v[0]->latency <= US(1) && v[1]->latency <= US(1));
}

/* ---- ticks ---- */

static void test_no_tick_alone(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, ALL_HARTS, 2);
	sim_run(MS(5));
	sim_measure();
	sim_run(SECONDS(10));
	for (unsigned i = 0; i < 2; i++) {
		assert_non_null(sim_hart[i].running);
		assert_true(sched_deadline(i) == SCHED_NEVER);
		assert_true(sched_alone(i));
		assert_int_equal(sim_hart[i].ticks, 0);
	}
}

/* A hart whose vCPU nobody else may displace has no tick while others share theirs. */
static void test_no_tick_on_dedicated(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, 1, 1);
	sim_burners(1, 100, 2, 1);
	sim_burners(2, 100, 2, 1);
	sim_run(MS(10));
	sim_measure();
	sim_run(SECONDS(1));
	assert_true(sched_deadline(0) == SCHED_NEVER);
	assert_int_equal(sim_hart[0].ticks, 0);
	expect_share(0, 1000, 0);
	expect_share(1, 500, 5);
}

/* One more vCPU than harts: all harts must look again whether theirs may wait in the guest. */
static void test_alone_ends(void **state)
{
	struct sim_vcpu *third;

	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, ALL_HARTS, 2);
	sim_run(MS(1));
	sim_measure();
	third = sim_sleeper(1, 100, ALL_HARTS, US(10), SECONDS(100));
	sim_run(MS(1));
	assert_true(sim_hart[0].ticks && sim_hart[1].ticks);
	sim_run(SECONDS(1));
	assert_int_equal(third->e.state, SCHED_BLOCKED);
	assert_false(sched_alone(0));
	assert_false(sched_alone(1));
	assert_true(sched_remove(&third->e));
	sim_now += MS(100);
	for (unsigned hart = 0; hart < 2; hart++) {
		assert_false(sched_tick(hart, sim_now));
		assert_true(sched_alone(hart));
	}
}

static void test_slice_ends_with_contention(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	sim_burners(0, 100, ALL_HARTS, 1);
	v = sim_burners(1, 100, ALL_HARTS, 1);
	sim_run(MS(11));
	assert_true(sched_deadline(0) <= sim_now + SLICE);
	while (!sched_remove(&v->e))
		sim_run(MS(1));
	sim_run(MS(5));
	assert_true(sched_deadline(0) == SCHED_NEVER);
}

/* ---- those who try for more ---- */

static enum sched_leave nap_at_random(struct sim_vcpu *v, uint64_t *until)
{
	v->burst = 1 + sim_random(v->length);
	*until = sim_now + 1 + sim_random(v->pause);
	return SCHED_BLOCK;
}

static void test_short_sleeps_win_nothing(void **state)
{
	static const uint64_t length[] = {US(50), US(190), US(900), US(1990), MS(5), MS(20)};
	static const uint64_t pause[] = {US(1), US(20), US(300)};

	(void)state;
	for (unsigned i = 0; i < 6 * 3; i++) {
		struct sim_vcpu *v;

		sim_init(1, i);
		v = sim_sleeper(0, 100, ALL_HARTS, length[i / 3], pause[i % 3]);
		if (i % 2)
			v->act = nap_at_random;
		sim_burners(1, 100, ALL_HARTS, 1);
		settle_then_measure(SECONDS(1));
		if (getenv("SCHED_SIM_VERBOSE"))
			printf("  naps %u/%u us: %u\n", (unsigned)(length[i / 3] / US(1)),
				(unsigned)(pause[i % 3] / US(1)), sim_share(0));
		assert_true(sim_share(0) <= 510);
	}
}

/* Nor do several vCPUs of one VM lose by it: they want more than half of the hart and have half. */
static void test_naps_of_several(void **state)
{
	static const uint64_t length[] = {US(100), MS(1), MS(3), MS(10)};
	static const uint64_t pause[] = {US(50), US(500), MS(2)};

	(void)state;
	for (unsigned i = 0; i < 4 * 3 * 3; i++) {
		unsigned n = 2u << i % 3;

		sim_init(1, i);
		for (unsigned k = 0; k < n; k++)
			sim_sleeper(0, 100, ALL_HARTS, length[i / 9], pause[i / 3 % 3])->act =
				nap_at_random;
		sim_burners(1, 100, ALL_HARTS, 1);
		settle_then_measure(SECONDS(1));
		if (getenv("SCHED_SIM_VERBOSE"))
			printf("  %u naps %u/%u us: %u\n", n, (unsigned)(length[i / 9] / US(1)),
				(unsigned)(pause[i / 3 % 3] / US(1)), sim_share(0));
		assert_true(sim_share(0) <= 515);
	}
}

static enum sched_leave hand_over(struct sim_vcpu *v, uint64_t *until)
{
	v->burst = v->length;
	*until = SCHED_NEVER;
	sched_wake(&v->peer->e, sim_now);
	return SCHED_BLOCK;
}

/* vCPUs of a VM that run one after the other, each fresh from its sleep; with and without one that burns besides. */
static void test_turns_win_nothing(void **state)
{
	static const uint64_t length[] = {US(20), US(200), MS(1), MS(3), MS(10)};

	(void)state;
	for (unsigned i = 0; i < 5 * 2; i++) {
		struct sim_vcpu *v;

		sim_init(1, i);
		sim_burners(1, 100, ALL_HARTS, 1);
		v = sim_create(0, 100, ALL_HARTS, 8, hand_over);
		for (unsigned k = 0; k < 8; k++) {
			v[k].length = v[k].burst = length[i / 2];
			v[k].peer = &v[(k + 1) % 8];
		}
		sim_start(v, 1);
		if (i % 2)
			sim_burners(0, 100, ALL_HARTS, 1);
		for (unsigned k = 1; k < 8; k++) {
			v[k].act = hand_over;
			v[k].e.state = SCHED_BLOCKED;
			v[k].e.deadline = SCHED_NEVER;
		}
		settle_then_measure(SECONDS(2));
		if (getenv("SCHED_SIM_VERBOSE"))
			printf("  turns of %u us, burner %u: %u\n",
				(unsigned)(length[i / 2] / US(1)), i % 2, sim_share(0));
		assert_true(sim_share(0) <= 520);
		assert_true(sim_share(1) >= 480);
	}
}

/* Heavy enough that a tick costs less than a unit of vtime, and charged as often as can be. */
static enum sched_leave yield_each_tick(struct sim_vcpu *v, uint64_t *until)
{
	(void)until;
	v->burst = 1 + sim_random(3);
	return SCHED_YIELD;
}

static void test_small_charges_add_up(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	v = sim_create(0, 1000, ALL_HARTS, 1, yield_each_tick);
	v->burst = 1;
	sim_start(v, 1);
	sim_burners(1, 1000, ALL_HARTS, 1);
	sim_run(MS(1));
	sim_measure();
	sim_run(MS(300));
	expect_share(0, 500, 25);
}

static enum sched_leave pass_often(struct sim_vcpu *v, uint64_t *until)
{
	(void)until;
	v->burst = v->length;
	return SCHED_PASS;
}

/* Spinning in one vCPU gives the hart to the VM's other one, which holds the lock, within a slice of the others. */
static void test_pass(void **state)
{
	struct sim_vcpu *spinner, *holder;

	(void)state;
	sim_init(1, 0);
	spinner = sim_create(0, 100, ALL_HARTS, 1, pass_often);
	spinner->burst = spinner->length = US(20);
	sim_start(spinner, 1);
	holder = sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(MS(10));
	sim_measure();
	sim_run(SECONDS(1));
	assert_true(holder->ran - holder->mark > MS(980));
	sim_burners(1, 100, ALL_HARTS, 1);
	settle_then_measure(SECONDS(1));
	assert_true(holder->ran - holder->mark > MS(450));
	assert_true(sim_share(1) <= 550);
	assert_true(sim_share(1) >= 450);
}

/* ---- the past ---- */

static void test_alone_for_long(void **state)
{
	static const unsigned weights[] = {1, 100, 10000};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		sim_init(1, 0);
		sim_burners(0, weights[i], ALL_HARTS, 1);
		sim_run(SECONDS(10));
		sim_burners(1, weights[i], ALL_HARTS, 1);
		sim_measure();
		sim_run(MS(500));
		expect_share(0, 500, 30);
		expect_share(1, 500, 30);
	}
}

/* One slept while the other had everything: it wakes to its share, not to all that it slept through. */
static void test_slept_for_long(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	sim_burners(0, 100, ALL_HARTS, 1);
	v = sim_sleeper(1, 100, ALL_HARTS, US(10), SECONDS(10));
	sim_run(SECONDS(5));
	v->length = v->burst = SECONDS(5);
	sim_run(SECONDS(5) + MS(1));
	assert_true(v->latency <= GRAIN);
	sim_measure();
	sim_run(MS(500));
	expect_share(0, 500, 15);
	expect_share(1, 500, 15);
}

/* Alone on its hart all night while light VMs let the other harts' clocks run: then it must share. */
static void test_hart_left_behind(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 1, 1, 1);
	sim_burners(1, 100, 2, 1);
	sim_run(SECONDS(1000));
	sim_burners(2, 100, ALL_HARTS, 1);
	sim_burners(3, 100, ALL_HARTS, 1);
	sim_run(SECONDS(3));
	sim_measure();
	sim_run(SECONDS(5));
	expect_share(1, 664, 25);
	expect_share(2, 664, 25);
	expect_share(3, 664, 25);
}

/* Unpinned ones who were alone on two harts at very different speeds. */
static void test_uneven_past(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 1, ALL_HARTS, 1);
	sim_burners(1, 100, ALL_HARTS, 1);
	sim_run(SECONDS(100));
	sim_burners(2, 100, ALL_HARTS, 1);
	sim_burners(3, 100, ALL_HARTS, 1);
	sim_run(SECONDS(3));
	sim_measure();
	sim_run(SECONDS(5));
	expect_share(1, 664, 15);
	expect_share(2, 664, 15);
	expect_share(3, 664, 15);
}

/* ---- pinning ---- */

/* Harts that share no VM go at their own speeds, and weights hold on each. */
static void test_pinned_apart(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, 1, 1);
	sim_burners(1, 100, 1, 1);
	sim_burners(2, 200, 2, 1);
	for (unsigned vm = 3; vm < 11; vm++)
		sim_burners(vm, 100, 2, 1);
	v = sim_sleeper(11, 100, 2, US(50), MS(5));
	settle_then_measure(SECONDS(5));
	expect_share(0, 500, 5);
	expect_share(1, 500, 5);
	expect_share(2, 198, 8);
	for (unsigned vm = 3; vm < 11; vm++)
		expect_share(vm, 99, 4);
	expect_latency(v, GRAIN);
}

/* Who may run anywhere makes room for who may not. */
static void test_pinned_and_free(void **state)
{
	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(MS(1));
	assert_non_null(sim_hart[0].running);
	sim_burners(1, 100, 1, 1);
	sim_run(MS(10));
	sim_measure();
	sim_run(SECONDS(1));
	expect_share(0, 1000, 0);
	expect_share(1, 1000, 0);
}

static void test_overlapping_masks(void **state)
{
	(void)state;
	sim_init(3, 0);
	sim_burners(0, 100, 3, 2); /* harts 0 and 1 */
	sim_burners(1, 100, 6, 2); /* harts 1 and 2 */
	settle_then_measure(SECONDS(2));
	expect_share(0, 1500, 50);
	expect_share(1, 1500, 50);
}

/* Bits beyond 64. */
static void test_many_harts(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(128, 0);
	v = sim_create(0, 100, 0, 2, NULL);
	sim_vm[0].allowed[1] = 1ull << 63;
	sim_start(v, 2);
	sim_run(MS(20));
	assert_non_null(sim_hart[127].running);
	assert_int_equal(v[0].e.hart, 127);
	assert_int_equal(v[1].e.hart, 127);
	assert_true(sched_deadline(126) == SCHED_NEVER);
}

/* ---- states ---- */

static void test_states(void **state)
{
	struct sim_vcpu *a, *b;

	(void)state;
	sim_init(1, 0);
	a = sim_create(0, 100, ALL_HARTS, 1, NULL);
	b = sim_create(1, 100, ALL_HARTS, 1, NULL);
	assert_true(sched_remove(&a->e)); /* OFF */
	sched_wake(&a->e, sim_now);
	assert_int_equal(a->e.state, SCHED_OFF);
	sched_start(&a->e, sim_now);
	sched_start(&a->e, sim_now); /* no second time */
	assert_int_equal(a->e.state, SCHED_QUEUED);
	assert_int_equal(sim_hart[0].kicks, 1);
	assert_true(sched_tick(0, sim_now));
	assert_ptr_equal(sched_next(0, NULL, SCHED_YIELD, 0, sim_now), &a->e);

	sim_hart[0].kicked_at = SCHED_NEVER;
	sim_hart[0].kicks = 0;
	assert_false(sched_remove(&a->e)); /* RUNNING: twice asked, twice kicked */
	assert_false(sched_remove(&a->e));
	assert_int_equal(sim_hart[0].kicks, 2);
	assert_false(sched_tick(0, sim_now));

	sched_start(&b->e, sim_now);
	assert_int_equal(b->e.state, SCHED_QUEUED);
	assert_int_equal(sim_vm[1].n_ready, 1);
	assert_true(sched_remove(&b->e)); /* QUEUED */
	assert_int_equal(b->e.state, SCHED_OFF);
	assert_int_equal(sim_vm[1].n_ready, 0);

	assert_null(sched_next(0, &a->e, SCHED_BLOCK, sim_now + MS(5), sim_now));
	assert_int_equal(a->e.state, SCHED_BLOCKED);
	assert_true(sched_deadline(0) == sim_now + MS(5));
	assert_true(sched_remove(&a->e)); /* BLOCKED, with a deadline */
	assert_false(sched_tick(0, sim_now + MS(6)));
	assert_true(sched_deadline(0) == SCHED_NEVER);
	assert_int_equal(sim_vm[0].n_ready, 0);

	sched_start(&a->e, sim_now);
	assert_ptr_equal(sched_next(0, NULL, SCHED_YIELD, 0, sim_now), &a->e);
	assert_null(sched_next(0, &a->e, SCHED_STOP, 0, sim_now));
	assert_int_equal(a->e.state, SCHED_OFF);
	/* Some while after the crowd that there was. */
	assert_false(sched_tick(0, sim_now + MS(100)));
	assert_true(sched_alone(0));
}

static void test_since_when_queued(void **state)
{
	struct sim_vcpu *a, *b;
	uint64_t began;

	(void)state;
	sim_init(1, 0);
	a = sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(MS(1));
	b = sim_burners(1, 100, ALL_HARTS, 1);
	began = sim_now;
	assert_true(b->e.queued == began);
	sim_run(MS(1));
	assert_true(b->e.queued == began);
	assert_int_equal(a->e.state, SCHED_QUEUED);
	assert_in_range(a->e.queued, began, began + US(1));
	assert_ptr_equal(sched_next(0, &b->e, SCHED_YIELD, 0, sim_now), &b->e);
	assert_true(b->e.queued == sim_now);
}

static void test_woken_while_running(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	v = sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(MS(1));
	sched_wake(&v->e, sim_now);
	assert_ptr_equal(sched_next(0, &v->e, SCHED_BLOCK, SCHED_NEVER, sim_now), &v->e);
	assert_int_equal(v->e.state, SCHED_RUNNING);
	/* Once. */
	assert_null(sched_next(0, &v->e, SCHED_BLOCK, SCHED_NEVER, sim_now));
	assert_int_equal(v->e.state, SCHED_BLOCKED);
}

static void test_deadlines(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	v = sim_create(0, 100, ALL_HARTS, 3, NULL);
	for (unsigned i = 0; i < 3; i++) {
		static const uint64_t after[] = {MS(30), MS(10), MS(20)};

		sched_start(&v[i].e, sim_now);
		assert_ptr_equal(sched_next(0, NULL, SCHED_YIELD, 0, sim_now), &v[i].e);
		/* One that has passed does not block. */
		assert_ptr_equal(sched_next(0, &v[i].e, SCHED_BLOCK, sim_now, sim_now), &v[i].e);
		assert_null(sched_next(0, &v[i].e, SCHED_BLOCK, sim_now + after[i], sim_now));
	}
	assert_true(sched_deadline(0) == sim_now + MS(10));
	sim_now += MS(10);
	assert_true(sched_tick(0, sim_now));
	assert_ptr_equal(sched_next(0, NULL, SCHED_YIELD, 0, sim_now), &v[1].e);
	assert_null(sched_next(0, &v[1].e, SCHED_STOP, 0, sim_now));
	/* A wake before the deadline takes it away. */
	sched_wake(&v[2].e, sim_now);
	assert_ptr_equal(sched_next(0, NULL, SCHED_YIELD, 0, sim_now), &v[2].e);
	assert_true(sched_deadline(0) == sim_now + MS(20));
}

/* An idle hart that was kicked for one is not kicked for the next, who gets the other. */
static void test_idle_harts_one_each(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(3, 0);
	v = sim_create(0, 100, ALL_HARTS, 3, NULL);
	sim_start(v, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sim_hart[i].kicks, 1);
	sim_run(MS(1));
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(sim_hart[i].running);
}

static void test_last_hart_first(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(4, 0);
	v = sim_sleeper(0, 100, 1 << 2, US(10), SCHED_NEVER / 2);
	v->wake_every = v->wake_at = MS(1);
	sim_run(MS(2));
	sim_vm[0].allowed[0] = ALL_HARTS;
	sim_run(MS(100));
	assert_int_equal(v->e.hart, 2);
	assert_true(v->acts > 50);
}

/* Those who watch may not leave before others have taken over. */
static void test_watch_is_handed_on(void **state)
{
	struct sim_vcpu *waiting, *d;

	(void)state;
	sim_init(2, 0);
	sim_burners(0, 100, 1, 1);
	sim_burners(1, 100, 2, 1);
	d = sim_burners(2, 100, 2, 1);
	sim_run(MS(20));
	waiting = sim_burners(3, 100, 1, 1);
	do
		sim_step(sim_now + MS(1));
	while (waiting->e.state != SCHED_QUEUED || sim_hart[1].running != &d->e);
	/* It leaves just before it would be displaced, and comes back with nothing due to it. */
	sim_now = sched_deadline(1) - 1;
	sim_hart[1].running = sched_next(1, &d->e, SCHED_BLOCK, SCHED_NEVER, sim_now);
	assert_true(sched_deadline(1) == SCHED_NEVER);
	sim_hart[1].kicks = 0;
	sched_wake(&d->e, sim_now);
	assert_int_equal(sim_hart[1].kicks, 0);
	assert_int_equal(d->e.state, SCHED_QUEUED);
	assert_true(sched_remove(&waiting->e));
	sim_run(MS(7));
	assert_true(sched_deadline(0) == SCHED_NEVER);
	assert_true(sched_deadline(1) != SCHED_NEVER);
	assert_ptr_equal(sim_hart[1].running, &d->e);
}

/* A hart that is going to look is not kicked again. */
static void test_one_kick(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(1, 0);
	v = sim_create(0, 100, ALL_HARTS, 4, NULL);
	sim_start(v, 4);
	assert_int_equal(sim_hart[0].kicks, 1);
	sim_run(MS(1));
	sim_hart[0].kicks = 0;
	v = sim_create(1, 100, ALL_HARTS, 4, NULL);
	sim_start(v, 4);
	assert_int_equal(sim_hart[0].kicks, 1);
}

/* Those that go on running are charged for the time in which they were more. */
static void test_charged_as_many(void **state)
{
	struct sim_vcpu *v;
	uint64_t before;

	(void)state;
	sim_init(3, 0);
	v = sim_burners(0, 100, ALL_HARTS, 3);
	sim_run(MS(10));
	for (unsigned i = 0; i < 3; i++)
		sim_look(i);
	before = v[0].e.vtime;
	sim_now += MS(1);
	sim_hart[v[2].e.hart].running =
		sched_next(v[2].e.hart, &v[2].e, SCHED_BLOCK, SCHED_NEVER, sim_now);
	sim_now += MS(1);
	sim_look(v[0].e.hart);
	assert_int_equal(v[0].e.vtime - before, MS(3 + 2));
}

/* Who spins with none of its VM waiting has no claim left. */
static void test_pass_alone(void **state)
{
	struct sim_vcpu *v, *other;

	(void)state;
	sim_init(1, 0);
	other = sim_burners(1, 100, ALL_HARTS, 1);
	sim_run(MS(100));
	v = sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(US(100));
	assert_ptr_equal(sim_hart[0].running, &v->e);
	assert_true(v->e.vtime < other->e.vtime);
	sim_hart[0].running = sched_next(0, &v->e, SCHED_PASS, 0, sim_now);
	assert_ptr_equal(sim_hart[0].running, &other->e);
	assert_true(v->e.vtime == other->e.vtime);
}

/* Readings of the clock may reach the lock out of order. */
static void test_time_does_not_run_back(void **state)
{
	struct sim_vcpu *v;

	(void)state;
	sim_init(2, 0);
	v = sim_burners(0, 100, ALL_HARTS, 1);
	sim_run(MS(1));
	sim_now += MS(10);
	sim_look(v[0].e.hart);
	assert_in_range(v[0].e.run_time, MS(10), MS(11));
	sim_burners(1, 100, ALL_HARTS, 1);
	assert_ptr_equal(
		sched_next(1 - v[0].e.hart, NULL, SCHED_YIELD, 0, sim_now - MS(5)), &v[1].e);
	sched_tick(v[1].e.hart, sim_now + MS(1));
	assert_int_equal(v[1].e.run_time, MS(1));
}

/* ---- at random ---- */

static enum sched_leave anything(struct sim_vcpu *v, uint64_t *until)
{
	v->burst = 1 + sim_random(sim_random(4) ? US(100) : MS(3));
	*until = sim_random(3) ? sim_now + sim_random(MS(4)) : SCHED_NEVER;
	if (!sim_random(4))
		sched_wake(&sim_vcpu[sim_random(sim_vcpus)].e, sim_now);
	switch (sim_random(8)) {
	case 0:
		return SCHED_YIELD;
	case 1:
		return SCHED_PASS;
	case 2:
		return SCHED_STOP;
	default:
		return SCHED_BLOCK;
	}
}

static void disturb(void)
{
	struct sim_vcpu *v = &sim_vcpu[sim_random(sim_vcpus)];
	enum sched_state before = v->e.state;

	switch (sim_random(5)) {
	case 0:
		assert_int_equal(sched_remove(&v->e), before != SCHED_RUNNING);
		assert_int_equal(v->e.state, before == SCHED_RUNNING ? SCHED_RUNNING : SCHED_OFF);
		break;
	case 1:
		sim_look((unsigned)sim_random(sim_harts)); /* for nothing */
		break;
	default:
		sched_start(&v->e, sim_now);
		sched_wake(&v->e, sim_now);
	}
	sim_check();
}

static unsigned count_on(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sim_vcpus; i++)
		n += sim_vcpu[i].e.state != SCHED_OFF;
	return n;
}

static void one_random_run(unsigned seed, unsigned steps)
{
	unsigned harts = 1 + seed % 5;

	sim_init(harts, seed);
	for (unsigned vm = 0; vm < 2 + seed % 4; vm++) {
		uint64_t mask = sim_random(2) ? ALL_HARTS : 1 + sim_random((1u << harts) - 1);

		sim_create(vm, (unsigned)(1 + sim_random(400)), mask, (unsigned)(1 + sim_random(4)),
			sim_random(5) ? anything : NULL);
	}
	for (unsigned i = 0; i < steps; i++) {
		if (!sim_random(5))
			disturb();
		if (!sim_step(sim_now + MS(10)))
			sim_now++;
		unsigned hart = (unsigned)sim_random(harts);

		/* With one vCPU too many no hart may let its guest wait, once it has been told. */
		if (count_on() > harts && sim_hart[hart].running &&
			sim_hart[hart].kicked_at == SCHED_NEVER)
			assert_false(sched_alone(hart));
	}
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 60; seed++)
		one_random_run(seed, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_equal),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_three_weights),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_more_weight_than_vcpus),
		cmocka_unit_test(test_vcpus_do_not_count),
		cmocka_unit_test(test_64_vcpus),
		cmocka_unit_test(test_three_on_two),
		cmocka_unit_test(test_five_on_four),
		cmocka_unit_test(test_woken_runs_at_once),
		cmocka_unit_test(test_woken_beside_wide_burner),
		cmocka_unit_test(test_woken_in_busy_vm),
		cmocka_unit_test(test_two_woken_at_once),
		cmocka_unit_test(test_no_tick_alone),
		cmocka_unit_test(test_no_tick_on_dedicated),
		cmocka_unit_test(test_alone_ends),
		cmocka_unit_test(test_slice_ends_with_contention),
		cmocka_unit_test(test_short_sleeps_win_nothing),
		cmocka_unit_test(test_naps_of_several),
		cmocka_unit_test(test_turns_win_nothing),
		cmocka_unit_test(test_small_charges_add_up),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_pass_alone),
		cmocka_unit_test(test_charged_as_many),
		cmocka_unit_test(test_alone_for_long),
		cmocka_unit_test(test_slept_for_long),
		cmocka_unit_test(test_hart_left_behind),
		cmocka_unit_test(test_uneven_past),
		cmocka_unit_test(test_pinned_apart),
		cmocka_unit_test(test_pinned_and_free),
		cmocka_unit_test(test_overlapping_masks),
		cmocka_unit_test(test_many_harts),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_since_when_queued),
		cmocka_unit_test(test_woken_while_running),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_idle_harts_one_each),
		cmocka_unit_test(test_last_hart_first),
		cmocka_unit_test(test_watch_is_handed_on),
		cmocka_unit_test(test_one_kick),
		cmocka_unit_test(test_time_does_not_run_back),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
