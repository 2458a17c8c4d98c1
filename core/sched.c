/* SPDX-License-Identifier: MIT */
/*
 * One queue for all harts, ordered by virtual run time ("vtime"). A vCPU that
 * runs is charged (ticks) * (ready vCPUs of its VM) * VM_WEIGHT / (weight), so
 * a VM's share depends on its weight and not on how many vCPUs it has. The
 * least vtime in the queue that may run on a hart is what the hart picks.
 *
 * Each hart has a clock, the furthest vtime that was due there. Whoever was
 * away starts a little behind it (BONUS: it runs at once, but gets nothing for
 * the time it slept); whoever never waits is not left further behind than LAG.
 * A VM's vCPUs that take turns do not gain either: one that wakes also starts
 * no further back than BONUS before what its whole VM has had.
 *
 * While anybody waits at least one hart has a slice running; at its end
 * balance() looks at all harts and kicks the one that is furthest ahead of
 * who waits for it. That hart does the same, until all are even.
 */
#include "core/sched.h"

#include <stddef.h>
#include <string.h>

#include "lib/spinlock.h"

#define SLICE_US 2000 /* of run time */
#define CROWD_US \
	20000 /* harts are told at most once in this time that there are more vCPUs than harts */
#define GRAIN_US       200     /* of vtime: less than this apart is even */
#define BONUS_US       4000    /* of vtime */
#define LAG_US         1000000 /* of vtime; more than a slice of a VM of many vCPUs or little weight */
#define PASS_MAX       8       /* vCPUs that one which spins lets go before it */
#define CHARGE_SECONDS 1000    /* at most, at once: keeps the product below 2^64 */
#define VTIME_HZ_MAX   (1u << 24)
#define NO_HART        UINT32_MAX

struct list {
	struct sched_entity *first, *last;
};

struct sched_hart {
	struct sched_entity *running;
	struct list blocked; /* those that blocked here and have a deadline, by deadline */
	uint64_t slice_end;  /* SCHED_NEVER: none */
	uint64_t clock;
	/* For sched_deadline() and sched_alone(), which the hart itself asks without the lock. */
	uint64_t deadline;
	bool alone;
	bool idle;
	bool kicked; /* is going to call sched_tick() or sched_next(), so need not be kicked */
};

static struct {
	struct spinlock lock; /* of all that is here, and of all entities and groups */
	unsigned n_harts;
	unsigned n_on;          /* entities that are not OFF */
	unsigned shift;         /* vtime counts units of 2^shift ticks */
	unsigned fastest;       /* the hart whose clock is the furthest */
	uint64_t crowded_until; /* until then there are more vCPUs than harts, or were just now */
	uint64_t now;           /* the latest time seen; harts' readings may arrive out of order */
	uint64_t slice, crowd, charge_max;
	uint64_t grain, bonus, lag;
	struct list queue;
	struct sched_hart hart[VM_HARTS_MAX];
} sched;

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t enter(uint64_t now)
{
	spin_lock(&sched.lock);
	sched.now = max(sched.now, now);
	return sched.now;
}

static void leave(void)
{
	spin_unlock(&sched.lock);
}

/* ---- lists ---- */

/* Inserts `e` behind `at`; NULL: at the front. */
static void list_insert(struct list *list, struct sched_entity *at, struct sched_entity *e)
{
	e->prev = at;
	e->next = at ? at->next : list->first;
	*(e->prev ? &e->prev->next : &list->first) = e;
	*(e->next ? &e->next->prev : &list->last) = e;
}

static void list_remove(struct list *list, struct sched_entity *e)
{
	*(e->prev ? &e->prev->next : &list->first) = e->next;
	*(e->next ? &e->next->prev : &list->last) = e->prev;
	e->prev = e->next = NULL;
}

static void queue_insert(struct sched_entity *e)
{
	struct sched_entity *at = sched.queue.last;

	while (at && at->vtime > e->vtime)
		at = at->prev;
	list_insert(&sched.queue, at, e);
	e->state = SCHED_QUEUED;
}

static void block(struct sched_hart *h, struct sched_entity *e, uint64_t deadline)
{
	struct sched_entity *at = h->blocked.last;

	e->state = SCHED_BLOCKED;
	e->deadline = deadline;
	if (deadline == SCHED_NEVER)
		return;
	while (at && at->deadline > deadline)
		at = at->prev;
	list_insert(&h->blocked, at, e);
}

static void unblock(struct sched_entity *e)
{
	if (e->deadline != SCHED_NEVER)
		list_remove(&sched.hart[e->hart].blocked, e);
}

static bool may_run(const struct sched_group *group, unsigned hart)
{
	return group->allowed[hart / 64] >> (hart % 64) & 1;
}

