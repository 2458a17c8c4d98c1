/* SPDX-License-Identifier: MIT */
/*
 * The decoder against the assembler's own output (insn_forms.S), against a
 * reference written as masks and matches over every compressed encoding, and
 * over every opcode and funct3 of the 32-bit ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/insn.h"

static struct insn decoded(uint32_t bits)
{
	struct insn out;

	memset(&out, 0xff, sizeof(out));
	insn_decode(bits, &out);
	return out;
}

/* Takes the offset apart, as check_insn compares with what the plain instruction decodes to. */
static struct insn transformed(uint64_t htinst, unsigned *offset)
{
	struct insn out;

	memset(&out, 0xff, sizeof(out));
	insn_decode_transformed(htinst, &out);
	*offset = out.addr_offset;
	out.addr_offset = 0;
	return out;
}

struct form_row {
	const char *text;
	uint32_t bits;
	struct insn want;
};

static const struct form_row forms[] = {
#include "insn_forms.h"
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static void check_insn(const char *what, uint32_t bits, struct insn got, struct insn want)
{
	if (got.kind != want.kind || got.length != want.length || got.reg != want.reg ||
		got.size != want.size || got.sign_extend != want.sign_extend)
		fail_msg("%s %#x: kind %d length %d reg %d size %d sign %d, "
			 "not %d %d %d %d %d",
			what, bits, got.kind, got.length, got.reg, got.size, got.sign_extend,
			want.kind, want.length, want.reg, want.size, want.sign_extend);
}

static void test_assembler_forms(void **state)
{
	(void)state;
	unsigned loads = 0, stores = 0;
	for (size_t i = 0; i < N_FORMS; i++) {
		const struct form_row *f = &forms[i];

		check_insn(f->text, f->bits, decoded(f->bits), f->want);
		loads += f->want.kind == INSN_LOAD;
		stores += f->want.kind == INSN_STORE;
		/* What follows a compressed instruction in memory must not matter. */
		if (f->want.length == 2)
			check_insn(f->text, f->bits, decoded(f->bits | 0xffff0000), f->want);
	}
	/* The table is whole: 7 + 4 forms, 32 registers, 3 addresses, and the compressed ones. */
	assert_int_equal(loads, 7 * 32 * 3 + 8 * (2 * 2 + 4 + 2 + 2) + 31 * 2 * 2);
	assert_int_equal(stores, 4 * 32 * 3 + 8 * (2 * 2 + 4 + 2) + 32 * 2 * 2);
}

/* The reference for the compressed encodings; the first match wins. */
static const struct {
	uint16_t mask, match;
	enum insn_kind kind;
	uint8_t size;
	bool sign_extend;
} reference[] = {
	{0xe003, 0x4000, INSN_LOAD, 4, true},   /* c.lw */
	{0xe003, 0x6000, INSN_LOAD, 8, true},   /* c.ld */
	{0xe003, 0xc000, INSN_STORE, 4, false}, /* c.sw */
	{0xe003, 0xe000, INSN_STORE, 8, false}, /* c.sd */
	{0xfc03, 0x8000, INSN_LOAD, 1, false},  /* c.lbu */
	{0xfc43, 0x8400, INSN_LOAD, 2, false},  /* c.lhu */
	{0xfc43, 0x8440, INSN_LOAD, 2, true},   /* c.lh */
	{0xfc03, 0x8800, INSN_STORE, 1, false}, /* c.sb */
	{0xfc43, 0x8c00, INSN_STORE, 2, false}, /* c.sh */
	{0xef83, 0x4002, INSN_OTHER, 0, false}, /* c.lwsp into x0 */
	{0xef83, 0x6002, INSN_OTHER, 0, false}, /* c.ldsp into x0 */
	{0xe003, 0x4002, INSN_LOAD, 4, true},   /* c.lwsp */
	{0xe003, 0x6002, INSN_LOAD, 8, true},   /* c.ldsp */
	{0xe003, 0xc002, INSN_STORE, 4, false}, /* c.swsp */
	{0xe003, 0xe002, INSN_STORE, 8, false}, /* c.sdsp */
	{0x0000, 0x0000, INSN_OTHER, 0, false},
};

static struct insn reference_decode(uint16_t bits)
{
	unsigned i = 0;
	while ((bits & reference[i].mask) != reference[i].match)
		i++;

	struct insn want = {
		reference[i].kind, 2, 0, reference[i].size, reference[i].sign_extend, 0, 0, 0};
	if (want.kind == INSN_OTHER)
		return want;
	if ((bits & 3) == 0)
		want.reg = (uint8_t)(8 | (bits / 4 % 8));
	else if (want.kind == INSN_LOAD)
		want.reg = (uint8_t)(bits / 128 % 32);
	else
		want.reg = (uint8_t)(bits / 4 % 32);
	return want;
}

static void test_every_compressed_encoding(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 0x10000; bits++)
		if ((bits & 3) != 3)
			check_insn("compressed", bits, decoded(bits),
				reference_decode((uint16_t)bits));
}

