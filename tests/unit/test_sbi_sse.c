/* SPDX-License-Identifier: MIT */
/*
 * Software events: their states, attributes and errors, the way into a handler
 * and back, and which hart takes the global one.
 */
#include "include/abi/csr.h"
#include "tests/unit/sbi_call.h"

#define LOCAL  SBI_SSE_LOCAL_SOFTWARE
#define GLOBAL SBI_SSE_GLOBAL_SOFTWARE
#define PC     0xffffffff80001234ull
#define WORDS  ((uint64_t *)(void *)mock.ram)

static const uint64_t both[] = {LOCAL, GLOBAL};

static struct sbiret sse(uint64_t fid, uint64_t a0, uint64_t a1, uint64_t a2)
{
	return CALL(SBI_EXT_SSE, fid, a0, a1, a2);
}

static struct sbiret attrs(uint64_t fid, uint64_t event, uint64_t first, uint64_t n)
{
	return CALL(SBI_EXT_SSE, fid, event, first, n, MOCK_RAM_BASE, 0);
}

static uint64_t read_attr(uint64_t event, uint64_t id)
{
	assert_value(attrs(SBI_SSE_READ_ATTRS, event, id, 1), 0);
	return WORDS[0];
}

static struct sbiret write_attr(uint64_t event, uint64_t id, uint64_t value)
{
	WORDS[0] = value;
	return attrs(SBI_SSE_WRITE_ATTRS, event, id, 1);
}

static uint64_t state_of(uint64_t event)
{
	return read_attr(event, SBI_SSE_ATTR_STATUS) & 3;
}

/* What core does at the end of a call or an interrupt of a hart that was notified. */
static bool deliver(unsigned hart)
{
	struct vcpu *v = &mock.vcpu[hart];
	unsigned caller = mock.caller;
	uint64_t before = v->frame.pc;

	if (!v->notified)
		return false;
	v->notified = false;
	mock.caller = hart;
	sbi_sse_deliver(v);
	mock.caller = caller;
	return v->frame.pc != before;
}

static void enable(uint64_t event, uint64_t pc)
{
	assert_value(sse(SBI_SSE_REGISTER, event, pc, pc + 1), 0);
	assert_value(sse(SBI_SSE_ENABLE, event, 0, 0), 0);
}

static int four_vcpus(void **state)
{
	(void)state;
	mock_reset(4);
	for (unsigned i = 0; i < 4; i++) {
		mock.vcpu[i].state = VCPU_RUNNING;
		mock.vcpu[i].frame = (struct vcpu_frame){.pc = 0x1000 + i, .supervisor = true};
	}
	return 0;
}

/* ---- states ---- */