/* The first who waits for this hart. */
static struct sched_entity *first_for(unsigned hart)
{
	struct sched_entity *e = sched.queue.first;

	while (e && !may_run(e->group, hart))
		e = e->next;
	return e;
}

/* ---- virtual time ---- */

static void clock_advance(unsigned hart, uint64_t vtime)
{
	struct sched_hart *h = &sched.hart[hart];

	h->clock = max(h->clock, vtime);
	if (h->clock > sched.hart[sched.fastest].clock)
		sched.fastest = hart;
}

/* What is due on the furthest of the harts that may run a group. */
static uint64_t clock_of(const struct sched_group *group)
{
	uint64_t clock = sched.lag;

	if (may_run(group, sched.fastest))
		return sched.hart[sched.fastest].clock;
	for (unsigned i = 0; i < sched.n_harts; i++) {
		if (may_run(group, i))
			clock = max(clock, sched.hart[i].clock);
	}
	return clock;
}

/* Nothing is lost to rounding: a heavy VM that is charged tick by tick would else run for nothing. */
static void charge(uint64_t *vtime, uint64_t *rest, uint64_t ticks, const struct sched_group *group)
{
	uint64_t sum = ticks * VM_WEIGHT + *rest;
	uint64_t unit = (uint64_t)group->weight << sched.shift;

	*vtime += sum / unit;
	*rest = sum % unit;
}

/* Charges who runs on a hart up to now. */
static void settle(unsigned hart, uint64_t now)
{
	struct sched_hart *h = &sched.hart[hart];
	struct sched_entity *e = h->running;
	uint64_t ticks;

	if (!e || now <= e->since)
		return;
	ticks = now - e->since;
	e->since = now;
	e->run_time += ticks;
	if (ticks > sched.charge_max)
		ticks = sched.charge_max;
	charge(&e->vtime, &e->rest, ticks * e->group->n_ready, e->group);
	charge(&e->group->vtime, &e->group->rest, ticks, e->group);
	/* The only one that is ready stands for all of its VM, and pays what others got as a bonus. */
	if (e->group->n_ready == 1)
		e->vtime = max(e->vtime, e->group->vtime);
	if (first_for(hart)) {
		e->vtime = max(e->vtime, clock_of(e->group) - sched.lag);
	} else {
		/* Nobody wants the hart: what it does is due, and nobody is hurt if it keeps up with all other harts. */
		e->vtime = max(e->vtime, sched.hart[sched.fastest].clock - sched.lag);
		clock_advance(hart, e->vtime);
	}
}

/* Before the number of ready vCPUs of a group changes, and before a clock is read. */
static void settle_harts(const struct sched_group *group, uint64_t now)
{
	for (unsigned i = 0; i < sched.n_harts; i++) {
		if (may_run(group, i))
			settle(i, now);
	}
}

/* A span of vtime, for a heavy VM so much less that it is no more run time than for others. */
static uint64_t span(uint64_t vtime, const struct sched_group *group)
{
	return group->weight > VM_WEIGHT ? vtime * VM_WEIGHT / group->weight : vtime;
}

/* Far enough behind to take the hart; at the end of a slice the others always are, unless they had more before. */
static bool overtakes(const struct sched_entity *waiting, const struct sched_entity *running)
{
	return waiting->vtime + span(sched.grain, waiting->group) < running->vtime;
}

/* ---- who must look ---- */

/* `self` is the calling hart, where it is going to look anyway. */
static void kick(unsigned hart, unsigned self)
{
	struct sched_hart *h = &sched.hart[hart];

	if (h->kicked)
		return;
	h->kicked = true;
	if (hart != self)
		hart_kick(hart);
}

static bool is_free(unsigned hart, const struct sched_entity *e)
{
	const struct sched_hart *h = &sched.hart[hart];

	return h->idle && !h->kicked && may_run(e->group, hart);
}

/* An idle hart for one who was just queued, best the one where it ran last. false: there is none. */
static bool wake_idle(const struct sched_entity *e, unsigned self)
{
	unsigned hart = e->hart;

	if (!is_free(hart, e)) {
		for (hart = 0; hart < sched.n_harts && !is_free(hart, e); hart++)
			;
		if (hart == sched.n_harts)
			return false;
	}
	kick(hart, self);
	return true;
}

/* How far the hart is ahead of the one who waits for it; a grain or less is even. */
static int64_t gap(unsigned hart, const struct sched_entity *waiting, uint64_t now)
{
	const struct sched_entity *running = sched.hart[hart].running;

	if (!running)
		return INT64_MAX;
	settle(hart, now);
	return (int64_t)(running->vtime - waiting->vtime - span(sched.grain, waiting->group));
}

/*
 * Kicks the hart that is furthest ahead of who waits for it; also if all are even but nobody watches over those who
 * wait, which a hart with a slice does, or one that is about to look. `self` has looked already.
 */
