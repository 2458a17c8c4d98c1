/* SPDX-License-Identifier: MIT */
/*
 * Performance counters: which there are, what they can count, and that they
 * count no more and no less than what happens while they are started.
 */
#include "tests/unit/sbi_call.h"

#define CYCLE     SBI_PMU_CYCLE
#define INSTRET   SBI_PMU_INSTRET
#define FW        SBI_PMU_FIRMWARE
#define ALL       ((1ull << SBI_PMU_HPM) - 1 - 2) /* number 1 is `time` */
#define FW_EVENT  SBI_PMU_EVENT_FIRMWARE
#define SHMEM     (MOCK_RAM_BASE + 0x1000)
#define RAM_WORDS ((uint64_t *)(void *)(mock.ram + 0x1000))

static struct sbiret configure(uint64_t base, uint64_t mask, uint64_t flags, uint64_t event)
{
	return CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, base, mask, flags, event, 0);
}

static struct sbiret start(uint64_t base, uint64_t mask, uint64_t flags, uint64_t value)
{
	return CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_START, base, mask, flags, value);
}

static struct sbiret stop(uint64_t base, uint64_t mask, uint64_t flags)
{
	return CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, base, mask, flags);
}

static struct sbiret fw_read(uint64_t n)
{
	return CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_FW_READ, n);
}

static void assert_csr(unsigned csr, uint64_t want)
{
	uint64_t value = ~want;

	assert_true(sbi_pmu_read_csr(&mock.vcpu[0], csr, &value));
	assert_int_equal(value, want);
}

static void test_info(void **state)
{
	static const uint64_t invalid[] = {1, SBI_PMU_HPM, 63, 64, 1ull << 32, ~0ull};

	(void)state;
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_NUM_COUNTERS), SBI_PMU_HPM);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, CYCLE), 0xc00 | 63 << 12);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, INSTRET), 0xc02 | 63 << 12);
	for (uint64_t n = FW; n < SBI_PMU_HPM; n++)
		assert_value(CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, n), 1ull << 63 | 63 << 12);
	for (size_t i = 0; i < LENGTH(invalid); i++)
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, invalid[i]),
			SBI_ERR_INVALID_PARAM);
	assert_no_function(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO + 1);
}

/* ---- configuration ---- */

static void test_matching(void **state)
{
	(void)state;
	assert_value(configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	assert_value(configure(0, ALL, 0, SBI_PMU_HW_INSTRUCTIONS), INSTRET);
	/* There is one of each, and it is taken. */
	assert_error(configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES), SBI_ERR_NOT_SUPPORTED);
	for (uint64_t n = FW; n < SBI_PMU_HPM; n++)
		assert_value(configure(0, ALL, 0, FW_EVENT | SBI_PMU_FW_IPI_SENT), n);
	assert_error(configure(0, ALL, 0, FW_EVENT | SBI_PMU_FW_IPI_SENT), SBI_ERR_NOT_SUPPORTED);
	assert_error(stop(FW + 2, 1, SBI_PMU_STOP_RESET), SBI_ERR_ALREADY_STOPPED);
	assert_value(configure(0, ALL, 0, FW_EVENT | SBI_PMU_FW_IPI_SENT), FW + 2);
	/* Sets that begin elsewhere, and that hold nothing which could do. */
	one_vcpu(state);
	assert_value(configure(FW + 1, 0xff, 0, FW_EVENT), FW + 1);
	assert_value(configure(1, 2, 0, SBI_PMU_HW_INSTRUCTIONS), INSTRET);
	assert_error(configure(CYCLE, 1, 0, SBI_PMU_HW_INSTRUCTIONS), SBI_ERR_NOT_SUPPORTED);
	assert_error(configure(FW, 1, 0, SBI_PMU_HW_CPU_CYCLES), SBI_ERR_NOT_SUPPORTED);
	assert_error(configure(CYCLE, 1, 0, FW_EVENT), SBI_ERR_NOT_SUPPORTED);
	assert_error(configure(0, 0, 0, FW_EVENT), SBI_ERR_NOT_SUPPORTED);
}

static void test_skip_match(void **state)
{
	(void)state;
	assert_value(configure(0, 5, SBI_PMU_CFG_SKIP_MATCH, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	assert_value(configure(0, 4, SBI_PMU_CFG_SKIP_MATCH, SBI_PMU_HW_INSTRUCTIONS), INSTRET);
	assert_error(configure(0, 5, SBI_PMU_CFG_SKIP_MATCH, SBI_PMU_HW_INSTRUCTIONS),
		SBI_ERR_NOT_SUPPORTED);
	assert_error(configure(9, 0, SBI_PMU_CFG_SKIP_MATCH, FW_EVENT), SBI_ERR_NOT_SUPPORTED);
	/* It may be in use: then it gets the new event, and is stopped. */
	assert_value(
		configure(FW, 6, SBI_PMU_CFG_AUTO_START, FW_EVENT | SBI_PMU_FW_SET_TIMER), FW + 1);
	assert_value(
		configure(FW, 6, SBI_PMU_CFG_SKIP_MATCH, FW_EVENT | SBI_PMU_FW_IPI_SENT), FW + 1);
	mock.vcpu[0].events[SBI_PMU_FW_IPI_SENT] = mock.vcpu[0].events[SBI_PMU_FW_SET_TIMER] = 5;
	assert_value(fw_read(FW + 1), 0);
	assert_value(start(FW + 1, 1, 0, 0), 0);
	mock.vcpu[0].events[SBI_PMU_FW_IPI_SENT] += 3;
	assert_value(fw_read(FW + 1), 3);
}

static void test_unknown_events(void **state)
{
	static const uint64_t events[] = {0, 3, 10, 11, 0xffff, SBI_PMU_EVENT_CACHE,
		SBI_PMU_EVENT_CACHE | 2, SBI_PMU_EVENT_RAW, SBI_PMU_EVENT_RAW_V2, 0x40000, 0xe0000,
		FW_EVENT | 14, FW_EVENT | 21, FW_EVENT | 22, FW_EVENT | 255, FW_EVENT | 256,
		FW_EVENT | 0xffff, 0x100000, 0x100001, 1ull << 32 | 1, ~0ull};

	(void)state;
	for (size_t i = 0; i < LENGTH(events); i++)
		assert_error(configure(0, ALL, 0, events[i]), SBI_ERR_NOT_SUPPORTED);
	for (uint64_t code = 0; code < 14; code++)
		assert_value(configure(0, ALL, 0, FW_EVENT | code), FW + code);
	/* All of these have no data. */
	assert_error(
		CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, 0, ALL, 0, 1, 1), SBI_ERR_NOT_SUPPORTED);
	assert_error(CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, 0, ALL, 0, FW_EVENT, 1ull << 63),
		SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(mock.vcpu[0].trapped_counters, 0);
}

static void test_sets(void **state)
{
	static const uint64_t bad[][2] = {
		{0, 2},
		{1, 1},
		{0, ALL | 2},
		{0, 1ull << SBI_PMU_HPM},
		{SBI_PMU_HPM, 1},
		{0, ~0ull},
		{0, 1ull << 63},
		{64, 1},
		{~0ull, 1},
		{~0ull, 2},
		{1ull << 32, 1},
		{60, 0x10},
		{18, 3},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++) {
		uint64_t base = bad[i][0], mask = bad[i][1];

		assert_error(
			configure(base, mask, 0, SBI_PMU_HW_CPU_CYCLES), SBI_ERR_INVALID_PARAM);
		assert_error(start(base, mask, 0, 0), SBI_ERR_INVALID_PARAM);
		assert_error(stop(base, mask, 0), SBI_ERR_INVALID_PARAM);
	}
	assert_value(configure(0, ALL, 0xf8, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t flag = 1ull << bit;

		if (bit >= 8)
			assert_error(configure(0, ALL, flag, FW_EVENT), SBI_ERR_INVALID_PARAM);
		if (bit >= 2) {
			assert_error(start(CYCLE, 1, flag, 0), SBI_ERR_INVALID_PARAM);
			assert_error(stop(CYCLE, 1, flag), SBI_ERR_INVALID_PARAM);
		}
	}
	/* An initial value and a snapshot exclude each other. */
	assert_error(start(CYCLE, 1, 3, 0), SBI_ERR_INVALID_PARAM);
	/* A counter without an event does not start, and nothing else of its set does. */
	assert_error(start(0, 1 << CYCLE | 1 << INSTRET, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_value(start(CYCLE, 1, 0, 0), 0);
	/* None is no mistake. */
	assert_value(start(0, 0, 0, 0), 0);
	assert_value(stop(~0ull, 0, 0), 0);
}

/* ---- counting ---- */

static void test_hardware(void **state)
{
	struct vcpu *v = &mock.vcpu[0];
	uint64_t unused;

	(void)state;
	v->raw[VCPU_CYCLES] = 1000;
	v->raw[VCPU_INSTRUCTIONS] = 500;
	assert_csr(0xc00, 1000);
	assert_value(configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	assert_int_equal(v->trapped_counters, 1 << CYCLE);
	/* It keeps its value, and stands. */
	v->raw[VCPU_CYCLES] += 50;
	assert_csr(0xc00, 1000);
	assert_csr(0xc02, 500);
	assert_value(start(CYCLE, 1, 0, 77), 0);
	v->raw[VCPU_CYCLES] += 5;
	assert_csr(0xc00, 1005);
	assert_error(start(CYCLE, 1, SBI_PMU_START_SET_INIT_VALUE, 0), SBI_ERR_ALREADY_STARTED);
	assert_csr(0xc00, 1005);
	assert_value(stop(CYCLE, 1, 0), 0);
	assert_error(stop(CYCLE, 1, 0), SBI_ERR_ALREADY_STOPPED);
	v->raw[VCPU_CYCLES] += 5;
	assert_csr(0xc00, 1005);
	assert_value(start(CYCLE, 1, SBI_PMU_START_SET_INIT_VALUE, ~0ull - 1), 0);
	v->raw[VCPU_CYCLES] += 4;
	assert_csr(0xc00, 2);
	assert_value(configure(0, ALL, SBI_PMU_CFG_CLEAR_VALUE | SBI_PMU_CFG_AUTO_START,
			     SBI_PMU_HW_INSTRUCTIONS),
		INSTRET);
	assert_int_equal(v->trapped_counters, 1 << CYCLE | 1 << INSTRET);
	v->raw[VCPU_INSTRUCTIONS] += 9;
	assert_csr(0xc02, 9);
	/* Given back: the hart's own again. */
	assert_value(stop(0, 1 << CYCLE | 1 << INSTRET, SBI_PMU_STOP_RESET), 0);
	assert_int_equal(v->trapped_counters, 0);
	assert_csr(0xc00, v->raw[VCPU_CYCLES]);
	assert_csr(0xc02, v->raw[VCPU_INSTRUCTIONS]);
	assert_error(start(CYCLE, 1, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_false(sbi_pmu_read_csr(v, 0xc01, &unused));
	assert_false(sbi_pmu_read_csr(v, 0xc03, &unused));
	assert_false(sbi_pmu_read_csr(v, 0xc12, &unused));
	assert_false(sbi_pmu_read_csr(v, 0xc80, &unused));
	assert_false(sbi_pmu_read_csr(v, 0x300, &unused));
	assert_false(sbi_pmu_read_csr(v, 0, &unused));
}

static void test_firmware(void **state)
{
	struct vcpu *v = &mock.vcpu[0];

	(void)state;
	v->events[SBI_PMU_FW_SET_TIMER] = 40;
	assert_value(fw_read(FW), 0);
	assert_value(configure(FW, 1, SBI_PMU_CFG_AUTO_START, FW_EVENT | SBI_PMU_FW_SET_TIMER), FW);
	v->events[SBI_PMU_FW_SET_TIMER] += 2;
	v->events[SBI_PMU_FW_IPI_SENT] += 100;
	assert_value(fw_read(FW), 2);
	assert_value(stop(FW, 1, 0), 0);
	v->events[SBI_PMU_FW_SET_TIMER] += 2;
	assert_value(fw_read(FW), 2);
	assert_value(start(FW, 1, SBI_PMU_START_SET_INIT_VALUE, 1ull << 63), 0);
	v->events[SBI_PMU_FW_SET_TIMER] += 1;
	assert_value(fw_read(FW), 1ull << 63 | 1);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_FW_READ_HI, FW), 0);
	assert_int_equal(v->trapped_counters, 0);
	for (uint64_t fid = SBI_PMU_COUNTER_FW_READ; fid <= SBI_PMU_COUNTER_FW_READ_HI; fid++) {
		static const uint64_t others[] = {
			CYCLE, 1, INSTRET, SBI_PMU_HPM, 64 + FW, 1ull << 32 | FW, ~0ull};

		for (size_t i = 0; i < LENGTH(others); i++)
			assert_error(CALL(SBI_EXT_PMU, fid, others[i]), SBI_ERR_INVALID_PARAM);
	}
}

/* One that is already there makes an error, but the others of the set obey. */
static void test_mixed_sets(void **state)
{
	struct vcpu *v = &mock.vcpu[0];

	(void)state;
	configure(FW, 7, SBI_PMU_CFG_AUTO_START, FW_EVENT | SBI_PMU_FW_SET_TIMER);
	configure(FW, 7, 0, FW_EVENT | SBI_PMU_FW_SET_TIMER);
	assert_error(start(FW, 3, SBI_PMU_START_SET_INIT_VALUE, 10), SBI_ERR_ALREADY_STARTED);
	v->events[SBI_PMU_FW_SET_TIMER] = 1;
	assert_value(fw_read(FW), 1);
	assert_value(fw_read(FW + 1), 11);
	assert_value(stop(FW + 1, 1, 0), 0);
	assert_error(stop(FW, 3, SBI_PMU_STOP_RESET), SBI_ERR_ALREADY_STOPPED);
	v->events[SBI_PMU_FW_SET_TIMER] = 2;
	assert_value(fw_read(FW), 1);
	assert_value(configure(FW, 7, 0, FW_EVENT), FW);
}

/* ---- shared memory ---- */

static void test_snapshot(void **state)
{
	struct vcpu *v = &mock.vcpu[0];

	(void)state;
	configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES);
	configure(0, ALL, 0, FW_EVENT | SBI_PMU_FW_SET_TIMER);
	assert_error(start(CYCLE, 1, SBI_PMU_START_INIT_SNAPSHOT, 0), SBI_ERR_NO_SHMEM);
	assert_value(start(CYCLE, 1, 0, 0), 0);
	assert_error(stop(CYCLE, 1, SBI_PMU_STOP_TAKE_SNAPSHOT), SBI_ERR_NO_SHMEM);
	assert_error(start(CYCLE, 1, 0, 0), SBI_ERR_ALREADY_STARTED); /* it did not stop */
	assert_value(stop(CYCLE, 1, 0), 0);

	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, SHMEM, 0, 0), 0);
	memset(mock.ram, 0xee, MOCK_RAM_SIZE);
	RAM_WORDS[1 + CYCLE] = 100;
	RAM_WORDS[1 + FW] = 200;
	assert_value(start(0, 1 << CYCLE | 1 << FW, SBI_PMU_START_INIT_SNAPSHOT, 7), 0);
	v->raw[VCPU_CYCLES] += 11;
	v->events[SBI_PMU_FW_SET_TIMER] += 22;
	assert_value(stop(0, 1 << CYCLE | 1 << FW, SBI_PMU_STOP_TAKE_SNAPSHOT), 0);
	assert_int_equal(RAM_WORDS[0], 0);
	assert_int_equal(RAM_WORDS[1 + CYCLE], 111);
	assert_int_equal(RAM_WORDS[1 + FW], 222);
	/* Nothing else is written, here or around. */
	assert_int_equal(RAM_WORDS[1 + INSTRET], 0xeeeeeeeeeeeeeeee);
	assert_int_equal(RAM_WORDS[2 + FW], 0xeeeeeeeeeeeeeeee);
	assert_int_equal(RAM_WORDS[512], 0xeeeeeeeeeeeeeeee);
	/* Values are counted from the base of the call. */
	assert_error(stop(FW, 1, SBI_PMU_STOP_TAKE_SNAPSHOT), SBI_ERR_ALREADY_STOPPED);
	assert_int_equal(RAM_WORDS[1], 222);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, ~0ull, ~0ull, 0), 0);
	assert_error(start(CYCLE, 1, SBI_PMU_START_INIT_SNAPSHOT, 0), SBI_ERR_NO_SHMEM);
}

static void test_snapshot_addresses(void **state)
{
	static const uint64_t unaligned[] = {SHMEM + 1, SHMEM + 8, SHMEM + 2048, ~0ull, 1};
	uint64_t elsewhere[8][2];

	(void)state;
	for (size_t i = 0; i < LENGTH(unaligned); i++)
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, unaligned[i], 0, 0),
			SBI_ERR_INVALID_PARAM);
	not_shared(4096, elsewhere);
	for (size_t i = 0; i < LENGTH(elsewhere); i++)
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, elsewhere[i][0],
				     elsewhere[i][1], 0),
			SBI_ERR_INVALID_ADDRESS);
	for (unsigned bit = 0; bit < 64; bit++)
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, SHMEM, 0, 1ull << bit),
			SBI_ERR_INVALID_PARAM);
	configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES);
	assert_error(start(CYCLE, 1, SBI_PMU_START_INIT_SNAPSHOT, 0), SBI_ERR_NO_SHMEM);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM,
			     MOCK_RAM_BASE + MOCK_RAM_SIZE - 4096, 0, 0),
		0);
}

struct entry {
	uint32_t event, output;
	uint64_t data;
};

static void test_event_info(void **state)
{
	static const struct {
		uint32_t event;
		uint64_t data;
		uint32_t want;
	} rows[] = {
		{1, 0, 1},
		{2, 0, 1},
		/* Data is not looked at where an event has none. */
		{1, 99, 1},
		{0, 0, 0},
		{3, 0, 0},
		{0x10000, 0, 0},
		{0x20000, 5, 0},
		{0x30000, 5, 0},
		{0xf0000, 0, 1},
		{0xf000d, 0, 1},
		{0xf000d, 1, 0},
		{0xf000e, 0, 0},
		{0xfffff, 0, 0},
	};
	struct entry *entries = (struct entry *)(void *)mock.ram;

	(void)state;
	memset(mock.ram, 0xee, MOCK_RAM_SIZE);
	for (size_t i = 0; i < LENGTH(rows); i++)
		entries[i] = (struct entry){rows[i].event, 0xffffffff, rows[i].data};
	assert_value(
		CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, LENGTH(rows), 0), 0);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(entries[i].output, rows[i].want);
		assert_int_equal(entries[i].event, rows[i].event);
		assert_int_equal(entries[i].data, rows[i].data);
	}
	assert_int_equal(entries[LENGTH(rows)].output, 0xeeeeeeee);
	for (unsigned bit = 20; bit < 32; bit++) {
		entries[1].event = 1u << bit | 1;
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 2, 0),
			SBI_ERR_INVALID_PARAM);
	}
}

