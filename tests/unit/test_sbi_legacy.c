/* SPDX-License-Identifier: MIT */
/*
 * The legacy calls: a0 only, and hart masks by guest-virtual address.
 */
#include "tests/unit/sbi_call.h"

/* The error of a legacy call, which must leave a1 alone and not look at a6. */
static long legacy(uint64_t eid, uint64_t a0, uint64_t a2, uint64_t a3)
{
	struct sbiret ret = CALL(eid, 0xdeadbeef, a0, UNTOUCHED, a2, a3);

	assert_int_equal(ret.value, UNTOUCHED);
	return ret.error;
}

static void test_legacy_simple(void **state)
{
	(void)state;
	assert_int_equal(legacy(SBI_EXT_LEGACY_SET_TIMER, 99, 0, 0), 0);
	assert_int_equal(mock.vcpu[0].timer, 99);
	assert_int_equal(legacy(SBI_EXT_LEGACY_PUTCHAR, 0x100 | 'c', 0, 0), 0);
	assert_int_equal(mock.output_len, 1);
	assert_int_equal(mock.output[0], 'c');
	assert_int_equal(legacy(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0), -1);
	mock.input[0] = (char)0xff;
	mock.input_len = 1;
	assert_int_equal(legacy(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0), 0xff);
	assert_int_equal(legacy(SBI_EXT_LEGACY_CLEAR_IPI, 0, 0, 0), 0);
	mock.vcpu[0].software_irq = true;
	assert_int_equal(legacy(SBI_EXT_LEGACY_CLEAR_IPI, 0, 0, 0), 1);
	assert_false(mock.vcpu[0].software_irq);
	assert_false(mock.shutdown);
	legacy(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0);
	assert_true(mock.shutdown && !mock.failed);
}

static void test_legacy_masks(void **state)
{
	(void)state;
	mock_reset(4);
	mock.mask = 0x6;
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), 0);
	assert_int_equal(interrupted(1), 2);
	mock_reset(4);
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, 0, 0, 0), 0);
	assert_int_equal(interrupted(0), 4);
	mock_reset(4);
	mock.mask = 0x10;
	assert_int_equal(
		legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, 0x6ff8, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(interrupted(0), 0);

	/* Harts up to the last that a word can name. */
	mock_reset(64);
	mock.mask = 3ull << 62;
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), 0);
	assert_int_equal(interrupted(62), 2);
	assert_int_equal(
		legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA + 8, 0, 0), SBI_ERR_INVALID_ADDRESS);
}

static void test_legacy_fences(void **state)
{
	(void)state;
	mock_reset(2);
	mock.mask = 2;
	assert_int_equal(legacy(SBI_EXT_LEGACY_REMOTE_FENCE_I, MOCK_MASK_VA, 0, 0), 0);
	assert_fence(1, FENCE_I, 0, 0, 0);
	assert_int_equal(
		CALL(SBI_EXT_LEGACY_REMOTE_SFENCE_VMA, 0, MOCK_MASK_VA, 0x5000, 0x2000).value,
		0x5000);
	assert_fence(1, FENCE_SFENCE, 0x5000, 0x2000, 0);
	assert_error(
		CALL(SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID, 0, MOCK_MASK_VA, 0x6000, 0x3000, 9), 0);
	assert_fence(1, FENCE_SFENCE_ASID, 0x6000, 0x3000, 9);
	assert_error(CALL(SBI_EXT_LEGACY_REMOTE_SFENCE_VMA, 0, MOCK_MASK_VA, 0, 0), 0);
	assert_fence(1, FENCE_SFENCE, 0, ~0ull, 0);
	assert_int_equal(mock.vcpu[0].fence, FENCE_NONE);
	assert_error(
		CALL(SBI_EXT_LEGACY_REMOTE_SFENCE_VMA, 0, 0, ~0ull, 2), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(mock.vcpu[0].fence, FENCE_NONE);
	assert_error(CALL(SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID, 0, 0, 0, ~0ull, 3), 0);
	assert_fence(0, FENCE_SFENCE_ASID, 0, ~0ull, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_legacy_simple, one_vcpu),
		cmocka_unit_test(test_legacy_masks),
		cmocka_unit_test(test_legacy_fences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
