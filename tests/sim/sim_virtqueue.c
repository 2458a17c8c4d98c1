/* SPDX-License-Identifier: MIT */
/*
 * Both forms of a virtqueue against a model: a long random run of chains that are added, popped, given back,
 * pushed in any order and collected, with every form and size. The model knows what is outstanding, and at
 * which positions kicks and interrupts are wished for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/ring.h"

#define RAM     (1u << 20)
#define DATA    (RAM / 2) /* where data and indirect tables are */
#define SEG_MAX 12        /* a table of them, and a few bytes, are less than 256 */

static struct host host;
static struct ring r;
static struct vq_chain chain;
static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* A chain as the driver made it. */
struct made {
	unsigned id, n, n_out;
	struct slice slice[SEG_MAX];
	uint32_t head, written;
};

/* What was added and not popped, and popped and not pushed, and pushed and not collected. */
struct list {
	struct made *at[VIRTQUEUE_MAX];
	unsigned n;
};

static struct made made[VIRTQUEUE_MAX];
static struct list added, popped, pushed;
static uint64_t pushed_at, signalled_at; /* positions */
static bool wish_all;
static uint64_t wish;    /* position, with the event index */
static bool kick_wanted; /* the last pop found nothing, and nobody has said otherwise */
static bool kicks_off;

static struct made *take(struct list *list, unsigned i)
{
	struct made *m = list->at[i];

	list->n--;
	memmove(&list->at[i], &list->at[i + 1], (list->n - i) * sizeof(list->at[0]));
	return m;
}

static void put(struct list *list, struct made *m)
{
	list->at[list->n++] = m;
}

static struct slice some_slice(void)
{
	uint32_t len = 1 + pick(pick(4) ? 64 : 5000);

	return (struct slice){gpa(GUEST_RAM_BASE + DATA + pick(RAM - DATA - len)), len};
}

static void describe(const struct made *m, struct virtq_desc *d)
{
	for (unsigned i = 0; i < m->n; i++)
		d[i] = (struct virtq_desc){m->slice[i].addr.a, m->slice[i].len,
			i < m->n_out ? 0 : VIRTQ_DESC_F_WRITE, 0};
}

/* In place of the descriptors one that names a table of them. Where two tables meet, the older one is read already, or not yet: so each has its own place. */
static int add_indirect(struct virtq_desc *d, const struct made *m, unsigned place)
{
	uint64_t at = DATA / 2 + (uint64_t)place * 256 + place % 3;
	struct virtq_desc one = {GUEST_RAM_BASE + at, m->n * 16, VIRTQ_DESC_F_INDIRECT, 0};

	for (unsigned i = 0; i < m->n; i++) {
		if (r.packed) {
			struct pvirtq_desc p = {d[i].addr, d[i].len, 7, d[i].flags};
			memcpy(host.ram + at + i * sizeof(p), &p, sizeof(p));
			continue;
		}
		d[i].flags |= i + 1 < m->n ? VIRTQ_DESC_F_NEXT : 0;
		d[i].next = (uint16_t)(i + 1);
		memcpy(host.ram + at + i * sizeof(d[i]), &d[i], sizeof(d[i]));
	}
	return ring_add(&r, &one, 1);
}

static void add(void)
{
	struct virtq_desc d[SEG_MAX];
	struct made m = {.n = 1 + pick(r.size < SEG_MAX ? r.size : SEG_MAX)};
	unsigned place = 0;

	m.n_out = pick(m.n + 1);
	for (unsigned i = 0; i < m.n; i++)
		m.slice[i] = some_slice();
	describe(&m, d);
	while (place < VIRTQUEUE_MAX && made[place].n > 0)
		place++;
	if (place == VIRTQUEUE_MAX)
		return;
	int id = pick(3) ? ring_add(&r, d, m.n) : add_indirect(d, &m, place);
	if (id < 0)
		return;
	m.id = (unsigned)id;
	made[place] = m;
	put(&added, &made[place]);
	bool wanted = ring_wants_kick(&r);
	if (kick_wanted)
		assert_true(wanted);
	if (kicks_off)
		assert_false(wanted);
	kick_wanted = false;
}