static void test_event_info_addresses(void **state)
{
	uint64_t elsewhere[8][2];

	(void)state;
	not_shared(16, elsewhere);
	for (size_t i = 0; i < LENGTH(elsewhere); i++)
		assert_error(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, elsewhere[i][0],
				     elsewhere[i][1], 1, 0),
			SBI_ERR_INVALID_ADDRESS);
	for (unsigned low = 1; low < 16; low++)
		assert_error(
			CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE + low, 0, 1, 0),
			SBI_ERR_INVALID_PARAM);
	for (unsigned bit = 0; bit < 64; bit++)
		assert_error(
			CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 1, 1ull << bit),
			SBI_ERR_INVALID_PARAM);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE + MOCK_RAM_SIZE - 32,
			     0, 2, 0),
		0);
	assert_error(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE + MOCK_RAM_SIZE - 32,
			     0, 3, 0),
		SBI_ERR_INVALID_ADDRESS);
	/* More entries than there are events: too much for one call. */
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 512, 0), 0);
	assert_error(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 513, 0),
		SBI_ERR_FAILED);
	assert_error(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 1ull << 60, 0),
		SBI_ERR_FAILED);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, 0, 0), 0);
}

/* ---- programmable counters ---- */

#define HPM     SBI_PMU_HPM
#define N_HPM   3
#define ALL_HPM ((1ull << N_HPM) - 1)
#define CSR(i)  (MOCK_HPM_CSR + 2 * (i))