static void balance(unsigned self, uint64_t now)
{
	unsigned worst = NO_HART;
	int64_t worst_gap = INT64_MIN;
	bool watched = false;

	if (!sched.queue.first)
		return;
	for (unsigned i = 0; i < sched.n_harts; i++) {
		const struct sched_hart *h = &sched.hart[i];
		const struct sched_entity *waiting = first_for(i);
		int64_t ahead;

		if (!waiting)
			continue;
		watched |= h->kicked || h->slice_end != SCHED_NEVER;
		if (h->kicked || i == self || !(h->running || h->idle))
			continue;
		ahead = gap(i, waiting, now);
		if (ahead > worst_gap) {
			worst = i;
			worst_gap = ahead;
		}
	}
	if (worst != NO_HART && (worst_gap > 0 || !watched))
		kick(worst, self);
}

/* ---- changes of state ---- */

/* -> QUEUED, for one that was OFF or BLOCKED. */
static void make_ready(struct sched_entity *e, uint64_t now)
{
	struct sched_group *group = e->group;
	uint64_t bonus = span(sched.bonus, group);
	uint64_t clock;

	settle_harts(group, now);
	clock = clock_of(group);
	group->n_ready++;
	group->vtime = max(group->vtime, clock - bonus);
	e->vtime = max(e->vtime, max(clock, group->vtime) - bonus);
	e->woken = false;
	e->queued = now;
	queue_insert(e);
}

/* RUNNING -> BLOCKED or OFF; it has been charged. */
static void put_away(struct sched_hart *h, struct sched_entity *e, enum sched_leave how,
	uint64_t deadline, uint64_t now)
{
	h->running = NULL;
	if (e->group->n_ready > 1)
		settle_harts(e->group, now);
	e->group->n_ready--;
	if (how == SCHED_BLOCK) {
		block(h, e, deadline);
	} else {
		e->state = SCHED_OFF;
		sched.n_on--;
	}
}

static bool goes_on(struct sched_entity *e, enum sched_leave how, uint64_t deadline, uint64_t now)
{
	bool woken = e->woken;

	if (how != SCHED_BLOCK)
		return how != SCHED_STOP;
	e->woken = false;
	return woken || deadline <= now;
}

/*
 * `e` spins, perhaps for a lock whose holder waits: it goes behind the next few of its VM, each of which moves up into the
 * place of the one before, so that the VM loses nothing. Alone it gives up what it is behind of others.
 */
static void pass(struct sched_entity *e, uint64_t first)
{
	struct sched_entity *next;
	unsigned n = 0;

	for (struct sched_entity *other = sched.queue.first; other && n < PASS_MAX; other = next) {
		uint64_t vtime = other->vtime;

		next = other->next;
		if (other->group != e->group)
			continue;
		n++;
		if (vtime > e->vtime) {
			list_remove(&sched.queue, other);
			other->vtime = e->vtime;
			e->vtime = vtime;
			queue_insert(other);
		}
	}
	if (!n)
		e->vtime = max(e->vtime, first);
}

/* Of the first who waits and `prev`, who would go on (NULL: nobody would). */
static struct sched_entity *choose(unsigned hart, struct sched_entity *prev, bool spins)
{
	struct sched_entity *waiting = first_for(hart);

	if (!waiting || !prev)
		return waiting ? waiting : prev;
	if (spins) {
		pass(prev, waiting->vtime);
		return first_for(hart);
	}
	return overtakes(waiting, prev) ? waiting : prev;
}

/* A slice runs while anybody waits for the hart. */
static void set_slice(unsigned hart, bool fresh, uint64_t now)
{
	struct sched_hart *h = &sched.hart[hart];

	if (!h->running || !first_for(hart))
		h->slice_end = SCHED_NEVER;
	else if (fresh || h->slice_end == SCHED_NEVER || now >= h->slice_end)
		h->slice_end = now + sched.slice;
}

static void run(unsigned hart, struct sched_entity *e, uint64_t now)
{
	list_remove(&sched.queue, e);
	e->state = SCHED_RUNNING;
	e->hart = hart;
	e->since = now;
	sched.hart[hart].running = e;
}

/* Queues whose deadline has passed. */
static void expire(unsigned hart, uint64_t now)
{
	struct list *blocked = &sched.hart[hart].blocked;

	while (blocked->first && blocked->first->deadline <= now) {
		struct sched_entity *e = blocked->first;

		list_remove(blocked, e);
		make_ready(e, now);
		wake_idle(e, hart);
	}
}

/* ---- for others ---- */

