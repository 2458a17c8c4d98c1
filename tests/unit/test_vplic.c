/* SPDX-License-Identifier: MIT */
/* The virtual PLIC: each rule of the specification alone, then long random runs beside a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "irq/vplic.h"
#include "tests/unit/vplic_model.h"

#define PRIORITY(source) (4 * (source))
#define PENDING          0x1000
#define ENABLE_M         0x2000
#define ENABLE_S         0x2080
#define THRESHOLD_M      0x200000
#define CLAIM_M          0x200004
#define THRESHOLD_S      0x201000
#define CLAIM_S          0x201004

static struct vplic plic;

static int fresh(void **state)
{
	(void)state;
	memset(&plic, 0xff, sizeof(plic));
	vplic_init(&plic, MODEL_VCPUS);
	return 0;
}

static uint32_t rd(uint64_t offset)
{
	return (uint32_t)vplic_read(&plic, offset, 4);
}

static void wr(uint64_t offset, uint32_t value)
{
	vplic_write(&plic, offset, 4, value);
}

/* Source `source` with a priority, enabled for the S-mode context. */
static void enable(unsigned source, unsigned priority)
{
	uint64_t word = ENABLE_S + source / 32 * 4;

	wr(PRIORITY(source), priority);
	wr(word, rd(word) | 1u << source % 32);
}

static void assert_output(bool want)
{
	assert_int_equal(vplic_output(&plic, 0), want);
}

static void test_claim_and_complete(void **state)
{
	(void)state;
	enable(5, 1);
	assert_output(false);
	assert_int_equal(rd(CLAIM_S), 0);
	vplic_set_line(&plic, 5, true);
	assert_output(true);
	assert_int_equal(rd(PENDING), 1u << 5);
	assert_int_equal(rd(CLAIM_S), 5);
	/* Claimed: neither pending nor offered, though the line is high. */
	assert_output(false);
	assert_int_equal(rd(PENDING), 0);
	assert_int_equal(rd(CLAIM_S), 0);
	vplic_set_line(&plic, 5, true);
	assert_output(false);
	/* Still high at the completion: again. */
	wr(CLAIM_S, 5);
	assert_output(true);
	assert_int_equal(rd(CLAIM_S), 5);
	vplic_set_line(&plic, 5, false);
	wr(CLAIM_S, 5);
	assert_output(false);
	assert_int_equal(rd(PENDING), 0);
}

static void test_latched_until_claimed(void **state)
{
	(void)state;
	enable(5, 1);
	vplic_set_line(&plic, 5, true);
	vplic_set_line(&plic, 5, false);
	assert_output(true);
	assert_int_equal(rd(CLAIM_S), 5);
	/* A pulse while the gateway is closed is lost: the line's level counts. */
	vplic_set_line(&plic, 5, true);
	vplic_set_line(&plic, 5, false);
	wr(CLAIM_S, 5);
	assert_output(false);
}

static void test_priorities(void **state)
{
	(void)state;
	enable(3, 2);
	enable(40, 7);
	enable(41, 7);
	enable(95, 1);
	enable(70, 0);
	for (unsigned s = 1; s < GUEST_PLIC_SOURCES; s++)
		vplic_set_line(&plic, s, true);
	assert_int_equal(rd(CLAIM_S), 40);
	assert_int_equal(rd(CLAIM_S), 41);
	assert_int_equal(rd(CLAIM_S), 3);
	assert_int_equal(rd(CLAIM_S), 95);
	assert_output(false);
	assert_int_equal(rd(CLAIM_S), 0); /* 70 has priority 0: never */
	assert_true(rd(PENDING + 8) & 1u << (70 - 64));
	wr(PRIORITY(70), 1);
	assert_output(true);
	assert_int_equal(rd(CLAIM_S), 70);
}

static void test_threshold(void **state)
{
	(void)state;
	enable(9, 3);
	vplic_set_line(&plic, 9, true);
	wr(THRESHOLD_S, 3);
	assert_output(false);
	wr(THRESHOLD_S, 2);
	assert_output(true);
	wr(THRESHOLD_S, 7);
	assert_output(false);
	assert_int_equal(rd(CLAIM_S), 9); /* a claim does not look at it */
}

