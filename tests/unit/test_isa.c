/* SPDX-License-Identifier: MIT */
/* ISA strings of real machines and odd ones, the guest's subset, and the table's own rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/isa.h"
#include "config/isa_table.h"

static const char *round_trip(const char *string)
{
	static char buf[1024];
	struct isa isa = {0};

	isa_parse_string(&isa, string);
	size_t len = isa_to_string(&isa, buf, sizeof(buf));

	assert_int_equal(len, strlen(buf));
	return buf;
}

static void test_strings(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"rv64imafdc", "rv64imafdc_zicntr_zicsr_zifencei"},
		{"rv64gc", "rv64imafdc_zicntr_zicsr_zifencei"},
		{"RV64IMAC_Zba_ZBB", "rv64imac_zicntr_zicsr_zifencei_zba_zbb"},
		{"rv64i2p1m2a2p1c_zba1p0_zbb1", "rv64imac_zicntr_zicsr_zifencei_zba_zbb"},
		{"rv64imafdcsu", "rv64imafdc_zicntr_zicsr_zifencei"},
		{"rv64imafdch_sstc_svpbmt_zic64b",
			"rv64imafdch_zic64b_zicntr_zicsr_zifencei_sstc_svpbmt"},
		{"rv64isstc", "rv64i_zicntr_zicsr_zifencei_sstc"},
		{"rv64izba_xventana", "rv64i_zicntr_zicsr_zifencei_zba"},
		{"rv64ik_foo__bar_", "rv64i_zicntr_zicsr_zifencei"},
		{"rv64i_zk", "rv64i_zicntr_zicsr_zifencei_zkn_zkt"},
		{"rv64m", "rv64m"},
		{"_", "rv64"},
		{"rv64", "rv64"},
		{"", "rv64"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(round_trip(cases[i].in), cases[i].out);
}

static void test_prefix_is_no_match(void **state)
{
	struct isa isa = {0}, none = {0};

	(void)state;
	isa_add_name(&isa, "zicboz2");
	isa_add_name(&isa, "zicbo");
	isa_add_name(&isa, "");
	assert_memory_equal(&isa, &none, sizeof(isa));
	isa_add_name(&isa, "Zicboz");
	assert_true(isa_has(&isa, ISA_ZICBOZ));
}

static void test_guest(void **state)
{
	struct isa host = {.cbom_block = 64, .cboz_block = 64, .cbop_block = 64}, guest;
	char buf[512];

	(void)state;
	isa_parse_string(&host,
		"rv64imafdcvh_zicbom_zicboz_zicbop_zicfilp_zicfiss_zihpm_zawrs_zkr_"
		"smstateen_smaia_ssaia_sscofpmf_ssdbltrp_ssnpm_sstc_supm_svade_svadu_svpbmt_sha");
	isa_for_guest(&host, &guest);
	assert_true(isa_to_string(&guest, buf, sizeof(buf)) > 0);
	assert_string_equal(buf,
		"rv64imafdcv_zicbom_zicbop_zicboz_zicfilp_zicfiss_zicntr_zicsr_zifencei_zawrs_"
		"sscofpmf_ssdbltrp_ssnpm_sstc_supm_svade_svadu_svpbmt");
	assert_int_equal(guest.cboz_block, 64);
}

static void test_guest_without(void **state)
{
	struct isa host = {0}, guest;
	char buf[512];

	(void)state;
	isa_parse_string(&host, "rv64imach_zicbom_zicboz_supm_svade");
	isa_for_guest(&host, &guest);
	assert_true(isa_to_string(&guest, buf, sizeof(buf)) > 0);
	/* Cache-block operations are of no use without a block size, nor Supm without Ssnpm. */
	assert_string_equal(buf, "rv64imac_zicntr_zicsr_zifencei_svade");
}

static void test_intersect(void **state)
{
	struct isa isa = {.cbom_block = 64, .cboz_block = 64, .cbop_block = 64};
	struct isa other = {.cbom_block = 64, .cboz_block = 128};
	char buf[128];

	(void)state;
	isa_parse_string(&isa, "rv64imafdcvh_zba_zvl128b_zicbom_sstc");
	isa_parse_string(&other, "rv64imafdch_zbb_zba_zicbom");
	isa_intersect(&isa, &other);
	assert_true(isa_to_string(&isa, buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "rv64imafdch_zicbom_zicntr_zicsr_zifencei_zba");
	assert_int_equal(isa.cbom_block, 64);
	assert_int_equal(isa.cboz_block, 0);
	assert_int_equal(isa.cbop_block, 0);
}

static void test_list(void **state)
{
	static const char want[] = "i\0m\0zicsr\0sstc";
	struct isa isa = {0};
	char buf[64];

	(void)state;
	isa_add_name(&isa, "sstc");
	isa_add_name(&isa, "zicsr");
	isa_add_name(&isa, "m");
	isa_add_name(&isa, "i");
	assert_int_equal(isa_to_list(&isa, buf, sizeof(buf)), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
	assert_int_equal(isa_to_list(&isa, buf, sizeof(want)), sizeof(want));
	assert_int_equal(isa_to_list(&isa, buf, sizeof(want) - 1), 0);
}

static void test_string_sizes(void **state)
{
	struct isa isa = {0};
	char buf[16];

	(void)state;
	isa_add_name(&isa, "i");
	isa_add_name(&isa, "zba");
	assert_int_equal(isa_to_string(&isa, buf, 10), 9);
	assert_string_equal(buf, "rv64i_zba");
	for (size_t size = 0; size < 10; size++)
		assert_int_equal(isa_to_string(&isa, buf, size), 0);
}

/* Single letters in their own order, then Z by its category, then S; alphabetical inside of one. */
static int rank(const char *name)
{
	static const char order[] = "iemafdqlcbkjtpvh";

	if (!name[1])
		return (int)(strchr(order, name[0]) - order);
	if (name[0] == 'z')
		return 100 + (int)(strchr(order, name[1]) - order);
	assert_int_equal(name[0], 's');
	return 200;
}

static void test_table_order(void **state)
{
	(void)state;
	for (unsigned i = 1; i < isa_table_rows; i++) {
		int before = rank(isa_table[i - 1].name), here = rank(isa_table[i].name);

		assert_true(before <= here);
		if (before == here)
			assert_true(strcmp(isa_table[i - 1].name, isa_table[i].name) < 0);
	}
}

static void test_table_bits(void **state)
{
	bool seen[ISA_MAX] = {false};

	(void)state;
	for (unsigned i = 0; i < isa_table_rows; i++) {
		assert_true(isa_table_bit(i) < ISA_MAX);
		assert_false(seen[isa_table_bit(i)]);
		seen[isa_table_bit(i)] = true;
	}
	for (unsigned ext = 0; ext < ISA_KNOWN_FIRST_OTHER; ext++)
		assert_true(seen[ext]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_prefix_is_no_match),
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_guest_without),
		cmocka_unit_test(test_intersect),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_string_sizes),
		cmocka_unit_test(test_table_order),
		cmocka_unit_test(test_table_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
