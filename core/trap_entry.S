/* SPDX-License-Identifier: MIT */
/*
 * Between a guest and Vesper. While a guest runs, sscratch holds its vCPU;
 * while Vesper runs, sscratch is 0, which is how a trap of our own is told.
 * sstatus.SIE stays 0 in Vesper, so nothing interrupts these paths.
 *
 * An ecall takes the short way: only what a C call clobbers is saved, and the
 * rest stays in the registers. Every other exit stores all of them, because an
 * emulated load or store may name any.
 */
/* Offsets in struct vcpu, asserted in vcpu.h. */
#define VCPU_A0 (8 * 10)
#define VCPU_STACK 256
#define VCPU_REQUEST 264
#define VCPU_ECALLS 272
#define CAUSE_VS_ECALL 10

.macro save r, n
	sd	\r, 8*\n(sp)
.endm
.macro load r, n
	ld	\r, 8*\n(sp)
.endm

/* The callee-saved registers, gp and tp: `op` is save or load. */
.macro callee_saved op
	\op gp, 3
	\op tp, 4
	\op s0, 8
	\op s1, 9
	\op s2, 18
	\op s3, 19
	\op s4, 20
	\op s5, 21
	\op s6, 22
	\op s7, 23
	\op s8, 24
	\op s9, 25
	\op s10, 26
	\op s11, 27
.endm

/* What a C call clobbers, but for t0, which the paths below use last and first. */
.macro caller_saved op
	\op a0, 10
	\op a1, 11
	caller_saved_but_a0_a1 \op
.endm
.macro caller_saved_but_a0_a1 op
	\op ra, 1
	\op t1, 6
	\op t2, 7
	\op a2, 12
	\op a3, 13
	\op a4, 14
	\op a5, 15
	\op a6, 16
	\op a7, 17
	\op t3, 28
	\op t4, 29
	\op t5, 30
	\op t6, 31
.endm

.section .text.trap, "ax"
.balign 4
.globl trap_entry
trap_entry:
	csrrw	sp, sscratch, sp
	beqz	sp, from_hypervisor
	save	t0, 5
	caller_saved save
	csrrw	t0, sscratch, zero
	save	t0, 2
	csrr	a1, scause
	mv	a0, sp
	li	t0, CAUSE_VS_ECALL
	bne	a1, t0, other
	ld	t0, VCPU_ECALLS(a0)
	ld	sp, VCPU_STACK(a0)
	addi	t0, t0, 1
	sd	t0, VCPU_ECALLS(a0)
	csrr	t0, sepc
	addi	t0, t0, 4
	csrw	sepc, t0
	addi	sp, sp, -16
	sd	a0, 0(sp)
	addi	a1, a0, VCPU_A0
	call	sbi_call
	ld	sp, 0(sp)
	lw	t0, VCPU_REQUEST(sp)
	bnez	t0, request
	csrw	sscratch, sp
	/* a0 and a1 are the answer. */
	caller_saved_but_a0_a1 load
	load	t0, 5
	load	sp, 2
	sret

/* The vCPU leaves the hart after the call. What C leaves alone is the guest's still. */
request:
	save	a0, 10
	save	a1, 11
	callee_saved save
leave_hart:
	mv	a0, sp
	ld	sp, VCPU_STACK(a0)
	call	trap_request

other:
	callee_saved save
	ld	sp, VCPU_STACK(a0)
	mv	s0, a0
	call	trap_other
	lw	t0, VCPU_REQUEST(s0)
	mv	sp, s0
	bnez	t0, leave_hart
	bnez	a0, enter
	load	s0, 8
	j	leave
enter:
	callee_saved load
leave:
	csrw	sscratch, sp
	caller_saved load
	load	t0, 5
	load	sp, 2
	sret

.globl trap_enter_guest
trap_enter_guest:
	mv	sp, a0
	j	enter

/*
 * A trap of Vesper's own is a bug (trying.S catches the ones it expects
 * by itself). The frame and the stack are set apart: ours may have overflowed.
 */
from_hypervisor:
	lla	sp, panic_frame
	save	t0, 5
	caller_saved save
	callee_saved save
	csrrw	t0, sscratch, zero
	save	t0, 2
	mv	a0, sp
	lla	sp, panic_stack_top
	call	trap_from_hypervisor

.section .bss.panic, "aw", @nobits
.balign 16
panic_frame:
	.skip	8 * 32
	.skip	4096
panic_stack_top:
