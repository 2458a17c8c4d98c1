/* SPDX-License-Identifier: MIT */
/*
 * Instructions that may trap and whose trap is an answer. Each function takes
 * the trap vector for itself while its one risky instruction runs, so no
 * other code has to know about it.
 *
 * uint64_t trying_NAME(uint64_t arg, uint64_t *out): 0, or 1 when it trapped.
 */
.option arch, +h

.macro trying name:req, insn:vararg
.section .text.trying, "ax"
.balign 4
.globl trying_\name
trying_\name:
	lla	t0, 1f
	csrrw	t1, stvec, t0
	\insn
	csrw	stvec, t1
	sd	t2, 0(a1)
	li	a0, 0
	ret
.balign 4
1:
	csrw	stvec, t1
	li	a0, 1
	ret
.endm

/* t2 <- the halfword of an instruction, the doubleword of a datum */
trying	fetch, hlvx.hu t2, (a0)
trying	load, hlv.d t2, (a0)

/* CSRs that a hart may lack */
trying	read_stimecmp, csrr t2, stimecmp
trying	read_hstateen0, csrr t2, hstateen0
trying	read_hgatp, csrr t2, hgatp
trying	read_siselect, csrr t2, 0x150
trying	read_stopei, csrr t2, 0x15c

/* A CSR's number is in the instruction, so there is one for each: they return to t5. */
.option push
.option norvc
.balign 8
counter_table:
.set	n, 0
.rept	32
	csrr	t2, 0xc00 + n
	jr	t5
.set	n, n + 1
.endr
.option pop

.macro counter_csrr
	lla	t4, counter_table
	slli	t3, a0, 3
	add	t4, t4, t3
	jalr	t5, 0(t4)
.endm
trying	read_hpm, counter_csrr

/* cbo.zero (a0) */
trying	cbo_zero, .insn i 0x0f, 2, x0, a0, 4