void sched_init(unsigned n_harts, uint64_t timebase_hz)
{
	uint64_t hz = timebase_hz;

	memset(&sched, 0, sizeof(sched));
	sched.n_harts = n_harts;
	for (; hz > VTIME_HZ_MAX; hz /= 2)
		sched.shift++;
	sched.grain = hz * GRAIN_US / 1000000;
	sched.bonus = hz * BONUS_US / 1000000;
	sched.lag = hz * LAG_US / 1000000;
	sched.slice = timebase_hz * SLICE_US / 1000000;
	sched.crowd = timebase_hz * CROWD_US / 1000000;
	sched.charge_max = timebase_hz * CHARGE_SECONDS;
	for (unsigned i = 0; i < n_harts; i++) {
		sched.hart[i].slice_end = sched.hart[i].deadline = SCHED_NEVER;
		sched.hart[i].clock = sched.lag; /* it and `bonus` can be subtracted */
	}
}

/*
 * With one vCPU more than harts, one that waits in the guest may be in another's way: all must look, see
 * sched_alone(). They are not told again soon, so that a vCPU that starts and stops for ever is no trouble for them.
 */
static void note_crowd(uint64_t now)
{
	bool was_crowded = now < sched.crowded_until;

	if (sched.n_on <= sched.n_harts)
		return;
	sched.crowded_until = now + sched.crowd;
	for (unsigned i = 0; i < sched.n_harts && !was_crowded; i++)
		if (sched.hart[i].running)
			kick(i, NO_HART);
}

void sched_start(struct sched_entity *e, uint64_t now)
{
	now = enter(now);
	if (e->state == SCHED_OFF) {
		make_ready(e, now);
		if (!wake_idle(e, NO_HART))
			balance(NO_HART, now);
		sched.n_on++;
		note_crowd(now);
	}
	leave();
}

void sched_wake(struct sched_entity *e, uint64_t now)
{
	now = enter(now);
	if (e->state == SCHED_RUNNING) {
		e->woken = true;
	} else if (e->state == SCHED_BLOCKED) {
		unblock(e);
		make_ready(e, now);
		if (!wake_idle(e, NO_HART))
			balance(NO_HART, now);
	}
	leave();
}

bool sched_remove(struct sched_entity *e)
{
	bool removed;

	enter(0);
	removed = e->state != SCHED_RUNNING;
	if (e->state == SCHED_QUEUED) {
		list_remove(&sched.queue, e);
		e->group->n_ready--;
	} else if (e->state == SCHED_BLOCKED) {
		unblock(e);
	}
	if (!removed) {
		/* Also if it was kicked before: it may have looked at its owner's wishes already. */
		sched.hart[e->hart].kicked = true;
		hart_kick(e->hart);
	} else if (e->state != SCHED_OFF) {
		e->state = SCHED_OFF;
		sched.n_on--;
	}
	leave();
	return removed;
}

/* What the hart is told until it comes again. Who changes more than that kicks it. */
static void answer(unsigned hart)
{
	struct sched_hart *h = &sched.hart[hart];

	h->deadline = h->slice_end;
	if (h->blocked.first && h->blocked.first->deadline < h->deadline)
		h->deadline = h->blocked.first->deadline;
	h->alone =
		sched.now >= sched.crowded_until && sched.n_on <= sched.n_harts && !first_for(hart);
}

struct sched_entity *sched_next(unsigned hart, struct sched_entity *prev, enum sched_leave how,
	uint64_t deadline, uint64_t now)
{
	struct sched_hart *h = &sched.hart[hart];
	struct sched_entity *next;
	bool requeued;

	now = enter(now);
	settle(hart, now);
	if (prev && !goes_on(prev, how, deadline, now)) {
		put_away(h, prev, how, deadline, now);
		prev = NULL;
	}
	next = choose(hart, prev, how == SCHED_PASS);
	requeued = prev && next != prev;
	if (prev)
		prev->queued = now;
	if (next != prev)
		run(hart, next, now);
	if (requeued)
		queue_insert(prev);
	if (next)
		clock_advance(hart, next->vtime);
	h->idle = !next;
	h->kicked = false;
	set_slice(hart, next != prev, now);
	if (!requeued || !wake_idle(prev, hart))
		balance(hart, now);
	answer(hart);
	leave();
	return next;
}

uint64_t sched_deadline(unsigned hart)
{
	return sched.hart[hart].deadline;
}

bool sched_alone(unsigned hart)
{
	return sched.hart[hart].alone;
}

bool sched_tick(unsigned hart, uint64_t now)
{
	struct sched_hart *h = &sched.hart[hart];
	struct sched_entity *waiting;
	bool look;

	now = enter(now);
	expire(hart, now);
	settle(hart, now);
	waiting = first_for(hart);
	look = waiting && (!h->running || overtakes(waiting, h->running));
	h->kicked = look;
	if (!look) {
		set_slice(hart, false, now);
		balance(hart, now);
	}
	answer(hart);
	leave();
	return look;
}
