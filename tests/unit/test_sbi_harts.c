/* SPDX-License-Identifier: MIT */
/*
 * What harts do to each other and to themselves: hart masks, interrupts, fences,
 * start, stop and suspend, and the suspend of the whole system.
 */
#include "tests/unit/sbi_call.h"

/* ---- hart masks and IPI ---- */

static void test_hart_masks(void **state)
{
	static const struct {
		unsigned count;
		uint64_t mask, base;
		long error;
		unsigned first, n; /* the harts interrupted */
	} rows[] = {
		{1, 1, 0, SBI_SUCCESS, 0, 1},
		{1, 0, 0, SBI_SUCCESS, 0, 0},
		{1, 0, 12345, SBI_SUCCESS, 0, 0},
		{1, 0, ~0ull, SBI_SUCCESS, 0, 1},
		{1, ~0ull, ~0ull, SBI_SUCCESS, 0, 1},
		{1, 2, 0, SBI_ERR_INVALID_PARAM, 0, 0},
		{1, 3, 0, SBI_ERR_INVALID_PARAM, 0, 0},
		{1, 1, 1, SBI_ERR_INVALID_PARAM, 0, 0},
		{1, 1ull << 63, 0, SBI_ERR_INVALID_PARAM, 0, 0},
		/* base + bit must not wrap around to hart 0 */
		{1, 4, ~0ull - 1, SBI_ERR_INVALID_PARAM, 0, 0},
		{1, 1ull << 63, ~0ull - 62, SBI_ERR_INVALID_PARAM, 0, 0},
		{4, 0xc, 0, SBI_SUCCESS, 2, 2},
		{4, 0xf, 0, SBI_SUCCESS, 0, 4},
		{4, 0x1f, 0, SBI_ERR_INVALID_PARAM, 0, 0},
		{4, 7, 1, SBI_SUCCESS, 1, 3},
		{4, 0xf, 1, SBI_ERR_INVALID_PARAM, 0, 0},
		{4, 0, ~0ull, SBI_SUCCESS, 0, 4},
		{64, ~0ull, 0, SBI_SUCCESS, 0, 64},
		{64, ~0ull, 1, SBI_ERR_INVALID_PARAM, 0, 0},
		{64, 1, 63, SBI_SUCCESS, 63, 1},
		{64, 1, 64, SBI_ERR_INVALID_PARAM, 0, 0},
		{64, 3, 63, SBI_ERR_INVALID_PARAM, 0, 0},
		{64, 1ull << 63, 0, SBI_SUCCESS, 63, 1},
		{64, ~0ull >> 1, 1, SBI_SUCCESS, 1, 63},
		{64, 0xff00, 40, SBI_SUCCESS, 48, 8},
		{64, 0, ~0ull, SBI_SUCCESS, 0, 64},
		{63, 1ull << 63, 0, SBI_ERR_INVALID_PARAM, 0, 0},
		/* Bit 0 of the base need not be a hart unless it is set. */
		{4, 1, 4, SBI_ERR_INVALID_PARAM, 0, 0},
		{4, 2, ~0ull - 1, SBI_ERR_INVALID_PARAM, 0, 0},
		{4, 1, 1ull << 32, SBI_ERR_INVALID_PARAM, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		mock_reset(rows[i].count);
		assert_error(CALL(SBI_EXT_IPI, SBI_IPI_SEND_IPI, rows[i].mask, rows[i].base),
			rows[i].error);
		assert_int_equal(interrupted(rows[i].first), rows[i].n);
	}
}

/* ---- RFENCE ---- */

static void test_fence_ranges(void **state)
{
	static const struct {
		uint64_t start, size;
		long error;
		uint64_t want_start, want_size;
	} rows[] = {
		{0, 0, SBI_SUCCESS, 0, ~0ull},
		{0x5000, ~0ull, SBI_SUCCESS, 0, ~0ull},
		{0, ~0ull, SBI_SUCCESS, 0, ~0ull},
		{0x5000, 0, SBI_SUCCESS, 0x5000, 0},
		{0x5000, 0x1000, SBI_SUCCESS, 0x5000, 0x1000},
		{0x5001, 1, SBI_SUCCESS, 0x5000, 0x1000},
		{0x5fff, 2, SBI_SUCCESS, 0x5000, 0x2000},
		{0, 1, SBI_SUCCESS, 0, 0x1000},
		{0xfffffffffffff000, 0x1000, SBI_SUCCESS, 0xfffffffffffff000, 0x1000},
		{0xffffffffffffffff, 1, SBI_SUCCESS, 0xfffffffffffff000, 0x1000},
		{1, ~0ull - 1, SBI_SUCCESS, 0, ~0ull},
		{0xfffffffffffff000, 0x1001, SBI_ERR_INVALID_ADDRESS, 0, 0},
		{0xffffffffffffffff, 2, SBI_ERR_INVALID_ADDRESS, 0, 0},
		{3, ~0ull - 1, SBI_ERR_INVALID_ADDRESS, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		bool done = rows[i].error == SBI_SUCCESS;

		mock_reset(2);
		assert_error(CALL(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 2, 0, rows[i].start,
				     rows[i].size),
			rows[i].error);
		assert_int_equal(mock.vcpu[0].fence, FENCE_NONE);
		assert_fence(1, done ? FENCE_SFENCE : FENCE_NONE, rows[i].want_start,
			rows[i].want_size, 0);
		mock_reset(2);
		assert_error(CALL(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 1, 1, rows[i].start,
				     rows[i].size, 77),
			rows[i].error);
		assert_fence(1, done ? FENCE_SFENCE_ASID : FENCE_NONE, rows[i].want_start,
			rows[i].want_size, done ? 77 : 0);
	}
}

static void test_rfence(void **state)
{
	(void)state;
	mock_reset(2);
	/* FENCE.I has no range: what is in its registers does not count. */
	assert_value(CALL(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 0, ~0ull, ~0ull, 2), 0);
	assert_fence(0, FENCE_I, 0, 0, 0);
	assert_fence(1, FENCE_I, 0, 0, 0);

	mock_reset(2);
	for (uint64_t fid = SBI_RFENCE_FENCE_I; fid <= SBI_RFENCE_SFENCE_VMA_ASID; fid++)
		assert_error(CALL(SBI_EXT_RFENCE, fid, 5, 0), SBI_ERR_INVALID_PARAM);
	assert_error(CALL(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 1, 0, 0, 0, 0x10000),
		SBI_ERR_INVALID_PARAM);
	for (uint64_t fid = SBI_RFENCE_HFENCE_GVMA_VMID; fid <= SBI_RFENCE_HFENCE_VVMA; fid++)
		assert_error(CALL(SBI_EXT_RFENCE, fid, 1), SBI_ERR_NOT_SUPPORTED);
	assert_fence(0, FENCE_NONE, 0, 0, 0);
	assert_fence(1, FENCE_NONE, 0, 0, 0);
	assert_value(CALL(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 1, 0, 0, 0, 0xffff), 0);
	assert_fence(0, FENCE_SFENCE_ASID, 0, ~0ull, 0xffff);
}

/* All are asked before the first is waited for; the caller waits for nobody but others. */
static void test_fence_waits(void **state)
{
	unsigned first_wait = ~0u, last_fence = 0;

	(void)state;
	mock_reset(64);
	assert_value(
		CALL(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 0xf00000000000000f, 0, 0x1000, 0x1000),
		0);
	for (unsigned i = 0; i < 64; i++) {
		const struct vcpu *v = &mock.vcpu[i];
		bool named = i < 4 || i >= 60;

		assert_int_equal(v->fenced_at != 0, named);
		assert_int_equal(v->waited_at != 0, named && i);
		if (v->waited_at && v->waited_at < first_wait)
			first_wait = v->waited_at;
		if (v->fenced_at > last_fence)
			last_fence = v->fenced_at;
	}
	assert_true(last_fence < first_wait);
	mock_reset(2);
	assert_value(CALL(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 1, 1), 0);
	assert_int_equal(mock.vcpu[1].fenced_at, 1);
	assert_int_equal(mock.vcpu[1].waited_at, 2);
	assert_int_equal(mock.moment, 2);
}

/* ---- HSM ---- */

static void test_hart_start(void **state)
{
	const uint64_t last = MOCK_RAM_BASE + MOCK_RAM_SIZE - 2;

	(void)state;
	mock_reset(2);
	assert_error(
		CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 2, MOCK_RAM_BASE), SBI_ERR_INVALID_PARAM);
	assert_error(
		CALL(SBI_EXT_HSM, SBI_HSM_HART_START, ~0ull, MOCK_RAM_BASE), SBI_ERR_INVALID_PARAM);
	assert_error(
		CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 0, MOCK_RAM_BASE), SBI_ERR_ALREADY_AVAILABLE);
	for (size_t i = 0; i < LENGTH(not_executable); i++)
		assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, not_executable[i]),
			SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(mock.vcpu[1].state, VCPU_STOPPED);
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last, 0xabc), 0);
	assert_int_equal(mock.vcpu[1].pc, last);
	assert_int_equal(mock.vcpu[1].opaque, 0xabc);
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last), SBI_ERR_ALREADY_AVAILABLE);
	mock.vcpu[1].state = VCPU_SUSPENDED;
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last), SBI_ERR_ALREADY_AVAILABLE);

	/* Another hart starts it between our look and our start. */
	mock_reset(2);
	mock.start_fails = true;
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last), SBI_ERR_ALREADY_AVAILABLE);
}