static int with_programmable(void **state)
{
	one_vcpu(state);
	mock.hpm_counters = N_HPM;
	return 0;
}

static void test_hpm_info(void **state)
{
	uint64_t unused;

	(void)state;
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_NUM_COUNTERS), HPM + N_HPM);
	for (uint64_t i = 0; i < N_HPM; i++)
		assert_value(
			CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, HPM + i), CSR(i) | 47 << 12);
	assert_error(
		CALL(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, HPM + N_HPM), SBI_ERR_INVALID_PARAM);
	assert_error(fw_read(HPM), SBI_ERR_INVALID_PARAM);
	assert_error(start(HPM + N_HPM, 1, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_error(stop(HPM, 1 << N_HPM, 0), SBI_ERR_INVALID_PARAM);
	assert_csr(CSR(0), 0);
	assert_csr(CSR(N_HPM - 1), 0);
	assert_false(sbi_pmu_read_csr(&mock.vcpu[0], CSR(N_HPM), &unused));
	assert_false(sbi_pmu_read_csr(&mock.vcpu[0], CSR(0) + 1, &unused));
}

static void test_hpm_matching(void **state)
{
	const struct mock_hpm *hpm = mock.vcpu[0].hpm;

	(void)state;
	assert_value(configure(0, ALL | ALL_HPM << HPM, 0, MOCK_CACHE_EVENT), HPM);
	assert_int_equal(hpm[0].event, MOCK_CACHE_EVENT);
	/* `cycle` first, then any. */
	assert_value(configure(0, ALL | ALL_HPM << HPM, 0, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	assert_value(configure(0, ALL | ALL_HPM << HPM, 0xf8, SBI_PMU_HW_CPU_CYCLES), HPM + 1);
	assert_int_equal(hpm[1].inhibit & 0xf8, 0xf8);
	assert_error(CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, HPM, ALL_HPM, 0, SBI_PMU_EVENT_RAW,
			     MOCK_RAW_DATA + 1),
		SBI_ERR_NOT_SUPPORTED);
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, HPM, ALL_HPM, 0, SBI_PMU_EVENT_RAW,
			     MOCK_RAW_DATA),
		HPM + 2);
	assert_error(configure(HPM, ALL_HPM, 0, MOCK_CACHE_EVENT), SBI_ERR_NOT_SUPPORTED);
	assert_error(configure(HPM, ALL_HPM, 0, FW_EVENT), SBI_ERR_NOT_SUPPORTED);
	/* Those before do not do what these can. */
	assert_int_equal(mock.vcpu[0].trapped_counters, 1 << CYCLE);
	assert_error(stop(HPM + 1, 1, SBI_PMU_STOP_RESET), SBI_ERR_ALREADY_STOPPED);
	assert_false(hpm[1].configured);
	assert_error(configure(0, ALL, 0, MOCK_CACHE_EVENT), SBI_ERR_NOT_SUPPORTED);
	assert_value(configure(HPM, ALL_HPM, 0, MOCK_CACHE_EVENT), HPM + 1);
	/* One that gets an event which can't be counted has none. */
	assert_error(configure(HPM, 1, SBI_PMU_CFG_SKIP_MATCH, 0x10000), SBI_ERR_NOT_SUPPORTED);
	assert_false(hpm[0].configured);
	assert_error(start(HPM, 1, 0, 0), SBI_ERR_INVALID_PARAM);
}