static void test_contexts(void **state)
{
	(void)state;
	wr(PRIORITY(4), 1);
	wr(ENABLE_M, 1u << 4);
	vplic_set_line(&plic, 4, true);
	assert_output(false); /* M-mode's alone */
	assert_int_equal(rd(CLAIM_S), 0);
	assert_int_equal(rd(CLAIM_M), 4);
	/* S-mode has it not enabled, so its completion is ignored. */
	vplic_set_line(&plic, 4, false);
	vplic_set_line(&plic, 4, true);
	wr(CLAIM_S, 4);
	assert_int_equal(rd(PENDING), 0);
	enable(4, 1);
	wr(CLAIM_S, 4);
	assert_int_equal(rd(PENDING), 1u << 4);
	assert_output(true);
	/* Numbers that are no source's, and one that has nothing to complete. */
	wr(CLAIM_S, 0);
	wr(CLAIM_S, GUEST_PLIC_SOURCES);
	wr(CLAIM_S, 0xffffffff);
	assert_int_equal(rd(PENDING), 1u << 4);
	wr(ENABLE_S, 0);
	assert_output(false);
}

static void test_registers(void **state)
{
	static const uint64_t none[] = {PRIORITY(GUEST_PLIC_SOURCES), 0xffc, PENDING + 12, 0x1ffc,
		ENABLE_S + 12, ENABLE_S + 0x7c, 0x2200, 0x1ffffc, THRESHOLD_S + 8,
		THRESHOLD_M + 0xffc, 0x204000, 0x204004, GUEST_PLIC_SIZE - 4, ~3ull, 1, 2, 3,
		CLAIM_S + 1, THRESHOLD_S + 2};

	(void)state;
	wr(PRIORITY(0), 7);
	assert_int_equal(rd(PRIORITY(0)), 0);
	wr(PRIORITY(95), 0xffffffff);
	assert_int_equal(rd(PRIORITY(95)), 7);
	wr(THRESHOLD_S, 0xfffffffc);
	assert_int_equal(rd(THRESHOLD_S), 4);
	wr(THRESHOLD_M, 5);
	assert_int_equal(rd(THRESHOLD_M), 5);
	for (unsigned w = 0; w < VPLIC_WORDS; w++) {
		wr(ENABLE_S + 4 * w, 0xffffffff);
		assert_int_equal(rd(ENABLE_S + 4 * w), w ? 0xffffffff : 0xfffffffe);
		assert_int_equal(rd(ENABLE_M + 4 * w), 0);
	}
	wr(PENDING, 0xffffffff);
	assert_int_equal(rd(PENDING), 0);
	vplic_set_line(&plic, 95, true);
	struct vplic before = plic;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(rd(none[i]), 0);
		wr(none[i], 0xffffffff);
	}
	assert_memory_equal(&plic, &before, sizeof(plic));
}

static void test_sizes(void **state)
{
	static const unsigned sizes[] = {1, 2, 8};

	(void)state;
	enable(5, 3);
	vplic_set_line(&plic, 5, true);
	struct vplic before = plic;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(vplic_read(&plic, PRIORITY(5), sizes[i]), 0);
		assert_int_equal(vplic_read(&plic, CLAIM_S, sizes[i]), 0);
		vplic_write(&plic, PRIORITY(5), sizes[i], 1);
	}
	vplic_write(&plic, PRIORITY(6), 4, 0x700000000);
	assert_memory_equal(&plic, &before, sizeof(plic));
}

/* xorshift64: the same run each time. */
static uint32_t next_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 32);
}

static void test_random(void **state)
{
	static struct vplic_model model;
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned claims = 0;

	(void)state;
	for (unsigned run = 0; run < 200; run++) {
		fresh(NULL);
		model_init(&model);
		for (unsigned i = 0; i < 3000; i++) {
			uint32_t what = next_random(&seed), where = next_random(&seed);
			uint32_t value = next_random(&seed);

			if (!model_step(&plic, &model, what, where, value))
				fail_msg("run %u step %u: %#x %#x %#x", run, i, what, where, value);
		}
		for (unsigned w = 0; w < VPLIC_WORDS; w++) {
			assert_int_equal(plic.pending[w] & plic.claimed[w], 0);
			claims += plic.claimed[w] != 0;
		}
	}
	assert_true(claims > 200); /* the runs get somewhere */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_claim_and_complete, fresh),
		cmocka_unit_test_setup(test_latched_until_claimed, fresh),
		cmocka_unit_test_setup(test_priorities, fresh),
		cmocka_unit_test_setup(test_threshold, fresh),
		cmocka_unit_test_setup(test_contexts, fresh),
		cmocka_unit_test_setup(test_registers, fresh),
		cmocka_unit_test_setup(test_sizes, fresh),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