/* Sizes by funct3; negative: zero-extended; 0: reserved. */
static const int load_sizes[8] = {1, 2, 4, 8, -1, -2, -4, 0};
static const int store_sizes[8] = {1, 2, 4, 8, 0, 0, 0, 0};

static struct insn standard_want(uint32_t opcode, uint32_t funct3, uint8_t rd, uint8_t rs2)
{
	struct insn want = {.kind = INSN_OTHER, .length = 4};
	int size = opcode == 0x03 ? load_sizes[funct3] : opcode == 0x23 ? store_sizes[funct3] : 0;

	if (opcode % 32 == 31)
		want.length = 0;
	if (size == 0)
		return want;
	want.kind = opcode == 0x03 ? INSN_LOAD : INSN_STORE;
	want.reg = opcode == 0x03 ? rd : rs2;
	want.size = (uint8_t)(size < 0 ? -size : size);
	want.sign_extend = opcode == 0x03 && size > 0;
	return want;
}

static void test_every_opcode_and_funct3(void **state)
{
	(void)state;
	for (uint32_t opcode = 3; opcode < 128; opcode += 4)
		for (uint32_t funct3 = 0; funct3 < 8; funct3++)
			for (uint32_t regs = 0; regs < 1024; regs++) {
				uint8_t rd = (uint8_t)(regs % 32), rs2 = (uint8_t)(regs / 32);
				uint32_t noise = (regs * 0x9e3779b1u) & 0xfe0f8000;
				uint32_t bits = opcode | funct3 << 12 | (uint32_t)rd << 7 |
						(uint32_t)rs2 << 20 | noise;

				check_insn("standard", bits, decoded(bits),
					standard_want(opcode, funct3, rd, rs2));
			}
}

/* The transformed instruction as the privileged specification draws it. */
static uint32_t transform(struct insn insn, uint32_t offset)
{
	uint32_t funct3 = (uint32_t)__builtin_ctz(insn.size);
	uint32_t bits = insn.length == 4 ? 3 : 1;

	bits |= offset << 15;
	if (insn.kind == INSN_STORE)
		return bits | 0x20 | funct3 << 12 | (uint32_t)insn.reg << 20;
	return bits | (funct3 | (insn.sign_extend ? 0u : 4u)) << 12 | (uint32_t)insn.reg << 7;
}

static void test_transformed_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FORMS; i++) {
		const struct form_row *f = &forms[i];

		if (f->want.kind == INSN_OTHER)
			continue;
		for (uint32_t offset = 0; offset < 32; offset++) {
			unsigned got_offset = 99;
			uint32_t bits = transform(f->want, offset);

			check_insn(f->text, bits, transformed(bits, &got_offset), f->want);
			assert_int_equal(got_offset, offset);
		}
	}
}

static void test_transformed_by_hand(void **state)
{
	(void)state;
	unsigned offset;
	/* lw a0: 0x2503 */
	check_insn("lw", 0x2503, transformed(0x2503, &offset),
		(struct insn){INSN_LOAD, 4, 10, 4, true, 0, 0, 0});
	/* c.sw a1: a standard sw with bit 1 clear */
	check_insn("c.sw", 0xb02021, transformed(0xb02021, &offset),
		(struct insn){INSN_STORE, 2, 11, 4, false, 0, 0, 0});
}