static void test_hpm_prefers_interrupts(void **state)
{
	(void)state;
	mock.hpm_overflows = true;
	assert_value(configure(0, ALL | ALL_HPM << HPM, 0, SBI_PMU_HW_CPU_CYCLES), HPM);
	assert_value(configure(0, ALL, 0, SBI_PMU_HW_CPU_CYCLES), CYCLE);
	/* This one only `instret` can. */
	assert_value(configure(0, ALL | ALL_HPM << HPM, 0, SBI_PMU_HW_INSTRUCTIONS), INSTRET);
	assert_false(mock.vcpu[0].hpm[1].configured);
}

static void test_hpm_unknown_events(void **state)
{
	static const uint64_t events[] = {
		0, 0x10000, 0x30001, 0x40000, 0xe0000, 0x110019, 1ull << 32 | 1, ~0ull};

	(void)state;
	for (size_t i = 0; i < LENGTH(events); i++)
		assert_error(configure(HPM, ALL_HPM, 0, events[i]), SBI_ERR_NOT_SUPPORTED);
	assert_error(
		CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, HPM, ALL_HPM, 0, MOCK_CACHE_EVENT, 1),
		SBI_ERR_NOT_SUPPORTED);
	assert_error(
		CALL(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING, 0, ALL, 0, 1, 1), SBI_ERR_NOT_SUPPORTED);
}

