/* SPDX-License-Identifier: MIT */
/*
 * The software interrupt file: each rule of AIA 1.0, chapter 3, alone, long random runs beside a plain model, and
 * MSIs from other threads while the owner reads and clears, of which none may be lost.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/aia.h"
#include "irq/vimsic.h"
#include "tests/unit/vimsic_model.h"

#define EIP(w) (ISELECT_EIP_FIRST + 2u * (w))
#define EIE(w) (ISELECT_EIE_FIRST + 2u * (w))

static struct vimsic_state file;

static int fresh(void **state)
{
	(void)state;
	memset(&file, 0xff, sizeof(file));
	vimsic_init(&file);
	return 0;
}

static uint64_t rd(unsigned select)
{
	uint64_t old = ~0ull;

	assert_true(vimsic_reg_access(&file, select, ~0ull, 0, &old));
	return old;
}

static void wr(unsigned select, uint64_t value)
{
	uint64_t old;

	assert_true(vimsic_reg_access(&file, select, value, ~0ull, &old));
}

static void enable_all(void)
{
	for (unsigned w = 0; w < VIMSIC_WORDS; w++)
		wr(EIE(w), ~0ull);
}

/* 3.8.1: only what is told to the hart, not stopei */
static void test_eidelivery(void **state)
{
	(void)state;
	enable_all();
	assert_true(vimsic_send(&file, 100));
	assert_false(vimsic_output(&file));
	assert_int_equal(vimsic_stopei(&file, false), 100u << 16 | 100);
	wr(ISELECT_EIDELIVERY, 1);
	assert_true(vimsic_output(&file));
	wr(ISELECT_EIDELIVERY, 0x40000000); /* there is no PLIC to deliver from */
	assert_int_equal(rd(ISELECT_EIDELIVERY), 0);
	wr(ISELECT_EIDELIVERY, ~0ull);
	assert_int_equal(rd(ISELECT_EIDELIVERY), 1);
}

/* 3.8.2 */
static void test_eithreshold(void **state)
{
	(void)state;
	enable_all();
	wr(ISELECT_EIDELIVERY, 1);
	vimsic_send(&file, 100);
	wr(ISELECT_EITHRESHOLD, 100);
	assert_int_equal(vimsic_top(&file), 0);
	assert_int_equal(vimsic_stopei(&file, true), 0);
	assert_int_equal(rd(EIP(1)), 1ull << 36); /* a claim of nothing */
	assert_false(vimsic_output(&file));
	wr(ISELECT_EITHRESHOLD, 101);
	assert_int_equal(vimsic_top(&file), 100);
	assert_true(vimsic_output(&file));
	for (unsigned t = 0; t <= GUEST_IMSIC_IDS; t++) {
		wr(ISELECT_EITHRESHOLD, t);
		assert_int_equal(rd(ISELECT_EITHRESHOLD), t);
	}
}

/* 3.8.3 and 3.8.4 */
static void test_arrays(void **state)
{
	(void)state;
	for (unsigned w = 0; w < VIMSIC_WORDS; w++) {
		wr(EIP(w), ~0ull);
		wr(EIE(w), ~0ull);
		assert_int_equal(rd(EIP(w)), w ? ~0ull : ~1ull); /* no identity 0 */
		assert_int_equal(rd(EIE(w)), w ? ~0ull : ~1ull);
	}
	for (unsigned w = VIMSIC_WORDS; w < 32; w++) {
		wr(EIP(w), ~0ull);
		wr(EIE(w), ~0ull);
		assert_int_equal(rd(EIP(w)), 0);
		assert_int_equal(rd(EIE(w)), 0);
	}
	for (unsigned w = 0; w < VIMSIC_WORDS; w++)
		wr(EIP(w), 1ull << w);
	assert_int_equal(rd(EIP(0)), 0);
	assert_int_equal(rd(EIP(3)), 8);
}

static void test_selects(void **state)
{
	static const uint64_t none[] = {0, 0x30, 0x3f, 0x6f, 0x100, 0x170, 0x1ff, 1ull << 32 | 0x70,
		1ull << 63 | 0x80, ~0ull};
	struct vimsic_state before;
	uint64_t old = 77;

	(void)state;
	enable_all();
	before = file;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(vimsic_reg_access(&file, none[i], ~0ull, ~0ull, &old));
	for (unsigned n = 0x81; n <= 0xff; n += 2) /* 64-bit mode has the even ones */
		assert_false(vimsic_reg_access(&file, n, ~0ull, ~0ull, &old));
	assert_int_equal(old, 77);
	for (unsigned n = 0x71; n < 0x80; n++) {
		if (n == ISELECT_EITHRESHOLD)
			continue;
		wr(n, ~0ull); /* reserved: there, but empty */
		assert_int_equal(rd(n), 0);
	}
	assert_memory_equal(&file, &before, sizeof(file));
}

static void test_set_and_clear(void **state)
{
	uint64_t old;

	(void)state;
	wr(EIP(1), 0xff00);
	assert_true(vimsic_reg_access(&file, EIP(1), 0x0ff0, 0x0ff0, &old)); /* csrrs */
	assert_int_equal(old, 0xff00);
	assert_true(vimsic_reg_access(&file, EIP(1), 0, 0xf000, &old)); /* csrrc */
	assert_int_equal(old, 0xfff0);
	assert_true(vimsic_reg_access(&file, EIP(1), 0x5, ~0ull, &old)); /* csrrw */
	assert_int_equal(old, 0x0ff0);
	assert_int_equal(rd(EIP(1)), 5);
}

