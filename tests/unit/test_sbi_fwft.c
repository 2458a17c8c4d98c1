/* SPDX-License-Identifier: MIT */
/*
 * Firmware features: each on a hart that has it and on one that has not, its
 * values, and the lock.
 */
#include "include/abi/csr.h"
#include "tests/unit/sbi_call.h"

#define OTHERS (HENVCFG_CBZE | HENVCFG_STCE) /* bits that are none of FWFT's business */

static struct sbiret set(uint64_t feature, uint64_t value, uint64_t flags)
{
	return CALL(SBI_EXT_FWFT, SBI_FWFT_SET, feature, value, flags);
}

static struct sbiret get(uint64_t feature)
{
	return CALL(SBI_EXT_FWFT, SBI_FWFT_GET, feature);
}

static void new_hart(uint64_t supported)
{
	mock_reset(2);
	mock.envcfg_supported = supported | OTHERS;
	mock.vcpu[0].envcfg = mock.vcpu[1].envcfg = OTHERS;
}

static const struct {
	uint64_t feature, bit;
} switches[] = {
	{SBI_FWFT_LANDING_PAD, 1ull << 2},
	{SBI_FWFT_SHADOW_STACK, 1ull << 3},
	{SBI_FWFT_DOUBLE_TRAP, 1ull << 59},
	{SBI_FWFT_PTE_AD_HW_UPDATING, 1ull << 61},
};

static void test_switches(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(switches); i++) {
		uint64_t feature = switches[i].feature, bit = switches[i].bit;

		new_hart(~bit);
		assert_error(get(feature), SBI_ERR_NOT_SUPPORTED);
		assert_error(set(feature, 1, 0), SBI_ERR_NOT_SUPPORTED);
		assert_error(set(feature, 5, ~0ull), SBI_ERR_NOT_SUPPORTED);
		assert_int_equal(mock.vcpu[0].envcfg, OTHERS);

		new_hart(bit);
		assert_value(get(feature), 0);
		assert_value(set(feature, 0, 0), 0);
		assert_value(set(feature, 1, 0), 0);
		assert_value(get(feature), 1);
		assert_int_equal(mock.vcpu[0].envcfg, OTHERS | bit);
		assert_int_equal(mock.vcpu[1].envcfg, OTHERS);
		assert_error(set(feature, 2, 0), SBI_ERR_INVALID_PARAM);
		assert_error(set(feature, 1ull << 32, 0), SBI_ERR_INVALID_PARAM);
		assert_error(set(feature, ~0ull, 0), SBI_ERR_INVALID_PARAM);
		assert_value(get(feature), 1);
		/* The feature is 32 bits wide. */
		assert_value(get(feature | 0xabcd00000000), 1);
		assert_value(set(feature | 1ull << 63, 0, 0), 0);
		assert_int_equal(mock.vcpu[0].envcfg, OTHERS);
	}
}

static void test_lock(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(switches); i++) {
		uint64_t feature = switches[i].feature;

		new_hart(~0ull);
		/* What fails does not lock. */
		assert_error(set(feature, 2, SBI_FWFT_SET_LOCK), SBI_ERR_INVALID_PARAM);
		for (unsigned bit = 1; bit < 64; bit++)
			assert_error(set(feature, 1, SBI_FWFT_SET_LOCK | 1ull << bit),
				SBI_ERR_INVALID_PARAM);
		assert_value(get(feature), 0);
		assert_value(set(feature, 1, SBI_FWFT_SET_LOCK), 0);
		for (uint64_t value = 0; value < 3; value++) {
			assert_error(set(feature, value, 0), SBI_ERR_DENIED_LOCKED);
			assert_error(set(feature, value, SBI_FWFT_SET_LOCK), SBI_ERR_DENIED_LOCKED);
		}
		assert_value(get(feature), 1);
		/* No other feature is, and a reset frees it. */
		for (size_t k = 0; k < LENGTH(switches); k++)
			if (k != i)
				assert_value(set(switches[k].feature, 1, 0), 0);
		sbi_state_reset(&mock.vcpu[0].sbi);
		assert_value(set(feature, 0, 0), 0);
	}
}

