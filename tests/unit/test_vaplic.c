/* SPDX-License-Identifier: MIT */
/* The virtual APLIC: each rule of AIA 1.0, chapter 4, alone, then long random runs beside a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/aia.h"
#include "irq/vaplic.h"
#include "tests/unit/vaplic_model.h"

#define VCPUS        3
#define SOURCECFG(s) (APLIC_SOURCECFG + 4 * (s))
#define TARGET(s)    (APLIC_TARGET + 4 * (s))
#define TO(hart, id) ((uint32_t)(hart) << 18 | (id))
#define ON           APLIC_DOMAINCFG_IE

static struct vaplic aplic;

static int fresh(void **state)
{
	(void)state;
	memset(&aplic, 0xff, sizeof(aplic));
	vaplic_init(&aplic, VCPUS);
	return 0;
}

static uint32_t rd(uint64_t offset)
{
	return (uint32_t)vaplic_read(&aplic, offset, 4);
}

static void wr(uint64_t offset, uint32_t value)
{
	vaplic_write(&aplic, offset, 4, value);
}

static void assert_pending(unsigned source, bool want)
{
	assert_int_equal(rd(APLIC_SETIP + source / 32 * 4) >> source % 32 & 1, want);
}

static void assert_input(unsigned source, bool want)
{
	assert_int_equal(rd(APLIC_IN_CLRIP + source / 32 * 4) >> source % 32 & 1, want);
}

static void assert_msi(unsigned hart, unsigned eiid)
{
	struct vaplic_msi msi;

	assert_true(vaplic_next_msi(&aplic, &msi));
	assert_int_equal(msi.hart, hart);
	assert_int_equal(msi.eiid, eiid);
}

static void assert_no_msi(void)
{
	struct vaplic_msi msi;

	assert_false(vaplic_next_msi(&aplic, &msi));
}

/* As Linux sets a source up: mode, target, enable; delivery is on. */
static void set_up(unsigned source, uint32_t mode, uint32_t target)
{
	wr(APLIC_DOMAINCFG, ON);
	wr(SOURCECFG(source), mode);
	wr(TARGET(source), target);
	wr(APLIC_SETIENUM, source);
}

/* 4.5.1 */
static void test_domaincfg(void **state)
{
	(void)state;
	assert_int_equal(rd(APLIC_DOMAINCFG), 0x80000004);
	wr(APLIC_DOMAINCFG, 0xffffffff);
	assert_int_equal(rd(APLIC_DOMAINCFG), 0x80000104);
	wr(APLIC_DOMAINCFG, 0xfffffeff);
	assert_int_equal(rd(APLIC_DOMAINCFG), 0x80000004);
}

/* 4.5.2 */
static void test_sourcecfg(void **state)
{
	static const uint32_t legal[8] = {0, 1, 0, 0, 4, 5, 6, 7};

	(void)state;
	for (uint32_t mode = 0; mode < 8; mode++) {
		wr(SOURCECFG(40), mode | 0xfffffbf8);
		assert_int_equal(rd(SOURCECFG(40)), legal[mode]);
		/* No child domain to delegate to. */
		wr(SOURCECFG(40), mode | APLIC_SOURCECFG_D);
		assert_int_equal(rd(SOURCECFG(40)), 0);
	}
	assert_int_equal(rd(SOURCECFG(39)), 0);
	assert_int_equal(rd(SOURCECFG(41)), 0);
	wr(SOURCECFG(GUEST_APLIC_SOURCES), APLIC_SM_LEVEL1);
	assert_int_equal(rd(SOURCECFG(GUEST_APLIC_SOURCES)), 0);
}