static void check(const struct made *m)
{
	uint32_t out = 0, in = 0;

	assert_int_equal(chain.n_out, m->n_out);
	assert_int_equal(chain.n_out + chain.n_in, m->n);
	for (unsigned i = 0; i < m->n; i++) {
		assert_int_equal(chain.segment[i].addr.a, m->slice[i].addr.a);
		assert_int_equal(chain.segment[i].len, m->slice[i].len);
		assert_ptr_equal(
			chain.segment[i].data, host.ram + (m->slice[i].addr.a - GUEST_RAM_BASE));
		*(i < m->n_out ? &out : &in) += m->slice[i].len;
	}
	assert_int_equal(chain.out_len, out);
	assert_int_equal(chain.in_len, in);
}

static void pop(void)
{
	if (added.n == 0) {
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_EMPTY);
		kick_wanted = true;
		kicks_off = false;
		return;
	}
	for (unsigned again = pick(3); again > 0; again--) {
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_CHAIN);
		check(added.at[0]);
		virtqueue_unpop(&r.vq);
	}
	assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_CHAIN);
	check(added.at[0]);
	added.at[0]->head = chain.head;
	put(&popped, take(&added, 0));
}

/* A wish that has passed comes round again: positions are told apart by 16 bits, or by a place and a wrap counter. */
static bool wish_passed(void)
{
	uint64_t period = r.packed ? 2 * r.size : 1u << 16;

	for (uint64_t at = signalled_at; at < pushed_at; at++) {
		if (at % period == wish % period)
			return true;
	}
	return false;
}

static void expect_notify(void)
{
	bool expected = pushed_at != signalled_at;

	if (r.event_idx && !(r.packed && wish_all))
		expected = wish_passed();
	else
		expected = expected && wish_all;
	assert_int_equal(virtqueue_should_notify(&r.vq), expected);
	signalled_at = pushed_at;
	assert_false(virtqueue_should_notify(&r.vq));
}

/* Takes one that was popped, which is about to be pushed. */
static struct vq_used finish_one(void)
{
	struct made *m = take(&popped, pick(popped.n));
	unsigned step = r.packed ? r.chain[m->id].places : 1;

	/* What is more than a ring's length back is told from nothing. */
	if (pushed_at + step - signalled_at > r.size)
		expect_notify();
	m->written = pick(4) ? pick(100000) : 0;
	put(&pushed, m);
	pushed_at += step;
	return (struct vq_used){m->head, m->written};
}

static void push(void)
{
	if (popped.n == 0)
		return;
	if (pick(2))
		expect_notify();
	struct vq_used used = finish_one();
	assert_true(virtqueue_push(&r.vq, used.head, used.written));
}

/* Several at once, as long as what was signalled is near enough. */
static void push_all(void)
{
	struct vq_used used[4];
	unsigned n = 0, most = pick(5);

	expect_notify();
	while (n < most && popped.n > 0 && pushed_at - signalled_at + SEG_MAX <= r.size)
		used[n++] = finish_one();
	assert_true(virtqueue_push_all(&r.vq, used, n));
}

static void collect(void)
{
	uint32_t len;
	unsigned id;

	if (pushed.n == 0) {
		assert_false(ring_collect(&r, &id, &len));
		return;
	}
	struct made *m = take(&pushed, 0);
	assert_true(ring_collect(&r, &id, &len));
	assert_int_equal(id, m->id);
	assert_int_equal(len, m->written);
	m->n = 0;
}

static void set_wish(void)
{
	wish_all = pick(2);
	if (!r.event_idx || (r.packed && wish_all)) {
		ring_wish(&r, wish_all);
		return;
	}
	wish_all = false;
	wish = r.seen + pick(r.size);
	ring_wish_at(&r, wish);
}

