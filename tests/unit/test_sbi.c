/* SPDX-License-Identifier: MIT */
/*
 * The SBI server against a hypervisor that writes down what it is asked for:
 * each function, each error that it can give, and what must not have happened
 * where one was given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "tests/unit/sbi_mock.h"

#define UNTOUCHED 0x1111222233334444l /* a1 before a call that must leave it alone */

static struct sbiret call_args(uint64_t eid, uint64_t fid, const uint64_t *args)
{
	uint64_t regs[8];

	memcpy(regs, args, 6 * sizeof(regs[0]));
	regs[6] = fid;
	regs[7] = eid;
	sbi_call(&mock.vcpu[0], regs);
	/* Nothing but a0 and a1 is the callee's. */
	assert_memory_equal(&regs[2], &args[2], 4 * sizeof(regs[0]));
	assert_int_equal(regs[6], fid);
	assert_int_equal(regs[7], eid);
	return (struct sbiret){(long)regs[0], (long)regs[1]};
}

#define CALL(eid, fid, ...)     call_args(eid, fid, (const uint64_t[6]){__VA_ARGS__})
#define assert_error(ret, want) assert_int_equal((ret).error, want)

static void assert_value(struct sbiret ret, uint64_t want)
{
	assert_error(ret, SBI_SUCCESS);
	assert_int_equal(ret.value, want);
}

static int one_vcpu(void **state)
{
	(void)state;
	mock_reset(1);
	return 0;
}

/* ---- the table and base ---- */

static void test_unknown(void **state)
{
	static const uint64_t eids[] = {0x09, 0x0f, 0x11, 0x504d55 /* PMU */, 0x4d505859 /* MPXY */,
		0x100000000 | SBI_EXT_TIME, 0x08000000, ~0ull};
	static const struct {
		uint64_t eid, functions;
	} known[] = {{SBI_EXT_BASE, 7}, {SBI_EXT_TIME, 1}, {SBI_EXT_IPI, 1}, {SBI_EXT_RFENCE, 3},
		{SBI_EXT_HSM, 4}, {SBI_EXT_SRST, 1}, {SBI_EXT_DBCN, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(eids) / sizeof(eids[0]); i++) {
		assert_error(CALL(eids[i], 0, 1, UNTOUCHED), SBI_ERR_NOT_SUPPORTED);
		assert_value(CALL(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, eids[i]), 0);
		assert_false(sbi_probe(eids[i]));
	}
	assert_int_equal(CALL(0x0f, 0, 1, UNTOUCHED).value, UNTOUCHED);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t n = known[i].functions;

		assert_error(CALL(known[i].eid, n), SBI_ERR_NOT_SUPPORTED);
		assert_error(CALL(known[i].eid, n + (1ull << 32)), SBI_ERR_NOT_SUPPORTED);
		assert_error(CALL(known[i].eid, ~0ull), SBI_ERR_NOT_SUPPORTED);
		assert_value(CALL(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, known[i].eid), 1);
	}
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

/* ---- hart masks ---- */

/* How many harts have a software interrupt; checks that they are `first`, `first` + 1, ... */
static unsigned interrupted(unsigned first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MOCK_VCPUS; i++) {
		if (!mock.vcpu[i].software_irq)
			continue;
		assert_int_equal(i, first + n);
		n++;
	}
	return n;
}

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
		{70, ~0ull, 0, SBI_SUCCESS, 0, 64},
		{70, ~0ull, 6, SBI_SUCCESS, 6, 64},
		{70, ~0ull, 7, SBI_ERR_INVALID_PARAM, 0, 0},
		{70, 0x3f, 64, SBI_SUCCESS, 64, 6},
		{70, 0, ~0ull, SBI_SUCCESS, 0, 70},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mock_reset(rows[i].count);
		assert_error(CALL(SBI_EXT_IPI, SBI_IPI_SEND_IPI, rows[i].mask, rows[i].base),
			rows[i].error);
		assert_int_equal(interrupted(rows[i].first), rows[i].n);
	}
}

/* ---- RFENCE ---- */

static void assert_fence(
	unsigned hart, enum mock_fence kind, uint64_t start, uint64_t size, uint64_t asid)
{
	const struct vcpu *v = &mock.vcpu[hart];

	assert_int_equal(v->fence, kind);
	assert_int_equal(v->start, start);
	assert_int_equal(v->size, size);
	assert_int_equal(v->asid, asid);
}

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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
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

/* ---- HSM ---- */

static const uint64_t not_executable[] = {0, MOCK_RAM_BASE - 2, MOCK_RAM_BASE + 1,
	MOCK_RAM_BASE + MOCK_RAM_SIZE, MOCK_RAM_BASE + MOCK_RAM_SIZE - 1, ~0ull, ~1ull};
#define N_NOT_EXECUTABLE (sizeof(not_executable) / sizeof(not_executable[0]))

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
	for (size_t i = 0; i < N_NOT_EXECUTABLE; i++)
		assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, not_executable[i]),
			SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(mock.vcpu[1].state, VCPU_STOPPED);
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last, 0xabc), 0);
	assert_int_equal(mock.vcpu[1].pc, last);
	assert_int_equal(mock.vcpu[1].opaque, 0xabc);
	assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_START, 1, last), SBI_ERR_ALREADY_AVAILABLE);
	mock.vcpu[1].state = VCPU_SUSPENDED;
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
	for (size_t i = 0; i < sizeof(other_types) / sizeof(other_types[0]); i++)
		assert_error(CALL(SBI_EXT_HSM, SBI_HSM_HART_SUSPEND, other_types[i], MOCK_RAM_BASE),
			SBI_ERR_INVALID_PARAM);
	for (size_t i = 0; i < N_NOT_EXECUTABLE; i++)
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