static void test_hpm_counts(void **state)
{
	struct mock_hpm *hpm = mock.vcpu[0].hpm;

	(void)state;
	assert_value(configure(HPM, ALL_HPM, SBI_PMU_CFG_CLEAR_VALUE, MOCK_CACHE_EVENT), HPM);
	assert_csr(CSR(0), 0);
	assert_value(start(HPM, 1, SBI_PMU_START_SET_INIT_VALUE, 50), 0);
	assert_int_equal(hpm[0].value, 50);
	hpm[0].value += 7;
	assert_csr(CSR(0), 57);
	assert_error(start(HPM, 1, SBI_PMU_START_SET_INIT_VALUE, 50), SBI_ERR_ALREADY_STARTED);
	assert_csr(CSR(0), 57);
	assert_value(stop(HPM, 1, 0), 0);
	assert_false(hpm[0].started);
	hpm[0].value = 1000;
	assert_csr(CSR(0), 57);
	assert_value(start(HPM, 1, 0, 99), 0);
	assert_int_equal(hpm[0].value, 57);
	/* A new event for one that counts stops it. */
	assert_value(configure(HPM, 1, SBI_PMU_CFG_SKIP_MATCH, SBI_PMU_HW_CPU_CYCLES), HPM);
	assert_false(hpm[0].started);
	assert_csr(CSR(0), 57);
	assert_value(
		configure(HPM, 1,
			SBI_PMU_CFG_SKIP_MATCH | SBI_PMU_CFG_CLEAR_VALUE | SBI_PMU_CFG_AUTO_START,
			SBI_PMU_HW_CPU_CYCLES),
		HPM);
	assert_true(hpm[0].started);
	assert_csr(CSR(0), 0);
	assert_value(stop(HPM, 1, SBI_PMU_STOP_RESET), 0);
	assert_false(hpm[0].configured);
}