/* With a split ring and the event index, "no" is no more than what it was. */
static void want_kicks(void)
{
	bool on = pick(2);

	virtqueue_want_kicks(&r.vq, on);
	kicks_off = !on && (r.packed || !r.event_idx);
	kick_wanted = on ? added.n == 0 : kick_wanted && !kicks_off;
}

static void forget(void)
{
	memset(made, 0, sizeof(made));
	added.n = popped.n = pushed.n = 0;
	pushed_at = signalled_at = wish = 0;
	wish_all = true;
	kick_wanted = kicks_off = false;
}

static void random_run(unsigned size, bool packed, bool event_idx, unsigned steps)
{
	static void (*const ops[])(void) = {add, add, add, pop, pop, push, push, push_all, collect,
		collect, set_wish, want_kicks};

	seed = size * 4 + packed * 2u + event_idx;
	host_open(&host, RAM);
	ring_open(&r, &host, size, packed, event_idx);
	assert_int_equal(host.n_pins, 3);
	forget();
	set_wish();
	for (unsigned i = 0; i < steps; i++)
		ops[pick(sizeof(ops) / sizeof(ops[0]))]();
	assert_true(r.seen > 0);
	virtqueue_reset(&r.vq);
	assert_int_equal(host.n_pins, 0);
	host_close(&host);
}

static void run_sizes(bool packed, const unsigned *sizes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		random_run(sizes[i], packed, false, 20000);
		random_run(sizes[i], packed, true, 20000);
	}
}

static void test_split(void **state)
{
	static const unsigned sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

	(void)state;
	run_sizes(false, sizes, sizeof(sizes) / sizeof(sizes[0]));
}

static void test_packed(void **state)
{
	static const unsigned sizes[] = {
		1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 63, 100, 255, 256, 511, 1000, 1023, 1024};

	(void)state;
	run_sizes(true, sizes, sizeof(sizes) / sizeof(sizes[0]));
}

/* Indices of 16 bits go round. */
static void test_long(void **state)
{
	(void)state;
	random_run(8, false, true, 1000000);
	random_run(8, true, true, 1000000);
	assert_true(pushed_at > 70000);
}

static void test_start(void **state)
{
	static const struct {
		unsigned size;
		bool packed, good;
	} cases[] = {{0, false, false}, {0, true, false}, {3, false, false}, {3, true, true},
		{1024, false, true}, {1024, true, true}, {1025, true, false}, {2048, false, false},
		{512, false, true}, {0x8000, true, false}, {0xffff, false, false}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		host_open(&host, RAM);
		ring_open(&r, &host, 1024, cases[i].packed, true);
		virtqueue_stop(&r.vq);
		assert_int_equal(host.n_pins, 0);
		r.vq.size = (uint16_t)cases[i].size;
		assert_int_equal(virtqueue_start(&r.vq), cases[i].good);
		assert_int_equal(host.n_pins, cases[i].good ? 3 : 0);
		assert_int_equal(r.vq.broken, !cases[i].good);
		virtqueue_reset(&r.vq);
		assert_int_equal(host.n_pins, 0);
		assert_int_equal(r.vq.size, VIRTQUEUE_MAX);
		host_close(&host);
	}
}

/* Each ring misaligned, beyond RAM, and across its end: nothing stays pinned. */
static void test_start_places(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 18; i++) {
		host_open(&host, RAM);
		ring_open(&r, &host, 16, i >= 9, false);
		virtqueue_stop(&r.vq);
		gpa_t *ring[] = {&r.vq.desc, &r.vq.avail, &r.vq.used};
		uint64_t bad[] = {ring[i % 3]->a + 1, GUEST_RAM_BASE - 16,
			GUEST_RAM_BASE + RAM - (i % 3 == 0 ? 240 : 0)};
		ring[i % 3]->a = bad[i / 3 % 3];
		assert_false(virtqueue_start(&r.vq));
		assert_int_equal(host.n_pins, 0);
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_BROKEN);
		assert_false(virtqueue_push(&r.vq, 0, 0));
		assert_false(virtqueue_should_notify(&r.vq));
		host_close(&host);
	}
}