static void test_inactive(void **state)
{
	(void)state;
	set_up(7, APLIC_SM_EDGE1, TO(1, 20));
	wr(APLIC_DOMAINCFG, 0);
	wr(APLIC_SETIPNUM, 7);
	assert_pending(7, true);
	wr(SOURCECFG(7), APLIC_SM_INACTIVE);
	assert_pending(7, false);
	assert_int_equal(rd(APLIC_SETIE), 0);
	assert_int_equal(rd(TARGET(7)), 0);
	vaplic_set_line(&aplic, 7, true);
	wr(APLIC_SETIPNUM, 7);
	wr(APLIC_SETIP, 0xffffffff);
	wr(APLIC_SETIENUM, 7);
	wr(APLIC_SETIE, 0xffffffff);
	wr(TARGET(7), TO(1, 20));
	assert_int_equal(rd(APLIC_SETIP), 0);
	assert_int_equal(rd(APLIC_IN_CLRIP), 0);
	assert_int_equal(rd(APLIC_SETIE), 0);
	assert_int_equal(rd(TARGET(7)), 0);
	/* Active again: nothing of before comes back, but the line is high. */
	wr(SOURCECFG(7), APLIC_SM_LEVEL1);
	assert_int_equal(rd(APLIC_SETIE), 0);
	assert_pending(7, true);
}

static void test_mode_changes(void **state)
{
	(void)state;
	wr(SOURCECFG(9), APLIC_SM_DETACHED);
	wr(APLIC_SETIPNUM, 9);
	/* Not cleared by the write itself, but a level-sensitive source is never pending while its input is low. */
	wr(SOURCECFG(9), APLIC_SM_EDGE1);
	assert_pending(9, true);
	wr(SOURCECFG(9), APLIC_SM_LEVEL1);
	assert_pending(9, false);
	wr(SOURCECFG(9), APLIC_SM_LEVEL0);
	assert_input(9, true);
	assert_pending(9, true);
}

/* 4.7, Detached */
static void test_detached(void **state)
{
	(void)state;
	wr(SOURCECFG(33), APLIC_SM_DETACHED);
	vaplic_set_line(&aplic, 33, true);
	assert_pending(33, false);
	assert_input(33, false);
	wr(APLIC_SETIP + 4, 2);
	assert_pending(33, true);
	vaplic_set_line(&aplic, 33, false);
	assert_pending(33, true);
	wr(APLIC_CLRIPNUM, 33);
	assert_pending(33, false);
}

/* 4.7, Edge1 and Edge0 */
static void test_edge(void **state)
{
	(void)state;
	wr(SOURCECFG(12), APLIC_SM_EDGE1);
	vaplic_set_line(&aplic, 12, true);
	assert_pending(12, true);
	wr(APLIC_IN_CLRIP, 1u << 12);
	assert_pending(12, false);
	vaplic_set_line(&aplic, 12, true);
	assert_pending(12, false); /* no new edge */
	assert_input(12, true);
	vaplic_set_line(&aplic, 12, false);
	vaplic_set_line(&aplic, 12, true);
	vaplic_set_line(&aplic, 12, false);
	assert_pending(12, true); /* stays when the line drops */
	wr(APLIC_CLRIPNUM, 12);
	wr(APLIC_SETIPNUM, 12);
	assert_pending(12, true); /* also by software, line low */

	wr(SOURCECFG(13), APLIC_SM_EDGE0);
	wr(APLIC_CLRIPNUM, 13); /* the line was low */
	vaplic_set_line(&aplic, 13, true);
	assert_input(13, false);
	assert_pending(13, false);
	vaplic_set_line(&aplic, 13, false);
	assert_pending(13, true);
}

/* 4.7, Level1 and Level0 in MSI mode */
static void check_level(unsigned source, uint32_t mode, bool high)
{
	wr(SOURCECFG(source), mode);
	wr(APLIC_SETIPNUM, source);
	assert_pending(source, false); /* not while the input is low */
	vaplic_set_line(&aplic, source, high);
	assert_input(source, true);
	assert_pending(source, true);
	wr(APLIC_CLRIPNUM, source);
	assert_pending(source, false);
	vaplic_set_line(&aplic, source, high);
	assert_pending(source, false); /* no transition */
	wr(APLIC_SETIP + source / 32 * 4, 1u << source % 32);
	assert_pending(source, true);
	vaplic_set_line(&aplic, source, !high);
	assert_pending(source, false);
	assert_input(source, false);
}