static void test_event_ids(void **state)
{
	static const uint64_t reserved[] = {2, 0x3fff, 0x4000, 0x8001, 0xc000, 0x10001, 0x18000,
		0x100001, 0x108001, 0xffff0001, 0xffff4000, 0xffff8001, 0xffffc000, 0xffffffff};
	static const uint64_t absent[] = {0, 1, 0x8000, 0x10000, 0x100000, 0x108000};
	static const uint64_t fids[] = {SBI_SSE_READ_ATTRS, SBI_SSE_WRITE_ATTRS, SBI_SSE_REGISTER,
		SBI_SSE_UNREGISTER, SBI_SSE_ENABLE, SBI_SSE_DISABLE, SBI_SSE_INJECT};

	(void)state;
	for (size_t f = 0; f < LENGTH(fids); f++) {
		for (size_t i = 0; i < LENGTH(reserved); i++)
			assert_error(attrs(fids[f], reserved[i], 0, 1), SBI_ERR_INVALID_PARAM);
		for (size_t i = 0; i < LENGTH(absent); i++)
			assert_error(attrs(fids[f], absent[i], 0, 1), SBI_ERR_NOT_SUPPORTED);
	}
	/* They are 32 bits wide. */
	assert_value(sse(SBI_SSE_REGISTER, 5ull << 32 | LOCAL, PC, 0), 0);
	assert_no_function(SBI_EXT_SSE, SBI_SSE_HART_MASK + 1);
}

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(both); i++) {
		uint64_t e = both[i];

		assert_int_equal(read_attr(e, SBI_SSE_ATTR_STATUS), SBI_SSE_STATUS_INJECTABLE);
		assert_error(sse(SBI_SSE_UNREGISTER, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_ENABLE, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_DISABLE, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_REGISTER, e, PC + 1, 0), SBI_ERR_INVALID_PARAM);
		assert_int_equal(state_of(e), SBI_SSE_UNUSED);
		assert_value(sse(SBI_SSE_REGISTER, e, PC, 77), 0);
		assert_int_equal(state_of(e), SBI_SSE_REGISTERED);
		assert_int_equal(read_attr(e, SBI_SSE_ATTR_ENTRY_PC), PC);
		assert_int_equal(read_attr(e, SBI_SSE_ATTR_ENTRY_ARG), 77);
		assert_error(sse(SBI_SSE_REGISTER, e, PC, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_DISABLE, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_value(sse(SBI_SSE_ENABLE, e, 0, 0), 0);
		assert_int_equal(state_of(e), SBI_SSE_ENABLED);
		assert_error(sse(SBI_SSE_REGISTER, e, PC, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_UNREGISTER, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_error(sse(SBI_SSE_ENABLE, e, 0, 0), SBI_ERR_INVALID_STATE);
		assert_value(sse(SBI_SSE_DISABLE, e, 0, 0), 0);
		assert_value(sse(SBI_SSE_UNREGISTER, e, 0, 0), 0);
		assert_int_equal(state_of(e), SBI_SSE_UNUSED);
	}
	/* The local one is each hart's own, the global one is everybody's. */
	enable(LOCAL, PC);
	enable(GLOBAL, PC);
	mock.caller = 1;
	assert_int_equal(state_of(LOCAL), SBI_SSE_UNUSED);
	assert_int_equal(state_of(GLOBAL), SBI_SSE_ENABLED);
}

static void test_mask(void **state)
{
	(void)state;
	assert_error(sse(SBI_SSE_HART_MASK, 0, 0, 0), SBI_ERR_ALREADY_STOPPED);
	assert_value(sse(SBI_SSE_HART_UNMASK, 0, 0, 0), 0);
	assert_error(sse(SBI_SSE_HART_UNMASK, 0, 0, 0), SBI_ERR_ALREADY_STARTED);
	mock.caller = 1;
	assert_error(sse(SBI_SSE_HART_MASK, 0, 0, 0), SBI_ERR_ALREADY_STOPPED);
	mock.caller = 0;
	assert_value(sse(SBI_SSE_HART_MASK, 0, 0, 0), 0);
}

/* ---- attributes ---- */

static void test_attr_ranges(void **state)
{
	static const struct {
		uint64_t first, n;
		long error;
	} rows[] = {
		{0, 10, SBI_SUCCESS},
		{9, 1, SBI_SUCCESS},
		{0, 0, SBI_ERR_INVALID_PARAM},
		{10, 0, SBI_ERR_INVALID_PARAM},
		{10, 1, SBI_ERR_BAD_RANGE},
		{0, 11, SBI_ERR_BAD_RANGE},
		{9, 2, SBI_ERR_BAD_RANGE},
		{0xffffffff, 1, SBI_ERR_BAD_RANGE},
		{1, 0xffffffff, SBI_ERR_BAD_RANGE},
		{0xffffffff, 0xffffffff, SBI_ERR_BAD_RANGE},
	};
	uint64_t elsewhere[8][2];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_error(
			attrs(SBI_SSE_READ_ATTRS, LOCAL, rows[i].first, rows[i].n), rows[i].error);
		if (rows[i].error)
			assert_error(attrs(SBI_SSE_WRITE_ATTRS, GLOBAL, rows[i].first, rows[i].n),
				rows[i].error);
	}
	not_shared(8, elsewhere);
	for (uint64_t fid = SBI_SSE_READ_ATTRS; fid <= SBI_SSE_WRITE_ATTRS; fid++) {
		for (size_t i = 0; i < LENGTH(elsewhere); i++)
			assert_error(CALL(SBI_EXT_SSE, fid, LOCAL, 1, 1, elsewhere[i][0],
					     elsewhere[i][1]),
				SBI_ERR_INVALID_ADDRESS);
		for (unsigned low = 1; low < 8; low++)
			assert_error(CALL(SBI_EXT_SSE, fid, LOCAL, 1, 1, MOCK_RAM_BASE + low, 0),
				SBI_ERR_INVALID_ADDRESS);
		assert_error(
			CALL(SBI_EXT_SSE, fid, LOCAL, 1, 2, MOCK_RAM_BASE + MOCK_RAM_SIZE - 8, 0),
			SBI_ERR_INVALID_ADDRESS);
	}
}

static void test_attr_reads(void **state)
{
	(void)state;
	mock.caller = 2;
	assert_value(sse(SBI_SSE_REGISTER, LOCAL, PC, 5), 0);
	memset(mock.ram, 0xee, 256);
	assert_value(attrs(SBI_SSE_READ_ATTRS, LOCAL, SBI_SSE_ATTR_PREFERRED_HART, 3), 0);
	assert_int_equal(WORDS[0], 2);
	assert_int_equal(WORDS[1], PC);
	assert_int_equal(WORDS[2], 5);
	assert_int_equal(WORDS[3], 0xeeeeeeeeeeeeeeee);
}

static void test_attr_writes(void **state)
{
	static const uint64_t read_only[] = {
		SBI_SSE_ATTR_STATUS, SBI_SSE_ATTR_ENTRY_PC, SBI_SSE_ATTR_ENTRY_ARG};

	(void)state;
	for (size_t i = 0; i < LENGTH(both); i++) {
		uint64_t e = both[i];

		for (size_t k = 0; k < LENGTH(read_only); k++)
			assert_error(write_attr(e, read_only[k], 0), SBI_ERR_DENIED);
		assert_value(write_attr(e, SBI_SSE_ATTR_PRIORITY, 0xffffffff), 0);
		assert_int_equal(read_attr(e, SBI_SSE_ATTR_PRIORITY), 0xffffffff);
		assert_error(
			write_attr(e, SBI_SSE_ATTR_PRIORITY, 1ull << 32), SBI_ERR_INVALID_PARAM);
		assert_value(write_attr(e, SBI_SSE_ATTR_CONFIG, 1), 0);
		for (unsigned bit = 1; bit < 64; bit++)
			assert_error(write_attr(e, SBI_SSE_ATTR_CONFIG, 1ull << bit),
				SBI_ERR_INVALID_PARAM);
		for (uint64_t id = SBI_SSE_ATTR_INTERRUPTED_SEPC; id < SBI_SSE_ATTRS; id++)
			assert_error(write_attr(e, id, 0), SBI_ERR_INVALID_STATE);
		/* The first error counts, and nothing is written then. */
		WORDS[0] = 7, WORDS[1] = 8;
		assert_error(attrs(SBI_SSE_WRITE_ATTRS, e, SBI_SSE_ATTR_PRIORITY, 2),
			SBI_ERR_INVALID_PARAM);
		assert_int_equal(read_attr(e, SBI_SSE_ATTR_PRIORITY), 0xffffffff);
		enable(e, PC);
		assert_error(write_attr(e, SBI_SSE_ATTR_PRIORITY, 0), SBI_ERR_INVALID_STATE);
		assert_error(write_attr(e, SBI_SSE_ATTR_CONFIG, 0), SBI_ERR_INVALID_STATE);
		assert_error(write_attr(e, SBI_SSE_ATTR_CONFIG, 2), SBI_ERR_INVALID_PARAM);
	}
	assert_error(write_attr(LOCAL, SBI_SSE_ATTR_PREFERRED_HART, 0), SBI_ERR_DENIED);
	assert_error(write_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART, 0), SBI_ERR_INVALID_STATE);
	assert_value(sse(SBI_SSE_DISABLE, GLOBAL, 0, 0), 0);
	assert_error(write_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART, 4), SBI_ERR_INVALID_PARAM);
	assert_error(write_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART, ~0ull), SBI_ERR_INVALID_PARAM);
	assert_value(write_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART, 3), 0);
	assert_int_equal(read_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART), 3);
}

