/* SPDX-License-Identifier: MIT */
/*
 * A Linux program of a few instructions that bench/run.py types into the guest's
 * shell: alone it executes marker 100, with one argument 101, with two 102, ...
 */
	.option norvc
	.section .text
	.global _start
_start:
	lw	a0, 0(sp)	/* argc */
	addi	a0, a0, -1
	slli	a0, a0, 3
	la	a1, 1f
	add	a1, a1, a0
	jr	a1
1:
	.irp	n, 100, 101, 102, 103
	slti	x0, x0, \n
	j	2f
	.endr
2:	li	a0, 0
	li	a7, 93		/* exit */
	ecall