static void test_hart_status(void **state)
{
	(void)state;
	mock_reset(3);
	mock.vcpu[2].state = VCPU_SUSPENDED;
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_GET_STATUS, 0), SBI_HSM_STARTED);
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_GET_STATUS, 1), SBI_HSM_STOPPED);
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_GET_STATUS, 2), SBI_HSM_SUSPENDED);
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_GET_STATUS, 3), SBI_ERR_INVALID_PARAM);
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_GET_STATUS, 1ull << 32), SBI_ERR_INVALID_PARAM);
}

static void test_hart_stop(void **state)
{
	(void)state;
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_STOP), SBI_SUCCESS);
	assert_true(mock.vcpu[0].stopped);
}

static void test_hart_suspend(void **state)
{
	static const uint64_t other_types[] = {1, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000001,
		0x8fffffff, 0x90000000, 0xffffffff};
	const struct vcpu *v = &mock.vcpu[0];

	(void)state;
	for (size_t i = 0; i < LENGTH(other_types); i++)
		assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND, other_types[i], MOCK_RAM_BASE),
			SBI_ERR_INVALID_PARAM);
	for (size_t i = 0; i < LENGTH(not_executable); i++)
		assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND, SBI_HSM_SUSPEND_NON_RETENTIVE,
				     not_executable[i]),
			SBI_ERR_INVALID_ADDRESS);
	assert_false(v->suspended || v->suspended_nonretentive);

	/* The address is not looked at; the type is 32 bits wide. */
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND, 7ull << 32, 1), 0);
	assert_true(v->suspended && !v->suspended_nonretentive);
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND,
			     0xffffffff00000000 | SBI_HSM_SUSPEND_NON_RETENTIVE, MOCK_RAM_BASE + 4,
			     0xdef),
		SBI_SUCCESS);
	assert_true(v->suspended_nonretentive);
	assert_int_equal(v->pc, MOCK_RAM_BASE + 4);
	assert_int_equal(v->opaque, 0xdef);
}