/* ---- delivery ---- */

static void assert_frame(const struct vcpu_frame *got, const struct vcpu_frame *want)
{
	assert_int_equal(got->pc, want->pc);
	assert_int_equal(got->supervisor, want->supervisor);
	assert_int_equal(got->landing_pad, want->landing_pad);
	assert_int_equal(got->vsepc, want->vsepc);
	assert_int_equal(got->vsstatus, want->vsstatus);
	assert_int_equal(got->a6, want->a6);
	assert_int_equal(got->a7, want->a7);
}

/* Every combination of what is put aside, there and back. */
static void test_round_trip(void **state)
{
	static const uint64_t bits[] = {
		SSTATUS_SIE, SSTATUS_SPIE, SSTATUS_SPP, SSTATUS_SPELP, SSTATUS_SDT};

	for (unsigned choice = 0; choice < 128; choice++) {
		struct vcpu *v = &mock.vcpu[0];
		uint64_t status = SSTATUS_UXL64 | SSTATUS_SUM;

		four_vcpus(state);
		mock.envcfg_supported = v->envcfg = HENVCFG_LPE | HENVCFG_DTE;
		for (unsigned i = 0; i < LENGTH(bits); i++)
			if (choice >> i & 1)
				status |= bits[i];
		const struct vcpu_frame before = {.pc = 0x4000,
			.supervisor = choice >> 5 & 1,
			.landing_pad = choice >> 6 & 1,
			.vsepc = 0x8888,
			.vsstatus = status,
			.a6 = 66,
			.a7 = 77};
		uint64_t inside = SSTATUS_UXL64 | SSTATUS_SUM | SSTATUS_SDT |
				  (before.supervisor ? SSTATUS_SPP : 0) |
				  (before.landing_pad ? SSTATUS_SPELP : 0) |
				  (status & SSTATUS_SIE ? SSTATUS_SPIE : 0);

		enable(LOCAL, PC);
		sse(SBI_SSE_HART_UNMASK, 0, 0, 0);
		v->frame = before;
		assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
		assert_true(deliver(0));
		assert_frame(&v->frame, &(struct vcpu_frame){.pc = PC,
						.supervisor = true,
						.vsepc = 0x4000,
						.vsstatus = inside,
						.a6 = 0,
						.a7 = PC + 1});
		assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_SEPC), 0x8888);
		assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_FLAGS),
			(status & SSTATUS_SPP ? 1 : 0) | (status & SSTATUS_SPIE ? 2 : 0) |
				(status & SSTATUS_SPELP ? 16 : 0) |
				(status & SSTATUS_SDT ? 32 : 0));
		assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_A6), 66);
		assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_A7), 77);
		/* a0 and a1 are those of what was interrupted. */
		struct sbiret ret = sse(SBI_SSE_COMPLETE, 123, UNTOUCHED, 0);

		assert_int_equal(ret.error, 123);
		assert_int_equal(ret.value, UNTOUCHED);
		assert_frame(&v->frame, &before);
		assert_int_equal(state_of(LOCAL), SBI_SSE_ENABLED);
		assert_false(v->notified);
	}
}

