/* SPDX-License-Identifier: MIT */
/*
 * The table of extensions, and the small ones: base, TIME, SRST.
 */
#include "tests/unit/sbi_call.h"

static void test_unknown(void **state)
{
	static const uint64_t eids[] = {0x09, 0x0f, 0x11, SBI_EXT_CPPC, SBI_EXT_DBTR, SBI_EXT_MPXY,
		SBI_EXT_NACL, 0x100000000 | SBI_EXT_TIME, 0xffffffff00000000 | SBI_EXT_BASE,
		0x08000000, 0x09000000, 0x0a000000, ~0ull};

	(void)state;
	for (size_t i = 0; i < LENGTH(eids); i++) {
		struct sbiret ret = CALL(eids[i], 0, 1, UNTOUCHED);

		assert_error(ret, SBI_ERR_NOT_SUPPORTED);
		assert_int_equal(ret.value, UNTOUCHED);
		assert_value(CALL(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, eids[i]), 0);
		assert_false(sbi_probe(eids[i]));
	}
	assert_no_function(SBI_EXT_BASE, SBI_BASE_GET_MIMPID + 1);
	assert_no_function(SBI_EXT_TIME, SBI_TIME_SET_TIMER + 1);
	assert_no_function(SBI_EXT_SRST, SBI_SRST_RESET + 1);
	for (uint64_t eid = SBI_EXT_LEGACY_SET_TIMER; eid <= SBI_EXT_LEGACY_SHUTDOWN; eid++)
		assert_value(CALL(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, eid), 1);
	assert_false(mock.shutdown || mock.reboot || mock.output_len);
}

static void test_base(void **state)
{
	(void)state;
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_SPEC_VERSION), 0x03000000);
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_IMPL_ID), 0x56535052);
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_IMPL_VERSION), 1);
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_MVENDORID), vcpu_mvendorid());
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_MARCHID), vcpu_marchid());
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_GET_MIMPID), vcpu_mimpid());
}

static void test_time(void **state)
{
	(void)state;
	assert_value(CALL(SBI_EXT_TIME, SBI_TIME_SET_TIMER, 0x123456789abcdef0), 0);
	assert_int_equal(mock.vcpu[0].timer, 0x123456789abcdef0);
	assert_error(CALL(SBI_EXT_TIME, 1, 5), SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(mock.vcpu[0].timer, 0x123456789abcdef0);
}

static void test_reset(void **state)
{
	static const struct {
		uint64_t type, reason;
		long error;
		bool shutdown, failed, reboot;
	} rows[] = {
		{0, 0, SBI_SUCCESS, true, false, false},
		{0, 1, SBI_SUCCESS, true, true, false},
		{1, 0, SBI_SUCCESS, false, false, true},
		{2, 1, SBI_SUCCESS, false, false, true},
		{0x500000000, 0x700000001, SBI_SUCCESS, true, true, false},
		{3, 0, SBI_ERR_INVALID_PARAM, false, false, false},
		{0xefffffff, 0, SBI_ERR_INVALID_PARAM, false, false, false},
		{0xf0000000, 0, SBI_ERR_INVALID_PARAM, false, false, false},
		{0xffffffff, 0, SBI_ERR_INVALID_PARAM, false, false, false},
		{0, 2, SBI_ERR_INVALID_PARAM, false, false, false},
		{1, 0xdfffffff, SBI_ERR_INVALID_PARAM, false, false, false},
		{0, 0xe0000000, SBI_ERR_INVALID_PARAM, false, false, false},
		{0, 0xffffffff, SBI_ERR_INVALID_PARAM, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		mock_reset(1);
		assert_error(CALL(SBI_EXT_SRST, SBI_SRST_RESET, rows[i].type, rows[i].reason),
			rows[i].error);
		assert_int_equal(mock.shutdown, rows[i].shutdown);
		assert_int_equal(mock.failed, rows[i].failed);
		assert_int_equal(mock.reboot, rows[i].reboot);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_unknown, one_vcpu),
		cmocka_unit_test_setup(test_base, one_vcpu),
		cmocka_unit_test_setup(test_time, one_vcpu),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