/* ---- broken chains of packed rings; those of split ones are in sim_virtio_broken.c ---- */

#define NEXT VIRTQ_DESC_F_NEXT
#define IN   VIRTQ_DESC_F_WRITE
#define IND  VIRTQ_DESC_F_INDIRECT
#define PAGE (GUEST_RAM_BASE + DATA)

static const struct {
	struct virtq_desc d[4]; /* `next` is 1 where one follows */
	bool no_indirect;
} forms[] = {
	{{{PAGE, 0, 0, 0}}, false},
	{{{PAGE, 0, IN, 0}}, false},
	{{{GUEST_RAM_BASE - 1, 2, 0, 0}}, false},
	{{{GUEST_RAM_BASE + RAM - 1, 2, IN, 0}}, false},
	{{{UINT64_MAX, 2, 0, 0}}, false},
	{{{PAGE, UINT32_MAX, 0, 0}}, false},
	{{{PAGE, 1, IN, 1}, {PAGE, 1, 0, 0}}, false},
	{{{PAGE, 1, 0, 1}, {PAGE, 16, IND, 0}}, false},
	{{{PAGE, 16, IND, 1}, {PAGE, 1, 0, 0}}, false},
	{{{PAGE, 0, IND, 0}}, false},
	{{{PAGE, 15, IND, 0}}, false},
	{{{PAGE, 33, IND, 0}}, false},
	{{{PAGE, 5 * 16, IND, 0}}, false},
	{{{PAGE, 0xfffffff0, IND, 0}}, false},
	{{{GUEST_RAM_BASE + RAM - 16, 32, IND, 0}}, false},
	{{{PAGE, 16, IND, 0}}, true},
	/* In the table at PAGE five descriptors are good, and the others empty. */
	{{{PAGE + 4 * 16, 32, IND, 0}}, false},
};

static void test_packed_broken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned n = 1;

		host_open(&host, RAM);
		ring_open(&r, &host, 4, true, false);
		r.vq.indirect = !forms[i].no_indirect;
		for (unsigned k = 0; k < 5; k++)
			((struct pvirtq_desc *)(host.ram + DATA))[k] =
				(struct pvirtq_desc){PAGE, 1, 0, 0};
		while (forms[i].d[n - 1].next)
			n++;
		assert_int_not_equal(ring_add(&r, forms[i].d, n), -1);
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_BROKEN);
		assert_true(r.vq.broken);
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_BROKEN);
		assert_false(virtqueue_push(&r.vq, 1u << 16, 0));
		virtqueue_reset(&r.vq);
		assert_int_equal(host.n_pins, 0);
		host_close(&host);
	}
}

/* All descriptors go on, so the list is a circle. */
static void test_packed_circle(void **state)
{
	(void)state;
	host_open(&host, RAM);
	ring_open(&r, &host, 4, true, false);
	for (unsigned i = 0; i < 4; i++)
		r.pdesc[i] = (struct pvirtq_desc){PAGE, 1, 0, NEXT | PVIRTQ_DESC_F_AVAIL};
	assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_BROKEN);
	host_close(&host);
}

/* With the event index one kick is wanted for what comes after an empty ring; without, one for each chain. */
static void test_one_kick(void **state)
{
	static const struct virtq_desc one = {PAGE, 5, IN, 0};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		host_open(&host, RAM);
		ring_open(&r, &host, 8, i & 1, i & 2);
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_EMPTY);
		for (unsigned n = 0; n < 4; n++) {
			ring_add(&r, &one, 1);
			assert_int_equal(ring_wants_kick(&r), n == 0 || !(i & 2));
		}
		host_close(&host);
	}
}

