/* SPDX-License-Identifier: MIT */
/*
 * Every form that core/insn.c knows, with every register, and a choice of what
 * it must not know, as the assembler encodes them. insn_forms.py turns the
 * section into a C table. One record of 48 bytes: text (32), kind, reg, size,
 * sign, length (a byte each), 3 bytes of padding, the instruction, padding.
 */
#define OTHER 0
#define LOAD  1
#define STORE 2

	.macro record kind, reg, size, sign, text:vararg
0:	.string	"\text"
	.org	0b + 32, 0
	.byte	\kind, \reg, \size, \sign, 2f - 1f, 0, 0, 0
1:	\text
2:	.org	0b + 48, 0
	.endm

	.macro load size, sign, name, reg
	record	LOAD, \reg, \size, \sign, \name x\reg, 0(x31)
	record	LOAD, \reg, \size, \sign, \name x\reg, -2048(x\reg)
	record	LOAD, \reg, \size, \sign, \name x\reg, 2047(x1)
	.endm

	.macro store size, name, reg
	record	STORE, \reg, \size, 0, \name x\reg, 0(x31)
	record	STORE, \reg, \size, 0, \name x\reg, -2048(x\reg)
	record	STORE, \reg, \size, 0, \name x\reg, 2047(x1)
	.endm

	/* x8..x15 only; `top` is the largest offset. */
	.macro compressed kind, size, sign, top, name, reg
	record	\kind, \reg, \size, \sign, \name x\reg, 0(x15)
	record	\kind, \reg, \size, \sign, \name x\reg, \top(x8)
	.endm

	.macro stack kind, size, sign, top, name, reg
	record	\kind, \reg, \size, \sign, \name x\reg, 0(sp)
	record	\kind, \reg, \size, \sign, \name x\reg, \top(sp)
	.endm

	/*
	 * Zcb, which the assembler may be too old for. Bits 15:13 are 100, 12:10 the operation,
	 * 9:7 rs1', 4:2 rd' or rs2'; bits 6 and 5 are uimm[0] and uimm[1] of a byte, of a halfword
	 * the operation's own bit and uimm[1].
	 */
	.macro zcb_bits op, low, reg
	.2byte	0x8000 | (\op << 10) | (7 << 7) | ((\low) << 5) | ((\reg - 8) << 2)
	.endm

	.macro zcb kind, size, sign, op, low, reg
	record	\kind, \reg, \size, \sign, zcb_bits \op, \low, \reg
	.endm

	.macro other text:vararg
	record	OTHER, 0, 0, 0, \text
	.endm

	.section .forms, "a"
	.option	arch, rv64gcv
	.option	norvc
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	load	1, 1, lb, \reg
	load	2, 1, lh, \reg
	load	4, 1, lw, \reg
	load	8, 1, ld, \reg
	load	1, 0, lbu, \reg
	load	2, 0, lhu, \reg
	load	4, 0, lwu, \reg
	store	1, sb, \reg
	store	2, sh, \reg
	store	4, sw, \reg
	store	8, sd, \reg
	.endr
	other	flw f1, 0(x1)
	other	fld f1, 0(x1)
	other	fsw f1, 0(x1)
	other	fsd f1, 0(x1)
	other	lr.w x1, (x2)
	other	sc.d x1, x2, (x3)
	other	amoadd.w x1, x2, (x3)
	other	amoswap.d x1, x2, (x3)
	other	vle8.v v1, (x1)
	other	vse64.v v1, (x1)
	other	addi x1, x2, 3
	other	lui x1, 3
	other	jal x1, .
	other	fence
	other	ecall
	other	csrrw x1, satp, x2
	other	.4byte 0x7003 | 1 << 7 /* LOAD with funct3 7 */
	other	.4byte 0x4023 /* STORE with funct3 4 */

	.option	rvc
	.irp	reg, 8, 9, 10, 11, 12, 13, 14, 15
	compressed LOAD, 4, 1, 124, c.lw, \reg
	compressed LOAD, 8, 1, 248, c.ld, \reg
	compressed STORE, 4, 0, 124, c.sw, \reg
	compressed STORE, 8, 0, 248, c.sd, \reg
	.irp	low, 0, 1, 2, 3
	zcb	LOAD, 1, 0, 0, \low, \reg
	zcb	STORE, 1, 0, 2, \low, \reg
	.endr
	.irp	low, 0, 1
	zcb	LOAD, 2, 0, 1, \low, \reg
	zcb	LOAD, 2, 1, 1, 2 + \low, \reg
	zcb	STORE, 2, 0, 3, \low, \reg
	.endr
	.endr
	.irp	reg, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	stack	LOAD, 4, 1, 252, c.lwsp, \reg
	stack	LOAD, 8, 1, 504, c.ldsp, \reg
	.endr
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	stack	STORE, 4, 0, 252, c.swsp, \reg
	stack	STORE, 8, 0, 504, c.sdsp, \reg
	.endr
	other	c.fld f8, 0(x8)
	other	c.fsd f8, 0(x8)
	other	c.fldsp f1, 8(sp)
	other	c.fsdsp f1, 8(sp)
	other	c.nop
	other	c.addi x1, 1
	other	c.mv x1, x2
	other	c.jr x1
	other	c.ebreak
	other	c.addi4spn x8, sp, 16
	other	.2byte 0x0000 /* the defined illegal instruction */
	other	.2byte 0x4002 /* c.lwsp into x0: reserved */
	other	.2byte 0x6002 /* c.ldsp into x0: reserved */
	other	.2byte 0x8c40 /* c.sh's operation with bit 6 set: reserved */