static void test_hpm_overflow(void **state)
{
	struct mock_hpm *hpm = mock.vcpu[0].hpm;

	(void)state;
	mock.hpm_overflows = true;
	assert_value(CALL(SBI_EXT_PMU, SBI_PMU_SNAPSHOT_SET_SHMEM, SHMEM, 0, 0), 0);
	for (unsigned i = 0; i < N_HPM; i++)
		configure(HPM, ALL_HPM, SBI_PMU_CFG_AUTO_START, MOCK_CACHE_EVENT);
	hpm[0].overflown = hpm[2].overflown = true;
	hpm[0].value = 5;
	hpm[2].value = 6;
	assert_value(stop(HPM + 1, 3, SBI_PMU_STOP_TAKE_SNAPSHOT), 0);
	assert_int_equal(RAM_WORDS[0], 2);
	assert_int_equal(RAM_WORDS[2], 6);
	assert_error(stop(0, ALL_HPM << HPM, SBI_PMU_STOP_TAKE_SNAPSHOT), SBI_ERR_ALREADY_STOPPED);
	assert_int_equal(RAM_WORDS[0], 5ull << HPM);
	assert_int_equal(RAM_WORDS[1 + HPM], 5);
	/* No counters, from anywhere. */
	assert_value(stop(~0ull, 0, SBI_PMU_STOP_TAKE_SNAPSHOT), 0);
	assert_int_equal(RAM_WORDS[0], 0);
	/* A start forgets it. */
	assert_value(start(HPM, 1, 0, 0), 0);
	assert_error(stop(HPM, 7, SBI_PMU_STOP_TAKE_SNAPSHOT), SBI_ERR_ALREADY_STOPPED);
	assert_int_equal(RAM_WORDS[0], 4);
}

static void test_hpm_event_info(void **state)
{
	static const struct entry want[] = {{MOCK_CACHE_EVENT, 1, 99}, {0x10000, 0, 0}, {1, 1, 0},
		{2, 1, 0}, {SBI_PMU_EVENT_RAW, 1, MOCK_RAW_DATA}, {SBI_PMU_EVENT_RAW, 0, 0},
		{SBI_PMU_EVENT_RAW_V2, 0, MOCK_RAW_DATA}, {FW_EVENT, 1, 0}, {0x40000, 0, 0}};
	struct entry *entries = (struct entry *)(void *)mock.ram;

	(void)state;
	memcpy(entries, want, sizeof(want));
	assert_value(
		CALL(SBI_EXT_PMU, SBI_PMU_EVENT_GET_INFO, MOCK_RAM_BASE, 0, LENGTH(want), 0), 0);
	for (size_t i = 0; i < LENGTH(want); i++)
		assert_int_equal(entries[i].output, want[i].output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_info, one_vcpu),
		cmocka_unit_test_setup(test_matching, one_vcpu),
		cmocka_unit_test_setup(test_skip_match, one_vcpu),
		cmocka_unit_test_setup(test_unknown_events, one_vcpu),
		cmocka_unit_test_setup(test_sets, one_vcpu),
		cmocka_unit_test_setup(test_hardware, one_vcpu),
		cmocka_unit_test_setup(test_firmware, one_vcpu),
		cmocka_unit_test_setup(test_mixed_sets, one_vcpu),
		cmocka_unit_test_setup(test_snapshot, one_vcpu),
		cmocka_unit_test_setup(test_snapshot_addresses, one_vcpu),
		cmocka_unit_test_setup(test_event_info, one_vcpu),
		cmocka_unit_test_setup(test_event_info_addresses, one_vcpu),
		cmocka_unit_test_setup(test_hpm_info, with_programmable),
		cmocka_unit_test_setup(test_hpm_matching, with_programmable),
		cmocka_unit_test_setup(test_hpm_prefers_interrupts, with_programmable),
		cmocka_unit_test_setup(test_hpm_unknown_events, with_programmable),
		cmocka_unit_test_setup(test_hpm_counts, with_programmable),
		cmocka_unit_test_setup(test_hpm_overflow, with_programmable),
		cmocka_unit_test_setup(test_hpm_event_info, with_programmable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