/* In an indirect table of a packed ring all flags but that for writing are ignored. */
static void test_packed_table_flags(void **state)
{
	static const struct virtq_desc one = {PAGE, 48, IND | IN, 0};

	(void)state;
	host_open(&host, RAM);
	ring_open(&r, &host, 4, true, false);
	struct pvirtq_desc *t = (struct pvirtq_desc *)(host.ram + DATA);
	t[0] = (struct pvirtq_desc){PAGE, 16, 9, (uint16_t) ~(NEXT | IN)};
	t[1] = (struct pvirtq_desc){PAGE, 17, 9, IND};
	t[2] = (struct pvirtq_desc){PAGE, 18, 9, IN | NEXT | IND};
	ring_add(&r, &one, 1);
	assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_CHAIN);
	assert_int_equal(chain.out_len, 33);
	assert_int_equal(chain.in_len, 18);
	assert_int_equal(chain.n_out, 2);
	host_close(&host);
}

/* The sum of a chain's lengths fits 32 bits, or it is none. */
static void long_chain(bool packed, unsigned n, enum vq_pop expected)
{
	static struct virtq_desc d[VIRTQUEUE_MAX];

	host_open(&host, MIB(8));
	ring_open(&r, &host, 1024, packed, false);
	for (unsigned i = 0; i < n; i++)
		d[i] = (struct virtq_desc){GUEST_RAM_BASE, (uint32_t)MIB(8), IN, 0};
	d[n - 1].len--;
	assert_int_not_equal(ring_add(&r, d, n), -1);
	assert_int_equal(virtqueue_pop(&r.vq, &chain), expected);
	if (expected == VQ_CHAIN)
		assert_int_equal(chain.in_len, UINT32_MAX);
	host_close(&host);
}

static void test_sum(void **state)
{
	(void)state;
	for (unsigned packed = 0; packed < 2; packed++) {
		long_chain(packed, 512, VQ_CHAIN);
		long_chain(packed, 513, VQ_BROKEN);
		long_chain(packed, 1024, VQ_BROKEN);
	}
}

static void rewrite(struct host *h)
{
	(void)h;
	for (unsigned i = 0; i < 2; i++)
		r.pdesc[i] = (struct pvirtq_desc){0, 0, 0xffff, 0xffff};
}

/* A descriptor counts as it was when it was read: the guest rewrites it while its address is looked up. */
static void test_packed_copied_once(void **state)
{
	static const struct virtq_desc one = {PAGE, 5, IN, 0};

	(void)state;
	host_open(&host, RAM);
	ring_open(&r, &host, 2, true, false);
	int id = ring_add(&r, &one, 1);
	host.meddle = rewrite;
	assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_CHAIN);
	assert_int_equal(chain.in_len, 5);
	assert_int_equal(chain.n_in, 1);
	assert_true(virtqueue_push(&r.vq, chain.head, 5));
	assert_int_equal(r.pdesc[0].id, id);
	assert_int_equal(r.pdesc[0].len, 5);
	host_close(&host);
}

/* Whatever the driver's wish is made of, it is a wish. */
static void test_packed_odd_wishes(void **state)
{
	static const struct {
		struct pvirtq_event event;
		bool expected;
	} cases[] = {{{0xffff, 3}, true}, {{0, 0xfffc}, true}, {{0, 0xfffd}, false},
		{{0x8000, 2}, true}, {{0x8001, 2}, false}, {{0, 2}, false}, {{0x7fff, 2}, false}};
	static const struct virtq_desc one = {PAGE, 5, IN, 0};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		host_open(&host, RAM);
		ring_open(&r, &host, 4, true, true);
		ring_add(&r, &one, 1);
		assert_int_equal(virtqueue_pop(&r.vq, &chain), VQ_CHAIN);
		assert_true(virtqueue_push(&r.vq, chain.head, 5));
		*r.driver = cases[i].event;
		assert_int_equal(virtqueue_should_notify(&r.vq), cases[i].expected);
		host_close(&host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_places),
		cmocka_unit_test(test_packed_broken),
		cmocka_unit_test(test_packed_circle),
		cmocka_unit_test(test_one_kick),
		cmocka_unit_test(test_packed_table_flags),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_packed_copied_once),
		cmocka_unit_test(test_packed_odd_wishes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