/* ---- SRST ---- */

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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mock_reset(1);
		assert_error(CALL(SBI_EXT_SRST, SBI_SRST_RESET, rows[i].type, rows[i].reason),
			rows[i].error);
		assert_int_equal(mock.shutdown, rows[i].shutdown);
		assert_int_equal(mock.failed, rows[i].failed);
		assert_int_equal(mock.reboot, rows[i].reboot);
	}
}

/* ---- DBCN ---- */

static void test_console_write(void **state)
{
	(void)state;
	memcpy(mock.ram + MOCK_RAM_SIZE - 5, "hello", 5);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 5, MOCK_RAM_BASE + MOCK_RAM_SIZE - 5), 5);
	assert_int_equal(mock.output_len, 5);
	assert_memory_equal(mock.output, "hello", 5);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, 0xffffff00 | '!'), 0);
	assert_int_equal(mock.output_len, 6);
	assert_int_equal(mock.output[5], '!');
}

static void test_console_bound(void **state)
{
	(void)state;
	/* A long transfer is cut, and core is not asked for memory that it does not move. */
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, MOCK_RAM_SIZE, MOCK_RAM_BASE), 256);
	assert_int_equal(mock.output_len, 256);
	assert_in_range(mock.ram_asked, 256, 257);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 256, MOCK_RAM_BASE), 256);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 0, ~0ull, ~0ull), 0);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 0, 0), 0);
}

static void test_console_read(void **state)
{
	(void)state;
	memset(mock.ram, 'x', 8);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 8, MOCK_RAM_BASE), 0);
	memcpy(mock.input, "abcdef", mock.input_len = 6);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 4, MOCK_RAM_BASE), 4);
	assert_memory_equal(mock.ram, "abcdxxxx", 8);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 8, MOCK_RAM_BASE), 2);
	assert_memory_equal(mock.ram, "efcdxxxx", 8);
}

static void test_console_addresses(void **state)
{
	static const uint64_t bad[][3] = {
		{1, 0, 0},
		{1, MOCK_RAM_BASE - 1, 0},
		{2, MOCK_RAM_BASE - 1, 0},
		{1, MOCK_RAM_BASE + MOCK_RAM_SIZE, 0},
		{2, MOCK_RAM_BASE + MOCK_RAM_SIZE - 1, 0},
		{MOCK_RAM_SIZE + 1, MOCK_RAM_BASE, 0},
		{~0ull, MOCK_RAM_BASE, 0},
		{~0ull, MOCK_RAM_BASE + 1, 0},
		{~0ull, MOCK_RAM_BASE + 2, 0},
		{1, MOCK_RAM_BASE, 1},
		{1, MOCK_RAM_BASE, ~0ull},
		{2, ~0ull, 0},
	};

	(void)state;
	memcpy(mock.input, "abc", mock.input_len = 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint64_t fid = SBI_DBCN_WRITE; fid <= SBI_DBCN_READ; fid++)
			assert_error(CALL(SBI_EXT_DBCN, fid, bad[i][0], bad[i][1], bad[i][2]),
				SBI_ERR_INVALID_PARAM);
	assert_int_equal(mock.output_len, 0);
	assert_int_equal(mock.input_len, 3);
}

/* ---- legacy ---- */

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
	mock.mask[0] = 0x6;
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), 0);
	assert_int_equal(interrupted(1), 2);
	mock_reset(4);
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, 0, 0, 0), 0);
	assert_int_equal(interrupted(0), 4);
	mock_reset(4);
	mock.mask[0] = 0x10;
	assert_int_equal(
		legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, 0x6ff8, 0, 0), SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(interrupted(0), 0);

	/* More harts than a word has bits. */
	mock_reset(70);
	mock.mask[0] = 1ull << 63;
	mock.mask[1] = 3;
	assert_int_equal(legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA, 0, 0), 0);
	assert_int_equal(interrupted(63), 3);
	assert_int_equal(
		legacy(SBI_EXT_LEGACY_SEND_IPI, MOCK_MASK_VA + 8, 0, 0), SBI_ERR_INVALID_ADDRESS);
}

static void test_legacy_fences(void **state)
{
	(void)state;
	mock_reset(2);
	mock.mask[0] = 2;
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
		cmocka_unit_test_setup(test_unknown, one_vcpu),
		cmocka_unit_test_setup(test_base, one_vcpu),
		cmocka_unit_test_setup(test_time, one_vcpu),
		cmocka_unit_test(test_hart_masks),
		cmocka_unit_test(test_fence_ranges),
		cmocka_unit_test(test_rfence),
		cmocka_unit_test(test_hart_start),
		cmocka_unit_test(test_hart_status),
		cmocka_unit_test_setup(test_hart_stop, one_vcpu),
		cmocka_unit_test_setup(test_hart_suspend, one_vcpu),
		cmocka_unit_test(test_reset),
		cmocka_unit_test_setup(test_console_write, one_vcpu),
		cmocka_unit_test_setup(test_console_bound, one_vcpu),
		cmocka_unit_test_setup(test_console_read, one_vcpu),
		cmocka_unit_test_setup(test_console_addresses, one_vcpu),
		cmocka_unit_test_setup(test_legacy_simple, one_vcpu),
		cmocka_unit_test(test_legacy_masks),
		cmocka_unit_test(test_legacy_fences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