static void test_level(void **state)
{
	(void)state;
	check_level(1, APLIC_SM_LEVEL1, true);
	vaplic_set_line(&aplic, 95, true);
	check_level(95, APLIC_SM_LEVEL0, false);
}

/* 4.9.2: sent once; the handler's write of setipnum sends again while the line is high. */
static void test_level_sent_once(void **state)
{
	(void)state;
	set_up(10, APLIC_SM_LEVEL1, TO(2, 33));
	assert_no_msi();
	vaplic_set_line(&aplic, 10, true);
	assert_msi(2, 33);
	assert_no_msi();
	assert_pending(10, false);
	vaplic_set_line(&aplic, 10, true);
	assert_no_msi();
	wr(APLIC_SETIPNUM_LE, 10);
	assert_msi(2, 33);
	assert_no_msi();
	vaplic_set_line(&aplic, 10, false);
	wr(APLIC_SETIPNUM_LE, 10);
	assert_no_msi();
	vaplic_set_line(&aplic, 10, true);
	assert_msi(2, 33);
	/* Gone before it could be sent. */
	vaplic_set_line(&aplic, 10, false);
	vaplic_set_line(&aplic, 10, true);
	vaplic_set_line(&aplic, 10, false);
	assert_no_msi();
}

/* 4.9: pending, enabled and IE, in any order */
static void test_conditions(void **state)
{
	(void)state;
	set_up(5, APLIC_SM_EDGE1, TO(0, 5));
	wr(APLIC_DOMAINCFG, 0);
	wr(APLIC_CLRIENUM, 5);
	vaplic_set_line(&aplic, 5, true);
	assert_no_msi();
	wr(APLIC_DOMAINCFG, ON);
	assert_no_msi();
	assert_pending(5, true);
	wr(APLIC_SETIE, 1u << 5);
	assert_msi(0, 5);
	wr(APLIC_CLRIE, 1u << 5);
	wr(APLIC_SETIPNUM, 5);
	assert_no_msi();
	wr(APLIC_DOMAINCFG, 0);
	wr(APLIC_SETIENUM, 5);
	assert_no_msi();
	wr(APLIC_DOMAINCFG, ON);
	assert_msi(0, 5);
	assert_no_msi();
}

/* 4.5.16 */
static void test_targets(void **state)
{
	(void)state;
	set_up(31, APLIC_SM_EDGE1, 0xffffffff);
	assert_int_equal(rd(TARGET(31)), 0xfffc00ff); /* no guest index, 8 bits of EIID */
	wr(APLIC_SETIPNUM, 31);
	assert_no_msi(); /* to no vCPU: it is gone */
	assert_pending(31, false);
	wr(TARGET(31), TO(VCPUS, 1));
	wr(APLIC_SETIPNUM, 31);
	assert_no_msi();
	assert_pending(31, false);
	wr(TARGET(31), TO(VCPUS - 1, 0));
	wr(APLIC_SETIPNUM, 31);
	assert_no_msi(); /* no identity */
	wr(TARGET(31), TO(VCPUS - 1, 255));
	wr(APLIC_SETIPNUM, 31);
	assert_msi(VCPUS - 1, 255);
	assert_int_equal(rd(TARGET(30)), 0);
	assert_int_equal(rd(TARGET(32)), 0);
}

static void test_many(void **state)
{
	(void)state;
	for (unsigned s = 1; s < GUEST_APLIC_SOURCES; s++)
		set_up(s, APLIC_SM_EDGE1, s == 50 ? TO(VCPUS, 1) : TO(s % VCPUS, s));
	for (unsigned w = 0; w < VAPLIC_WORDS; w++)
		wr(APLIC_SETIP + 4 * w, 0xffffffff);
	for (unsigned s = 1; s < GUEST_APLIC_SOURCES; s++)
		if (s != 50)
			assert_msi(s % VCPUS, s);
	assert_no_msi();
}

