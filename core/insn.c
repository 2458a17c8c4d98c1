/* SPDX-License-Identifier: MIT */
/*
 * A standard load or store says everything in its fields: the low bits of
 * funct3 are the size, the high one tells zero-extension, and a transformed
 * htinst keeps exactly these fields. A compressed one is looked up by quadrant
 * and funct3, the Zcb forms that share one such cell by a second index.
 * Both are a few instructions, because every emulated access comes through here.
 */
#include "core/insn.h"

#define LENGTH_MASK   0x3u /* bits 1:0 are 11 unless the instruction is compressed */
#define LENGTH_BIT    0x2u /* the one that a transformed compressed instruction has clear */
#define OPCODE_MASK   0x7fu
#define OPCODE_LOAD   0x03u
#define OPCODE_STORE  0x23u
#define OPCODE_SYSTEM 0x73u

/*
 * A transformed instruction: rs1 becomes Addr. Offset, the immediate and all above 32 bits are 0, and bit 1
 * of the opcode is clear where the original was compressed.
 */
#define LOAD_FIXED    0xfffffffffff0007dull
#define LOAD_PATTERN  (OPCODE_LOAD & ~LENGTH_BIT)
#define STORE_FIXED   0xfffffffffe000ffdull
#define STORE_PATTERN (OPCODE_STORE & ~LENGTH_BIT)

/* One compressed form; the register is `reg_bits` (3 or 5) wide at bit `reg_shift`. */
struct form {
	uint8_t kind, size;
	bool sign_extend;
	uint8_t reg_shift, reg_bits;
};

/* By quadrant (bits 1:0) and funct3 (bits 15:13). The floating-point ones are left out. */
static const struct form compressed[3][8] =
	{
		[0] =
			{
				[2] = {INSN_LOAD, 4, true, 2, 3},   /* c.lw */
				[3] = {INSN_LOAD, 8, true, 2, 3},   /* c.ld */
				[6] = {INSN_STORE, 4, false, 2, 3}, /* c.sw */
				[7] = {INSN_STORE, 8, false, 2, 3}, /* c.sd */
			},
		[2] =
			{
				[2] = {INSN_LOAD, 4, true, 7, 5},   /* c.lwsp */
				[3] = {INSN_LOAD, 8, true, 7, 5},   /* c.ldsp */
				[6] = {INSN_STORE, 4, false, 2, 5}, /* c.swsp */
				[7] = {INSN_STORE, 8, false, 2, 5}, /* c.sdsp */
			},
};

/* Quadrant 0, funct3 4: Zcb, by bits 12:10 and bit 6 (for a byte that one is of the offset). */
#define ZCB_FUNCT3 4
static const struct form zcb[8][2] = {
	[0] = {{INSN_LOAD, 1, false, 2, 3}, {INSN_LOAD, 1, false, 2, 3}},   /* c.lbu */
	[1] = {{INSN_LOAD, 2, false, 2, 3}, {INSN_LOAD, 2, true, 2, 3}},    /* c.lhu, c.lh */
	[2] = {{INSN_STORE, 1, false, 2, 3}, {INSN_STORE, 1, false, 2, 3}}, /* c.sb */
	[3] = {{INSN_STORE, 2, false, 2, 3}, {0}},                          /* c.sh */
};

#define SP 2

/* Bits [shift, shift+width) of an instruction; width is at most 5. */
static uint8_t field(uint32_t bits, unsigned shift, unsigned width)
{
	return (uint8_t)((bits >> shift) & ((1u << width) - 1));
}

/* A register of three bits is one of x8 to x15. */
static uint8_t short_register(uint32_t bits, unsigned shift)
{
	return (uint8_t)(8 + field(bits, shift, 3));
}

static void other(unsigned length, struct insn *out)
{
	*out = (struct insn){.kind = INSN_OTHER, .length = (uint8_t)length};
}

static void decode_compressed(uint32_t bits, struct insn *out)
{
	uint8_t quadrant = field(bits, 0, 2), funct3 = field(bits, 13, 3);
	const struct form *form = &compressed[quadrant][funct3];

	if (quadrant == 0 && funct3 == ZCB_FUNCT3)
		form = &zcb[field(bits, 10, 3)][field(bits, 6, 1)];
	uint8_t reg = form->reg_bits == 3 ? short_register(bits, form->reg_shift)
					  : field(bits, form->reg_shift, form->reg_bits);

	if (form->kind == INSN_OTHER || (form->kind == INSN_LOAD && reg == 0)) {
		other(2, out); /* c.lwsp and c.ldsp into x0 are reserved */
		return;
	}
	/* The immediate is a multiple of the size. */
	*out = (struct insn){.kind = form->kind,
		.length = 2,
		.reg = reg,
		.size = form->size,
		.sign_extend = form->sign_extend,
		.base = quadrant == 2 ? SP : short_register(bits, 7)};
}

