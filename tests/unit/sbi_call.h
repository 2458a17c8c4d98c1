/* SPDX-License-Identifier: MIT */
/*
 * SBI calls of mock.caller against the hypervisor of sbi_mock.h. Each test of an
 * extension looks at every function, each error that it can give, and what must
 * not have happened where one was given.
 */
#ifndef VESPER_TESTS_UNIT_SBI_CALL_H
#define VESPER_TESTS_UNIT_SBI_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "tests/unit/sbi_mock.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define UNTOUCHED     0x1111222233334444l /* a1 before a call that must leave it alone */

static inline struct sbiret call_args(uint64_t eid, uint64_t fid, const uint64_t *args)
{
	uint64_t regs[8];

	memcpy(regs, args, 6 * sizeof(regs[0]));
	regs[6] = fid;
	regs[7] = eid;
	return sbi_call(&mock.vcpu[mock.caller], regs);
}

#define CALL(eid, fid, ...)     call_args(eid, fid, (const uint64_t[6]){__VA_ARGS__})
#define assert_error(ret, want) assert_int_equal((ret).error, want)

static inline void assert_value(struct sbiret ret, uint64_t want)
{
	assert_error(ret, SBI_SUCCESS);
	assert_int_equal(ret.value, want);
}

/* Functions past the last of an extension, whatever is in the upper half. */
static inline void assert_no_function(uint64_t eid, uint64_t fid)
{
	assert_error(CALL(eid, fid), SBI_ERR_NOT_SUPPORTED);
	assert_error(CALL(eid, fid + (1ull << 32)), SBI_ERR_NOT_SUPPORTED);
	assert_error(CALL(eid, ~0ull), SBI_ERR_NOT_SUPPORTED);
	assert_value(CALL(SBI_EXT_BASE, SBI_BASE_PROBE_EXTENSION, eid), 1);
}

static inline int one_vcpu(void **state)
{
	(void)state;
	mock_reset(1);
	return 0;
}

/* How many harts have a software interrupt; checks that they are `first`, `first` + 1, ... */
static inline unsigned interrupted(unsigned first)
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

static inline void assert_fence(
	unsigned hart, enum mock_fence kind, uint64_t start, uint64_t size, uint64_t asid)
{
	const struct vcpu *v = &mock.vcpu[hart];

	assert_int_equal(v->fence, kind);
	assert_int_equal(v->start, start);
	assert_int_equal(v->size, size);
	assert_int_equal(v->asid, asid);
}

/* Addresses at which no hart can start. */
static const uint64_t not_executable[] = {0, MOCK_RAM_BASE - 2, MOCK_RAM_BASE + 1,
	MOCK_RAM_BASE + MOCK_RAM_SIZE, MOCK_RAM_BASE + MOCK_RAM_SIZE - 1, ~0ull, ~1ull};

/* Shared memory of `size` bytes that is not, each as (lo, hi): size's multiples all. */
static inline void not_shared(uint64_t size, uint64_t out[8][2])
{
	const uint64_t rows[8][2] = {{0, 0}, {MOCK_RAM_BASE - size, 0},
		{MOCK_RAM_BASE + MOCK_RAM_SIZE, 0}, {MOCK_RAM_BASE, 1}, {MOCK_RAM_BASE, ~0ull},
		{-size, 0}, {-size, ~0ull}, {1ull << 63, 0}};

	memcpy(out, rows, sizeof(rows));
}

#endif