/* ---- SUSP ---- */

static void test_system_suspend(void **state)
{
	static const uint64_t other_types[] = {1, 0x7fffffff, 0x80000000, 0xffffffff};
	const struct vcpu *v = &mock.vcpu[0];

	(void)state;
	mock_reset(3);
	for (size_t i = 0; i < LENGTH(other_types); i++)
		assert_error(
			CALL(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND, other_types[i], MOCK_RAM_BASE),
			SBI_ERR_INVALID_PARAM);
	for (size_t i = 0; i < LENGTH(not_executable); i++)
		assert_error(CALL(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND, 0, not_executable[i]),
			SBI_ERR_INVALID_ADDRESS);
	mock.vcpu[2].state = VCPU_SUSPENDED;
	assert_error(CALL(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND, 0, MOCK_RAM_BASE), SBI_ERR_DENIED);
	mock.vcpu[2].state = VCPU_RUNNING;
	assert_error(CALL(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND, 0, MOCK_RAM_BASE), SBI_ERR_DENIED);
	assert_false(v->suspended_nonretentive || v->suspended);
	mock.vcpu[2].state = VCPU_STOPPED;
	assert_error(
		CALL(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND, 3ull << 32, MOCK_RAM_BASE + 2, 0xfed),
		SBI_SUCCESS);
	assert_true(v->suspended_nonretentive);
	assert_int_equal(v->pc, MOCK_RAM_BASE + 2);
	assert_int_equal(v->opaque, 0xfed);
}

static void test_functions(void **state)
{
	(void)state;
	assert_no_function(SBI_EXT_IPI, SBI_IPI_SEND_IPI + 1);
	assert_no_function(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID + 1);
	assert_no_function(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND + 1);
	assert_no_function(SBI_EXT_SUSP, SBI_SUSP_SYSTEM_SUSPEND + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hart_masks),
		cmocka_unit_test(test_fence_ranges),
		cmocka_unit_test(test_rfence),
		cmocka_unit_test(test_fence_waits),
		cmocka_unit_test(test_hart_start),
		cmocka_unit_test(test_hart_status),
		cmocka_unit_test_setup(test_hart_stop, one_vcpu),
		cmocka_unit_test_setup(test_hart_suspend, one_vcpu),
		cmocka_unit_test(test_system_suspend),
		cmocka_unit_test_setup(test_functions, one_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