static void test_transformed_others(void **state)
{
	static const struct {
		const char *what;
		uint64_t htinst;
	} rows[] = {
		{"none", 0},
		{"walk, read", 0x3000},
		{"walk, write", 0x3020},
		{"RV32 walk, read", 0x2000},
		{"RV32 walk, write", 0x2020},
		{"custom", 0x2502},
		{"above 32 bits", 0x100002503},
		{"immediate not cleared", 0x00402503},
		{"store offset not cleared", 0x00b020a3},
		{"compressed, immediate not cleared", 0x00402501},
		{"amoadd.w", 0x0021a0af},
		{"flw", 0x2507},
		{"c.fld", 0x3505},
		{"LOAD with funct3 7", 0x7503},
		{"48 bits", 0x1f},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned offset = 99;

		assert_int_equal(transformed(rows[i].htinst, &offset).kind, INSN_OTHER);
		assert_int_equal(offset, 0);
	}
}

static void test_walk(void **state)
{
	(void)state;
	assert_true(insn_is_walk(0x3000));
	assert_true(insn_is_walk(0x3020));
	assert_false(insn_is_walk(0));
	assert_false(insn_is_walk(0x2000));
	assert_false(insn_is_walk(0x2020));
	assert_false(insn_is_walk(0x100003000));
	assert_false(insn_is_walk(0x3003));
}

