/* SPDX-License-Identifier: MIT */
/*
 * Where harts that smp_start() starts come in, and their trap vector. Each hart
 * has a struct smp_hart: tp points at it, and sscratch too, outside of traps. It
 * begins with the registers of the trap and the tops of the two stacks.
 */
#include "tests/guest/registers.inc"

	.set	STACK_TOP, 256
	.set	TRAP_STACK_TOP, 264

	.macro	load_gp
	.option	push
	.option	norelax
	la	gp, __global_pointer$
	.option	pop
	.endm

	/* a0 = hart ID, a1 = its struct smp_hart */
	.section .text.smp, "ax"
	.globl	smp_entry
smp_entry:
	load_gp
	csrr	a2, sstatus
	csrr	a3, satp
	csrw	sie, zero
	mv	tp, a1
	csrw	sscratch, tp
	la	t0, smp_vector
	csrw	stvec, t0
	ld	sp, STACK_TOP(tp)
	call	smp_main

	.balign	4
	.globl	smp_vector
smp_vector:
	csrrw	t0, sscratch, t0
	each_register sd
	csrrw	t1, sscratch, t0
	sd	t1, (5 * 8)(t0)
	load_gp
	mv	tp, t0
	ld	sp, TRAP_STACK_TOP(t0)
	mv	a0, t0
	call	smp_trap
	mv	t0, tp
	each_register ld
	ld	t0, (5 * 8)(t0)
	sret