/* Loads, then stores, by funct3; the register is filled in. What is not here has kind INSN_OTHER. */
static const struct insn standard[2][8] = {
	{
		[0] = {INSN_LOAD, 4, 0, 1, true, 0, 0, 0},
		[1] = {INSN_LOAD, 4, 0, 2, true, 0, 0, 0},
		[2] = {INSN_LOAD, 4, 0, 4, true, 0, 0, 0},
		[3] = {INSN_LOAD, 4, 0, 8, true, 0, 0, 0},
		[4] = {INSN_LOAD, 4, 0, 1, false, 0, 0, 0},
		[5] = {INSN_LOAD, 4, 0, 2, false, 0, 0, 0},
		[6] = {INSN_LOAD, 4, 0, 4, false, 0, 0, 0},
		[7] = {INSN_OTHER, 4, 0, 0, false, 0, 0, 0},
	},
	{
		[0] = {INSN_STORE, 4, 0, 1, false, 0, 0, 0},
		[1] = {INSN_STORE, 4, 0, 2, false, 0, 0, 0},
		[2] = {INSN_STORE, 4, 0, 4, false, 0, 0, 0},
		[3] = {INSN_STORE, 4, 0, 8, false, 0, 0, 0},
		[4 ... 7] = {INSN_OTHER, 4, 0, 0, false, 0, 0, 0},
	},
};

/* `bits` has the two low bits of a standard instruction; INSN_OTHER with length 4 if it is no load or store. */
static inline void decode_standard(uint32_t bits, struct insn *out)
{
	bool is_store = (bits & OPCODE_MASK) == OPCODE_STORE;

	if (!is_store && (bits & OPCODE_MASK) != OPCODE_LOAD) {
		other(4, out);
		return;
	}
	*out = standard[is_store][field(bits, 12, 3)];
	if (out->kind == INSN_OTHER)
		return;
	out->reg = field(bits, is_store ? 20 : 7, 5);
	out->base = field(bits, 15, 5);
	out->offset = field(bits, is_store ? 7 : 20, 3);
}

void insn_decode(uint32_t bits, struct insn *out)
{
	if ((bits & LENGTH_MASK) != LENGTH_MASK)
		decode_compressed(bits, out);
	else if ((bits & 0x1c) == 0x1c)
		other(0, out); /* 48 bits or more */
	else
		decode_standard(bits, out);
}

void insn_decode_transformed(uint64_t htinst, struct insn *out)
{
	bool is_store = (htinst & STORE_FIXED) == STORE_PATTERN;

	if (!is_store && (htinst & LOAD_FIXED) != LOAD_PATTERN) {
		other(0, out);
		return;
	}
	*out = standard[is_store][htinst >> 12 & 7];
	if (out->kind == INSN_OTHER)
		return;
	out->reg = htinst >> (is_store ? 20 : 7) & 31;
	out->addr_offset = htinst >> 15 & 31;
	if (!(htinst & LENGTH_BIT))
		out->length = 2;
}

/* funct3: the operation in two bits, and 4 for an immediate. */
bool insn_decode_csr(uint32_t bits, struct insn_csr *out)
{
	unsigned op = field(bits, 12, 2);

	if ((bits & OPCODE_MASK) != OPCODE_SYSTEM || !op)
		return false;
	*out = (struct insn_csr){
		.csr = (uint16_t)(bits >> 20),
		.rd = field(bits, 7, 5),
		.source = field(bits, 15, 5),
		.immediate = field(bits, 14, 1),
		.op = op,
	};
	out->writes = op == INSN_CSR_WRITE || out->source;
	return true;
}

void insn_csr_change(const struct insn_csr *insn, uint64_t operand, uint64_t *value, uint64_t *mask)
{
	*mask = insn->op == INSN_CSR_WRITE ? ~0ull : operand;
	*value = insn->op == INSN_CSR_CLEAR ? 0 : operand;
}