/* 4.5.15 and 4.9.3 */
static void test_genmsi(void **state)
{
	(void)state;
	set_up(3, APLIC_SM_EDGE1, TO(1, 7));
	vaplic_set_line(&aplic, 3, true);
	wr(APLIC_GENMSI, 0xffffffff & ~(0x3fffu << 18) & ~0xffu);
	assert_int_equal(rd(APLIC_GENMSI), APLIC_GENMSI_BUSY);
	wr(APLIC_GENMSI, TO(1, 9)); /* busy: ignored */
	assert_int_equal(rd(APLIC_GENMSI), APLIC_GENMSI_BUSY);
	assert_msi(1, 7);
	assert_no_msi();
	assert_int_equal(rd(APLIC_GENMSI), 0);

	/* After what was there before; and without IE. */
	wr(APLIC_SETIPNUM, 3);
	wr(APLIC_GENMSI, TO(1, 9));
	assert_msi(1, 7);
	assert_int_equal(rd(APLIC_GENMSI), TO(1, 9) | APLIC_GENMSI_BUSY);
	assert_msi(1, 9);
	assert_int_equal(rd(APLIC_GENMSI), TO(1, 9));
	wr(APLIC_DOMAINCFG, 0);
	wr(APLIC_SETIPNUM, 3);
	wr(APLIC_GENMSI, TO(2, 11));
	assert_msi(2, 11);
	assert_no_msi();
	wr(APLIC_GENMSI, TO(VCPUS, 11));
	assert_no_msi();
	assert_int_equal(rd(APLIC_GENMSI), TO(VCPUS, 11));
}

static void test_byte_order(void **state)
{
	(void)state;
	wr(SOURCECFG(2), APLIC_SM_DETACHED);
	wr(APLIC_SETIPNUM_BE, 2);
	wr(APLIC_SETIPNUM_LE, 0x02000000);
	wr(APLIC_SETIPNUM, 0x02000000);
	assert_pending(2, false);
	wr(APLIC_SETIPNUM_BE, 0x02000000);
	assert_pending(2, true);
}

/* Number registers take no other numbers, and read as 0; so do clrie. */
static void test_numbers(void **state)
{
	static const uint32_t none[] = {0, GUEST_APLIC_SOURCES, 1023, 1u << 31, 0xffffffff};
	static const uint64_t registers[] = {APLIC_SETIPNUM, APLIC_CLRIPNUM, APLIC_SETIENUM,
		APLIC_CLRIENUM, APLIC_SETIPNUM_LE, APLIC_SETIPNUM_BE, APLIC_CLRIE, APLIC_CLRIE + 4};
	struct vaplic before;

	(void)state;
	for (unsigned s = 1; s < GUEST_APLIC_SOURCES; s++) {
		wr(SOURCECFG(s), APLIC_SM_DETACHED);
		if (s % 2)
			wr(APLIC_SETIENUM, s);
		if (s % 3)
			wr(APLIC_SETIPNUM, s);
	}
	before = aplic;
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		assert_int_equal(rd(registers[i]), 0);
		for (size_t n = 0; n < sizeof(none) / sizeof(none[0]) && i < 6; n++)
			wr(registers[i], none[n]);
	}
	assert_memory_equal(&aplic, &before, sizeof(aplic));
	wr(APLIC_SETIP, 1);
	wr(APLIC_SETIE, 1);
	assert_int_equal(rd(APLIC_SETIP) & 1, 0);
	assert_int_equal(rd(APLIC_SETIE) & 1, 0);
	wr(APLIC_CLRIE, 0xffffffff);
	assert_int_equal(rd(APLIC_SETIE), 0);
	assert_int_not_equal(rd(APLIC_SETIE + 4), 0);
}

