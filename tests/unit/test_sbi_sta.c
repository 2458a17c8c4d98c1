/* SPDX-License-Identifier: MIT */
/*
 * Steal time: which memory a guest may name. What core writes there is core's.
 */
#include "tests/unit/sbi_call.h"

#define LAST (MOCK_RAM_BASE + MOCK_RAM_SIZE - SBI_STA_SIZE)

static void test_set(void **state)
{
	const char zero[SBI_STA_SIZE] = {0};

	(void)state;
	memset(mock.ram, 'x', MOCK_RAM_SIZE);
	assert_value(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, LAST, 0, 0), 0);
	assert_int_equal(mock.vcpu[0].steal_area, LAST);
	assert_memory_equal(mock.ram + MOCK_RAM_SIZE - SBI_STA_SIZE, zero, SBI_STA_SIZE);
	assert_int_equal(mock.ram[MOCK_RAM_SIZE - SBI_STA_SIZE - 1], 'x');
	assert_value(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, MOCK_RAM_BASE, 0, 0), 0);
	assert_int_equal(mock.vcpu[0].steal_area, MOCK_RAM_BASE);
	assert_value(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, ~0ull, ~0ull, 0), 0);
	assert_int_equal(mock.vcpu[0].steal_area, UINT64_MAX);
	assert_value(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, ~0ull, ~0ull, 0), 0);
}

static void test_errors(void **state)
{
	static const uint64_t unaligned[] = {
		MOCK_RAM_BASE + 1, MOCK_RAM_BASE + 32, LAST + 63, ~0ull, 1};
	uint64_t elsewhere[8][2];

	(void)state;
	memset(mock.ram, 'x', MOCK_RAM_SIZE);
	mock.vcpu[0].steal_area = 77;
	for (size_t i = 0; i < LENGTH(unaligned); i++)
		assert_error(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, unaligned[i], 0, 0),
			SBI_ERR_INVALID_PARAM);
	not_shared(SBI_STA_SIZE, elsewhere);
	for (size_t i = 0; i < LENGTH(elsewhere); i++)
		assert_error(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, elsewhere[i][0], elsewhere[i][1]),
			SBI_ERR_INVALID_ADDRESS);
	for (unsigned bit = 0; bit < 64; bit++) {
		assert_error(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, LAST, 0, 1ull << bit),
			SBI_ERR_INVALID_PARAM);
		assert_error(CALL(SBI_EXT_STA, SBI_STA_SET_SHMEM, ~0ull, ~0ull, 1ull << bit),
			SBI_ERR_INVALID_PARAM);
	}
	assert_no_function(SBI_EXT_STA, SBI_STA_SET_SHMEM + 1);
	assert_int_equal(mock.vcpu[0].steal_area, 77);
	assert_int_equal(mock.ram[MOCK_RAM_SIZE - 1], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_set, one_vcpu),
		cmocka_unit_test_setup(test_errors, one_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