static void test_handler_changes_the_way_back(void **state)
{
	struct vcpu *v = &mock.vcpu[0];

	(void)state;
	enable(LOCAL, PC);
	sse(SBI_SSE_HART_UNMASK, 0, 0, 0);
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	assert_true(deliver(0));
	assert_error(sse(SBI_SSE_DISABLE, LOCAL, 0, 0), SBI_ERR_INVALID_STATE);
	assert_error(sse(SBI_SSE_UNREGISTER, LOCAL, 0, 0), SBI_ERR_INVALID_STATE);
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_SEPC, 0x70), 0);
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_FLAGS, 3), 0);
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_A6, 0x90), 0);
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_A7, 0xa0), 0);
	for (unsigned bit = 2; bit < 64; bit++)
		assert_error(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_FLAGS, 1ull << bit),
			SBI_ERR_INVALID_PARAM);
	mock.envcfg_supported = HENVCFG_LPE | HENVCFG_DTE;
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_INTERRUPTED_FLAGS, 0x33), 0);
	v->frame.vsepc = 0x60;
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	assert_int_equal(v->frame.pc, 0x60);
	assert_int_equal(v->frame.vsepc, 0x70);
	assert_int_equal(
		v->frame.vsstatus, SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SPELP | SSTATUS_SDT);
	assert_int_equal(v->frame.a6, 0x90);
	assert_int_equal(v->frame.a7, 0xa0);
	/* Nothing runs now. */
	assert_value(sse(SBI_SSE_COMPLETE, 5, 6, 0), 0);
	assert_int_equal(v->frame.pc, 0x60);
}