/* Against the assembler's encodings, by hand; the base register holds 0x1000 and a few more. */
static void test_misalignment(void **state)
{
	static const struct {
		const char *text;
		uint32_t bits;
		uint8_t base;
		uint64_t plus;
		unsigned misaligned;
	} rows[] = {
		{"ld a0, 0(a1)", 0x0005b503, 11, 0, 0},
		{"ld a0, -4(a1)", 0xffc5b503, 11, 0, 4},
		{"ld a0, -4(a1)", 0xffc5b503, 11, 4, 0},
		{"ld a0, -4(a1)", 0xffc5b503, 11, 3, 7},
		{"lw t6, 7(sp)", 0x00712f83, 2, 0, 3},
		{"lhu a0, 2047(x31)", 0x7fffd503, 31, 0, 1},
		{"lhu a0, 2047(x31)", 0x7fffd503, 31, 1, 0},
		{"lb a0, 5(a1)", 0x00558503, 11, 2, 0},
		{"sd a0, 8(a1)", 0x00a5b423, 11, 1, 1},
		{"sd a0, -3(x0)", 0xfea03ea3, 0, 0, 5},
		{"sw x31, 6(s11)", 0x01fda323, 27, 0, 2},
		{"sh a0, 33(gp)", 0x02a190a3, 3, 0, 1},
		{"c.lw a0, 4(a5)", 0x43c8, 15, 0, 0},
		{"c.lw a0, 4(a5)", 0x43c8, 15, 6, 2},
		{"c.sd s0, 8(s1)", 0xe480, 9, 5, 5},
		{"c.ldsp a0, 24(sp)", 0x6562, 2, 7, 7},
		{"c.swsp x31, 4(sp)", 0xc27e, 2, 2, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct insn insn = decoded(rows[i].bits);

		if (insn.base != rows[i].base ||
			insn_misalignment(&insn, 0x1000 + rows[i].plus) != rows[i].misaligned)
			fail_msg("%s: base x%d, offset %d", rows[i].text, insn.base, insn.offset);
	}
}

static void test_load_value(void **state)
{
	static const struct {
		uint8_t size;
		bool sign_extend;
		uint64_t raw, want;
	} rows[] = {
		{1, true, 0xffffff80, 0xffffffffffffff80},
		{1, false, 0xffffff80, 0x80},
		{1, true, 0x7f, 0x7f},
		{2, true, 0x18000, 0xffffffffffff8000},
		{2, false, 0x18000, 0x8000},
		{4, true, 0x80000000, 0xffffffff80000000},
		{4, false, 0xf80000000, 0x80000000},
		{8, true, 0x8000000000000001, 0x8000000000000001},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct insn insn = {INSN_LOAD, 4, 1, rows[i].size, rows[i].sign_extend, 0, 0, 0};

		assert_int_equal(insn_load_value(&insn, rows[i].raw), rows[i].want);
	}
}

/* ---- CSR instructions ---- */

static void test_csr_forms(void **state)
{
	static const struct {
		const char *text;
		uint32_t bits;
		struct insn_csr want;
	} rows[] = {
		{"csrr a0, cycle", 0xc0002573, {0xc00, 10, 0, false, false, INSN_CSR_SET}},
		{"csrrw s0, sireg, t1", 0x15131473, {0x151, 8, 6, false, true, INSN_CSR_WRITE}},
		{"csrrw x0, sireg, x0", 0x15101073, {0x151, 0, 0, false, true, INSN_CSR_WRITE}},
		{"csrrs a1, sireg, a2", 0x151625f3, {0x151, 11, 12, false, true, INSN_CSR_SET}},
		{"csrrc a1, sireg, a2", 0x151635f3, {0x151, 11, 12, false, true, INSN_CSR_CLEAR}},
		{"csrrc a1, sireg, x0", 0x151035f3, {0x151, 11, 0, false, false, INSN_CSR_CLEAR}},
		{"csrrwi x5, stopei, 0", 0x15c052f3, {0x15c, 5, 0, true, true, INSN_CSR_WRITE}},
		{"csrrsi x31, stopei, 31", 0x15cfeff3, {0x15c, 31, 31, true, true, INSN_CSR_SET}},
		{"csrrci x0, 0xfff, 0", 0xfff07073, {0xfff, 0, 0, true, false, INSN_CSR_CLEAR}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct insn_csr *want = &rows[i].want;
		struct insn_csr got;

		memset(&got, 0xff, sizeof(got));
		if (!insn_decode_csr(rows[i].bits, &got))
			fail_msg("%s is not decoded", rows[i].text);
		if (got.csr != want->csr || got.rd != want->rd || got.source != want->source ||
			got.immediate != want->immediate || got.writes != want->writes ||
			got.op != want->op)
			fail_msg("%s: csr %#x rd %d source %d immediate %d writes %d op %d",
				rows[i].text, got.csr, got.rd, got.source, got.immediate,
				got.writes, got.op);
	}
}

static void test_no_csr_instruction(void **state)
{
	/* ecall, wfi, hlv.d, ld, c.nop, csrr with another opcode, nothing */
	static const uint32_t rows[] = {
		0x00000073, 0x10500073, 0x6c054573, 0x00053503, 0x00000001, 0xc0002577, 0};
	struct insn_csr out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(insn_decode_csr(rows[i], &out));
}

static void test_csr_change(void **state)
{
	static const struct {
		struct insn_csr insn;
		uint64_t operand, want; /* of a CSR that is 0xff00 */
	} rows[] = {
		{{.op = INSN_CSR_WRITE}, 0x1230, 0x1230},
		{{.op = INSN_CSR_WRITE}, 0, 0},
		{{.op = INSN_CSR_SET}, 0x00f0, 0xfff0},
		{{.op = INSN_CSR_SET}, 0, 0xff00},
		{{.op = INSN_CSR_CLEAR}, 0x0ff0, 0xf000},
		{{.op = INSN_CSR_CLEAR}, ~0ull, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value, mask;

		insn_csr_change(&rows[i].insn, rows[i].operand, &value, &mask);
		assert_int_equal((0xff00 & ~mask) | (value & mask), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assembler_forms),
		cmocka_unit_test(test_every_compressed_encoding),
		cmocka_unit_test(test_every_opcode_and_funct3),
		cmocka_unit_test(test_transformed_forms),
		cmocka_unit_test(test_transformed_by_hand),
		cmocka_unit_test(test_transformed_others),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_misalignment),
		cmocka_unit_test(test_load_value),
		cmocka_unit_test(test_csr_forms),
		cmocka_unit_test(test_no_csr_instruction),
		cmocka_unit_test(test_csr_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