/* 3.9 */
static void test_claims(void **state)
{
	static const unsigned ids[] = {1, 2, 63, 64, 65, 127, 128, 191, 192, 254, 255};
	size_t n = sizeof(ids) / sizeof(ids[0]);

	(void)state;
	enable_all();
	wr(ISELECT_EIDELIVERY, 1);
	for (size_t i = n; i-- > 0;)
		assert_true(vimsic_send(&file, ids[i]));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(vimsic_top(&file), ids[i]);
		assert_int_equal(vimsic_stopei(&file, false), ids[i] << 16 | ids[i]);
		assert_int_equal(vimsic_stopei(&file, true), ids[i] << 16 | ids[i]);
	}
	assert_false(vimsic_output(&file));
	assert_int_equal(vimsic_stopei(&file, true), 0);
	vimsic_send(&file, 7);
	wr(EIE(0), 0);
	assert_int_equal(vimsic_stopei(&file, true), 0); /* not enabled: not claimed */
	wr(EIE(0), 1u << 7);
	assert_int_equal(vimsic_stopei(&file, true), 7u << 16 | 7);
}

/* 3.5 */
static void test_page(void **state)
{
	static const uint32_t none[] = {0, GUEST_IMSIC_IDS + 1, 2047, 0x80000080, 0xffffffff};
	struct vimsic_state before = file;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(vimsic_write_page(&file, 0, 4, none[i]));
		assert_false(vimsic_write_page(&file, 4, 4, none[i]));
	}
	for (uint64_t offset = 1; offset < 0x1000; offset++)
		if (offset != 4)
			assert_false(vimsic_write_page(&file, offset, 4, 9));
	assert_false(vimsic_write_page(&file, 0x1000, 4, 9));
	assert_false(vimsic_write_page(&file, 0, 1, 9));
	assert_false(vimsic_write_page(&file, 0, 2, 9));
	assert_false(vimsic_write_page(&file, 0, 8, 9));
	assert_memory_equal(&file, &before, sizeof(file));
	assert_true(vimsic_write_page(&file, 0, 4, 9));
	assert_false(vimsic_write_page(&file, 0, 4, 9)); /* told already */
	assert_true(vimsic_write_page(&file, 4, 4, 0x0a000000));
	assert_int_equal(rd(EIP(0)), 1u << 9 | 1u << 10);
	assert_true(vimsic_write_page(&file, 0, 4, 0xffffffff00000000ull | 255));
	assert_int_equal(rd(EIP(3)), 1ull << 63);
}

/* xorshift64: the same run each time. */
static uint64_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void test_random(void **state)
{
	static struct vimsic_model model;
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned asserted = 0;

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		fresh(NULL);
		vimsic_model_init(&model);
		for (unsigned i = 0; i < 5000; i++) {
			uint32_t what = (uint32_t)(next_random(&seed) >> 32);
			uint32_t where = (uint32_t)(next_random(&seed) >> 32);
			uint64_t value = next_random(&seed);

			if (!vimsic_model_step(&file, &model, what, where, value))
				fail_msg("run %u step %u: %#x %#x %#llx", run, i, what, where,
					(unsigned long long)value);
			asserted += vimsic_output(&file);
		}
	}
	assert_true(asserted > 1000); /* the runs get somewhere */
}

/*
 * Each sender sends its identities in turn until so many were new; the owner takes what is pending by every way that
 * there is. At the end as many were taken as were new.
 */
#define SENDERS 3
#define NEW     20000u

static unsigned finished;

static void *sender(void *arg)
{
	unsigned first = 1 + 17 * *(const unsigned *)arg, n = 0;

	for (unsigned i = 0; n < NEW; i++) {
		n += vimsic_send(&file, first + i % 90);
		if (i % 90 == 0)
			sched_yield();
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static unsigned take_some(unsigned how)
{
	unsigned w = how / 4 % VIMSIC_WORDS;
	uint64_t old = 0, mask = how % 4 == 2 ? ~0ull : 0x5555555555555555ull << (how / 16 & 1);

	if (how % 4 < 2)
		return vimsic_stopei(&file, true) != 0;
	assert_true(vimsic_reg_access(&file, EIP(w), 0, mask, &old));
	return (unsigned)__builtin_popcountll(old & mask);
}

static void test_none_is_lost(void **state)
{
	unsigned number[SENDERS], taken = 0;
	pthread_t thread[SENDERS];

	(void)state;
	enable_all();
	for (unsigned i = 0; i < SENDERS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, sender, &number[i]), 0);
	}
	for (unsigned i = 0; __atomic_load_n(&finished, __ATOMIC_SEQ_CST) < SENDERS; i++) {
		taken += take_some(i);
		if (!vimsic_top(&file))
			sched_yield();
	}
	for (unsigned i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	while (vimsic_stopei(&file, true))
		taken++;
	assert_int_equal(taken, SENDERS * NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_eidelivery, fresh),
		cmocka_unit_test_setup(test_eithreshold, fresh),
		cmocka_unit_test_setup(test_arrays, fresh),
		cmocka_unit_test_setup(test_selects, fresh),
		cmocka_unit_test_setup(test_set_and_clear, fresh),
		cmocka_unit_test_setup(test_claims, fresh),
		cmocka_unit_test_setup(test_page, fresh),
		cmocka_unit_test(test_random),
		cmocka_unit_test_setup(test_none_is_lost, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