/* An event waits for its handler, for the hart, and for the one before it. */
static void test_pending(void **state)
{
	struct vcpu *v = &mock.vcpu[0];

	(void)state;
	assert_error(sse(SBI_SSE_INJECT, LOCAL, 4, 0), SBI_ERR_INVALID_PARAM);
	assert_error(sse(SBI_SSE_INJECT, LOCAL, ~0ull, 0), SBI_ERR_INVALID_PARAM);
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_STATUS), 4 | 8);
	assert_value(sse(SBI_SSE_HART_UNMASK, 0, 0, 0), 0);
	assert_false(deliver(0));
	enable(LOCAL, PC);
	assert_true(deliver(0));
	assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_STATUS), 3 | 8);
	/* Again while its handler runs. */
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	assert_false(deliver(0));
	assert_int_equal(read_attr(LOCAL, SBI_SSE_ATTR_STATUS), 3 | 4 | 8);
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	assert_true(deliver(0));
	assert_int_equal(v->frame.pc, PC);
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	assert_false(deliver(0));
	/* Masked. */
	assert_value(sse(SBI_SSE_HART_MASK, 0, 0, 0), 0);
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	assert_false(deliver(0));
	assert_value(sse(SBI_SSE_HART_UNMASK, 0, 0, 0), 0);
	assert_true(deliver(0));
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	/* One shot. */
	assert_value(sse(SBI_SSE_DISABLE, LOCAL, 0, 0), 0);
	assert_value(write_attr(LOCAL, SBI_SSE_ATTR_CONFIG, SBI_SSE_CONFIG_ONE_SHOT), 0);
	assert_value(sse(SBI_SSE_ENABLE, LOCAL, 0, 0), 0);
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	assert_true(deliver(0));
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 0, 0), 0);
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	assert_int_equal(state_of(LOCAL), SBI_SSE_REGISTERED);
	assert_false(deliver(0));
}

static void test_other_hart(void **state)
{
	(void)state;
	mock.caller = 2;
	enable(LOCAL, PC);
	sse(SBI_SSE_HART_UNMASK, 0, 0, 0);
	mock.caller = 0;
	assert_value(sse(SBI_SSE_INJECT, LOCAL, 2, 0), 0);
	assert_false(mock.vcpu[0].notified);
	assert_true(deliver(2));
	assert_int_equal(mock.vcpu[2].frame.pc, PC);
	assert_int_equal(mock.vcpu[2].frame.a6, 2);
	assert_int_equal(mock.vcpu[2].frame.vsepc, 0x1002);
	assert_int_equal(state_of(LOCAL), SBI_SSE_UNUSED);
}

static void set_priority(uint64_t event, uint64_t priority)
{
	assert_value(write_attr(event, SBI_SSE_ATTR_PRIORITY, priority), 0);
}

/* The two on one hart: `first` has priority. */
static void test_nesting(void **state)
{
	static const struct {
		uint64_t local, global, first, second;
	} rows[] = {
		{0, 0, LOCAL, GLOBAL},
		{5, 5, LOCAL, GLOBAL},
		{4, 5, LOCAL, GLOBAL},
		{5, 4, GLOBAL, LOCAL},
		{0xffffffff, 0, GLOBAL, LOCAL},
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct vcpu *v = &mock.vcpu[0];
		uint64_t first = rows[i].first, second = rows[i].second;

		four_vcpus(state);
		set_priority(LOCAL, rows[i].local);
		set_priority(GLOBAL, rows[i].global);
		enable(first, 0x100);
		enable(second, 0x200);
		/* Both pending: the first is taken, and the other when it is done. */
		sse(SBI_SSE_INJECT, second, 0, 0);
		sse(SBI_SSE_INJECT, first, 0, 0);
		sse(SBI_SSE_HART_UNMASK, 0, 0, 0);
		assert_true(deliver(0));
		assert_int_equal(v->frame.pc, 0x100);
		sbi_sse_deliver(v);
		assert_int_equal(v->frame.pc, 0x100);
		sse(SBI_SSE_COMPLETE, 0, 0, 0);
		assert_int_equal(v->frame.pc, 0x1000);
		assert_true(deliver(0));
		assert_int_equal(v->frame.pc, 0x200);
		/* The first interrupts the second's handler. */
		v->frame.pc = 0x204;
		sse(SBI_SSE_INJECT, first, 0, 0);
		assert_true(deliver(0));
		assert_int_equal(v->frame.pc, 0x100);
		assert_int_equal(v->frame.vsepc, 0x204);
		assert_int_equal(state_of(second), SBI_SSE_RUNNING);
		/* The second does not interrupt the first's. */
		sse(SBI_SSE_INJECT, second, 0, 0);
		assert_false(deliver(0));
		sse(SBI_SSE_COMPLETE, 0, 0, 0);
		assert_int_equal(v->frame.pc, 0x204);
		assert_int_equal(v->frame.vsepc, 0x1000);
		assert_false(deliver(0));
		sse(SBI_SSE_COMPLETE, 0, 0, 0);
		assert_int_equal(v->frame.pc, 0x1000);
		assert_true(deliver(0));
		assert_int_equal(v->frame.pc, 0x200);
	}
}