static void test_pointer_masking(void **state)
{
	const uint64_t feature = SBI_FWFT_POINTER_MASKING_PMLEN;

	(void)state;
	new_hart(~HENVCFG_PMM);
	assert_error(get(feature), SBI_ERR_NOT_SUPPORTED);
	assert_error(set(feature, 7, 0), SBI_ERR_NOT_SUPPORTED);
	new_hart(HENVCFG_PMM);
	assert_value(get(feature), 0);
	assert_value(set(feature, 7, 0), 0);
	assert_int_equal(mock.vcpu[0].envcfg, OTHERS | 2ull << 32);
	assert_value(get(feature), 7);
	assert_value(set(feature, 16, 0), 0);
	assert_int_equal(mock.vcpu[0].envcfg, OTHERS | 3ull << 32);
	assert_value(get(feature), 16);
	for (uint64_t value = 0; value < 70; value++)
		if (value && value != 7 && value != 16)
			assert_error(set(feature, value, 0), SBI_ERR_INVALID_PARAM);
	assert_error(set(feature, 7 | 1ull << 32, 0), SBI_ERR_INVALID_PARAM);
	assert_value(get(feature), 16);
	assert_value(set(feature, 0, SBI_FWFT_SET_LOCK), 0);
	assert_int_equal(mock.vcpu[0].envcfg, OTHERS);
	assert_error(set(feature, 7, 0), SBI_ERR_DENIED_LOCKED);
}

/* A hart with one of the two lengths only. */
static void test_pointer_masking_of_one_length(void **state)
{
	const uint64_t feature = SBI_FWFT_POINTER_MASKING_PMLEN;

	(void)state;
	new_hart(HENVCFG_PMM);
	mock.pmm_illegal = 3ull << 32;
	assert_value(set(feature, 7, 0), 0);
	assert_error(set(feature, 16, SBI_FWFT_SET_LOCK), SBI_ERR_INVALID_PARAM);
	assert_value(get(feature), 7);
	new_hart(HENVCFG_PMM);
	mock.pmm_illegal = 2ull << 32;
	assert_error(set(feature, 7, 0), SBI_ERR_INVALID_PARAM);
	assert_value(get(feature), 0);
	assert_value(set(feature, 16, 0), 0);
}

static void test_misaligned(void **state)
{
	const uint64_t feature = SBI_FWFT_MISALIGNED_EXC_DELEG;

	(void)state;
	new_hart(0);
	assert_value(get(feature), 1);
	assert_value(set(feature, 1, 0), 0);
	assert_error(set(feature, 0, 0), SBI_ERR_DENIED);
	assert_error(set(feature, 2, 0), SBI_ERR_INVALID_PARAM);
	assert_error(set(feature, 1, 2), SBI_ERR_INVALID_PARAM);
	assert_value(set(feature, 1, SBI_FWFT_SET_LOCK), 0);
	assert_error(set(feature, 0, 0), SBI_ERR_DENIED_LOCKED);
	assert_value(get(feature), 1);
	assert_int_equal(mock.vcpu[0].envcfg, OTHERS);
}

static void test_unknown_features(void **state)
{
	static const uint64_t features[] = {6, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000,
		0xbfffffff, 0xc0000000, 0xffffffff, 32, 64};

	(void)state;
	new_hart(~0ull);
	for (size_t i = 0; i < LENGTH(features); i++) {
		struct sbiret ret = get(features[i]);

		assert_error(ret, SBI_ERR_DENIED);
		assert_int_equal(ret.value, 0);
		assert_error(set(features[i], 0, 0), SBI_ERR_DENIED);
		assert_error(set(features[i], 1, ~0ull), SBI_ERR_DENIED);
	}
	assert_no_function(SBI_EXT_FWFT, SBI_FWFT_GET + 1);
	assert_int_equal(mock.vcpu[0].envcfg, OTHERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_pointer_masking),
		cmocka_unit_test(test_pointer_masking_of_one_length),
		cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_unknown_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
