/* SPDX-License-Identifier: MIT */
/*
 * One instruction a function: a0 is the address, a1 the value to store, a0 the
 * value loaded. access.h describes them as a table. The sp-relative compressed
 * forms point sp at the address for one instruction.
 */
	.option	arch, rv64gc
	.section .text

	.macro	access name, text:vararg
	.globl	access_\name
access_\name:
	\text
	ret
	.endm

	.macro	access_sp name, text:vararg
	.globl	access_\name
access_\name:
	mv	t0, sp
	mv	sp, a0
	\text
	mv	sp, t0
	ret
	.endm

	.option	push
	.option	norvc
	access	lb, lb a0, 0(a0)
	access	lbu, lbu a0, 0(a0)
	access	lh, lh a0, 0(a0)
	access	lhu, lhu a0, 0(a0)
	access	lw, lw a0, 0(a0)
	access	lwu, lwu a0, 0(a0)
	access	ld, ld a0, 0(a0)
	access	sb, sb a1, 0(a0)
	access	sh, sh a1, 0(a0)
	access	sw, sw a1, 0(a0)
	access	sd, sd a1, 0(a0)
	access	flw, flw ft0, 0(a0)
	access	fsd, fsd ft0, 0(a0)
	access	lr_w, lr.w a0, (a0)
	access	amoadd_w, amoadd.w a0, a1, (a0)
	access	amoswap_d, amoswap.d a0, a1, (a0)
	.option	pop

	access	c_lw, c.lw a0, 0(a0)
	access	c_ld, c.ld a0, 0(a0)
	access	c_sw, c.sw a1, 0(a0)
	access	c_sd, c.sd a1, 0(a0)
	access	c_fld, c.fld fa0, 0(a0)
	access_sp c_lwsp, c.lwsp a0, 0(sp)
	access_sp c_ldsp, c.ldsp a0, 0(sp)
	access_sp c_swsp, c.swsp a1, 0(sp)
	access_sp c_sdsp, c.sdsp a1, 0(sp)
	/* Zcb, which the assembler may not know: rs1' is a0, rd' a0 or rs2' a1. */
	access	c_lbu, .2byte 0x8108
	access	c_lhu, .2byte 0x8508
	access	c_lh, .2byte 0x8548
	access	c_sb, .2byte 0x890c
	access	c_sh, .2byte 0x8d0c

	/* Jumps to a0; a0 comes back unchanged when the target cannot be fetched. */
	.globl	access_jump
access_jump:
	jr	a0

	/*
	 * By register: load_through[r] loads the word at a0 through xr, store_through[r] stores a1
	 * from xr. xr keeps its value, but a0..a4 are the caller's to lose.
	 */
	.macro	through_register reg, base=a3
load_\reg:
	mv	a1, x\reg
	lw	x\reg, 0(a0)
	mv	a0, x\reg
	.if	\reg - 10
	mv	x\reg, a1
	.endif
	ret
store_\reg:
	mv	\base, a0
	mv	a2, x\reg
	mv	x\reg, a1
	sw	x\reg, 0(\base)
	mv	x\reg, a2
	ret
	.endm

	.macro	registers_to_12 op
	.irp	reg, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	\op	\reg
	.endr
	.endm

	.macro	registers_from_14 op
	.irp	reg, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	\reg
	.endr
	.endm

	.option	norvc
	registers_to_12 through_register
	through_register 13, a4
	registers_from_14 through_register

	.section .rodata
	.macro	load_pointer reg
	.dword	load_\reg
	.endm
	.macro	store_pointer reg
	.dword	store_\reg
	.endm
	.balign	8
	.globl	load_through
load_through:
	.dword	0
	registers_to_12 load_pointer
	load_pointer 13
	registers_from_14 load_pointer
	.globl	store_through
store_through:
	.dword	0
	registers_to_12 store_pointer
	store_pointer 13
	registers_from_14 store_pointer