static void unmask(unsigned hart)
{
	mock.caller = hart;
	assert_value(sse(SBI_SSE_HART_UNMASK, 0, 0, 0), 0);
	mock.caller = 0;
}

static void test_global(void **state)
{
	(void)state;
	enable(GLOBAL, PC);
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, ~0ull, 0), 0); /* the hart does not count */
	/* Nobody can: it waits for the first who unmasks. */
	for (unsigned i = 0; i < 4; i++)
		assert_false(mock.vcpu[i].notified);
	unmask(3);
	assert_true(deliver(3));
	assert_int_equal(mock.vcpu[3].frame.a6, 3);
	/* Its handler's hart alone may change the way back, or complete. */
	assert_error(write_attr(GLOBAL, SBI_SSE_ATTR_INTERRUPTED_A6, 0), SBI_ERR_INVALID_STATE);
	assert_value(sse(SBI_SSE_COMPLETE, 1, 2, 0), 0);
	assert_int_equal(state_of(GLOBAL), SBI_SSE_RUNNING);
	mock.caller = 3;
	assert_value(write_attr(GLOBAL, SBI_SSE_ATTR_INTERRUPTED_A6, 0), 0);
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	mock.caller = 0;
	assert_int_equal(state_of(GLOBAL), SBI_SSE_ENABLED);
	/* The preferred hart where it can, and nobody else. */
	assert_value(sse(SBI_SSE_DISABLE, GLOBAL, 0, 0), 0);
	assert_value(write_attr(GLOBAL, SBI_SSE_ATTR_PREFERRED_HART, 1), 0);
	assert_value(sse(SBI_SSE_ENABLE, GLOBAL, 0, 0), 0);
	unmask(0);
	unmask(1);
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, 0, 0), 0);
	assert_false(deliver(0));
	assert_false(deliver(3));
	assert_true(deliver(1));
	mock.caller = 1;
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	mock.caller = 0;
	/* It is stopped: the caller. */
	mock.vcpu[1].state = VCPU_STOPPED;
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, 0, 0), 0);
	assert_true(deliver(0));
	sse(SBI_SSE_COMPLETE, 0, 0, 0);
	/* The one who was to take it masks first: another. */
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, 0, 0), 0);
	assert_true(mock.vcpu[0].notified);
	assert_value(sse(SBI_SSE_HART_MASK, 0, 0, 0), 0);
	assert_false(deliver(0));
	assert_true(deliver(3));
}

/* A hart that stops in the handler, or before it got there, leaves the global event to others. */
static void test_stop(void **state)
{
	(void)state;
	enable(GLOBAL, PC);
	unmask(0);
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, 0, 0), 0);
	assert_true(deliver(0));
	assert_value(sse(SBI_SSE_INJECT, GLOBAL, 0, 0), 0);
	unmask(2);
	assert_false(mock.vcpu[2].notified);
	assert_value(CALL(SBI_EXT_HSM, SBI_HSM_HART_STOP), 0);
	assert_true(mock.vcpu[0].stopped);
	assert_false(mock.vcpu[0].notified);
	assert_true(deliver(2));
	assert_int_equal(mock.vcpu[2].frame.pc, PC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_event_ids, four_vcpus),
		cmocka_unit_test_setup(test_states, four_vcpus),
		cmocka_unit_test_setup(test_mask, four_vcpus),
		cmocka_unit_test_setup(test_attr_ranges, four_vcpus),
		cmocka_unit_test_setup(test_attr_reads, four_vcpus),
		cmocka_unit_test_setup(test_attr_writes, four_vcpus),
		cmocka_unit_test_setup(test_round_trip, four_vcpus),
		cmocka_unit_test_setup(test_handler_changes_the_way_back, four_vcpus),
		cmocka_unit_test_setup(test_pending, four_vcpus),
		cmocka_unit_test_setup(test_other_hart, four_vcpus),
		cmocka_unit_test_setup(test_nesting, four_vcpus),
		cmocka_unit_test_setup(test_global, four_vcpus),
		cmocka_unit_test_setup(test_stop, four_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
