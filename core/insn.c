/* SPDX-License-Identifier: MIT */
/*
 * A standard load or store says everything in its fields: the low bits of
 * funct3 are the size, the high one tells zero-extension, and a transformed
 * htinst keeps exactly these fields. A compressed one is looked up by quadrant
 * and funct3, the Zcb forms that share one such cell by a second index.
 * Both are a few instructions, because every emulated access comes through here.
 */
#include "core/insn.h"

#define LENGTH_MASK  0x3u /* bits 1:0 are 11 unless the instruction is compressed */
#define LENGTH_BIT   0x2u /* the one that a transformed compressed instruction has clear */
#define OPCODE_MASK  0x7fu
#define OPCODE_LOAD  0x03u
#define OPCODE_STORE 0x23u

/* What a transformed instruction must have clear: rs1 becomes Addr. Offset, the immediate 0. */
#define LOAD_ZEROES  0xfff00000u
#define STORE_ZEROES 0xfe000f80u

#define WALK_READ  0x3000u
#define WALK_WRITE 0x3020u

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

/* Bits [shift, shift+width) of an instruction; width is at most 5. */
static uint8_t field(uint32_t bits, unsigned shift, unsigned width)
{
	return (uint8_t)((bits >> shift) & ((1u << width) - 1));
}

static struct insn other(unsigned length)
{
	return (struct insn){.kind = INSN_OTHER, .length = (uint8_t)length};
}

static struct insn decode_compressed(uint32_t bits)
{
	uint8_t quadrant = field(bits, 0, 2), funct3 = field(bits, 13, 3);
	const struct form *form = &compressed[quadrant][funct3];

	if (quadrant == 0 && funct3 == ZCB_FUNCT3)
		form = &zcb[field(bits, 10, 3)][field(bits, 6, 1)];
	uint8_t reg = field(bits, form->reg_shift, form->reg_bits);

	if (form->reg_bits == 3)
		reg = (uint8_t)(reg + 8);
	if (form->kind == INSN_OTHER || (form->kind == INSN_LOAD && reg == 0))
		return other(2); /* c.lwsp and c.ldsp into x0 are reserved */
	return (struct insn){.kind = (enum insn_kind)form->kind,
		.length = 2,
		.reg = reg,
		.size = form->size,
		.sign_extend = form->sign_extend};
}

static struct insn decode_standard(uint32_t bits)
{
	uint32_t opcode = bits & OPCODE_MASK;
	uint8_t funct3 = field(bits, 12, 3);
	uint8_t size = (uint8_t)(1u << (funct3 & 3));
	bool zero_extend = (funct3 & 4) != 0;

	if (opcode == OPCODE_LOAD && funct3 != 7)
		return (struct insn){INSN_LOAD, 4, field(bits, 7, 5), size, !zero_extend};
	if (opcode == OPCODE_STORE && !zero_extend)
		return (struct insn){INSN_STORE, 4, field(bits, 20, 5), size, false};
	return other(4);
}

struct insn insn_decode(uint32_t bits)
{
	if ((bits & LENGTH_MASK) != LENGTH_MASK)
		return decode_compressed(bits);
	if ((bits & 0x1c) == 0x1c)
		return other(0); /* 48 bits or more */
	return decode_standard(bits);
}

struct insn insn_decode_transformed(uint64_t htinst, unsigned *addr_offset)
{
	uint32_t bits = (uint32_t)htinst;
	*addr_offset = 0;
	/* Bit 0 clear: nothing, a pseudoinstruction or, with bit 1 set, a custom value. */
	if (htinst != bits || (bits & 1) == 0)
		return other(0);

	struct insn insn = insn_decode(bits | LENGTH_BIT);
	uint32_t zeroes = insn.kind == INSN_LOAD ? LOAD_ZEROES : STORE_ZEROES;
	if (insn.kind != INSN_OTHER && (bits & zeroes) != 0)
		insn = other(insn.length);
	else if (insn.kind != INSN_OTHER)
		*addr_offset = field(bits, 15, 5);
	if (insn.length == 4 && (bits & LENGTH_BIT) == 0)
		insn.length = 2;
	return insn;
}

bool insn_is_walk(uint64_t htinst)
{
	return htinst == WALK_READ || htinst == WALK_WRITE;
}

uint64_t insn_load_value(const struct insn *insn, uint64_t raw)
{
	unsigned unused = 64 - 8u * insn->size;

	raw <<= unused;
	return insn->sign_extend ? (uint64_t)((int64_t)raw >> unused) : raw >> unused;
}