static void test_no_register(void **state)
{
	static const uint64_t none[] = {SOURCECFG(GUEST_APLIC_SOURCES), SOURCECFG(1023), 0x1000,
		APLIC_MMSIADDRCFG, APLIC_MMSIADDRCFG + 4, APLIC_MMSIADDRCFG + 8,
		APLIC_MMSIADDRCFG + 12, APLIC_SETIP + 12, APLIC_SETIP + 0x7c, APLIC_SETIP + 0xe0,
		APLIC_IN_CLRIP + 12, APLIC_SETIE + 12, APLIC_CLRIE + 12, 0x1ffc, 0x2008, 0x2ffc,
		TARGET(GUEST_APLIC_SOURCES), TARGET(1023), APLIC_IDC, APLIC_IDC + IDC_IDELIVERY,
		APLIC_IDC + IDC_IFORCE, APLIC_IDC + IDC_CLAIMI, GUEST_APLIC_SIZE - 4, ~3ull, 1, 2,
		3, SOURCECFG(5) + 1, APLIC_SETIP + 2, 1ull << 32, (1ull << 32) + 4};
	static const unsigned sizes[] = {1, 2, 8};
	struct vaplic before;

	(void)state;
	for (unsigned s = 1; s < GUEST_APLIC_SOURCES; s++)
		set_up(s, APLIC_SM_LEVEL0, TO(1, s));
	before = aplic;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(rd(none[i]), 0);
		wr(none[i], 0xffffffff);
		wr(none[i], 4);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(vaplic_read(&aplic, APLIC_DOMAINCFG, sizes[i]), 0);
		assert_int_equal(vaplic_read(&aplic, APLIC_SETIP, sizes[i]), 0);
		vaplic_write(&aplic, SOURCECFG(5), sizes[i], 0);
		vaplic_write(&aplic, APLIC_IN_CLRIP, sizes[i], ~0ull);
	}
	assert_memory_equal(&aplic, &before, sizeof(aplic));
	/* What lies above 32 bits does not count. */
	vaplic_write(&aplic, TARGET(5), 4, 0xffffffff00000000ull | TO(2, 5));
	assert_int_equal(rd(TARGET(5)), TO(2, 5));
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
	static struct vaplic_model model;
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned enabled = 0;

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		fresh(NULL);
		vaplic_model_init(&model, VCPUS);
		for (unsigned i = 0; i < 5000; i++) {
			uint32_t what = next_random(&seed), where = next_random(&seed);
			uint32_t value = next_random(&seed);

			if (!vaplic_model_step(&aplic, &model, what, where, value))
				fail_msg("run %u step %u: %#x %#x %#x", run, i, what, where, value);
		}
		for (unsigned w = 0; w < VAPLIC_WORDS; w++)
			enabled += aplic.enable[w] != 0;
	}
	assert_true(enabled > 100); /* the runs get somewhere */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_domaincfg, fresh),
		cmocka_unit_test_setup(test_sourcecfg, fresh),
		cmocka_unit_test_setup(test_inactive, fresh),
		cmocka_unit_test_setup(test_mode_changes, fresh),
		cmocka_unit_test_setup(test_detached, fresh),
		cmocka_unit_test_setup(test_edge, fresh),
		cmocka_unit_test_setup(test_level, fresh),
		cmocka_unit_test_setup(test_level_sent_once, fresh),
		cmocka_unit_test_setup(test_conditions, fresh),
		cmocka_unit_test_setup(test_targets, fresh),
		cmocka_unit_test_setup(test_many, fresh),
		cmocka_unit_test_setup(test_genmsi, fresh),
		cmocka_unit_test_setup(test_byte_order, fresh),
		cmocka_unit_test_setup(test_numbers, fresh),
		cmocka_unit_test_setup(test_no_register, fresh),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
