/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's second guest, with two vCPUs: what waiting costs. First one of
 * them waits for its own timer, alone and then beside another that waits, too;
 * then they wake each other in turn. On two harts that is an interrupt to another
 * hart, on one hart a switch of vCPUs. The markers are as in payload.S.
 */
#define ROUNDS 1000

#define EID_IPI  0x735049
#define EID_HSM  0x48534d
#define EID_SRST 0x53525354

#define SIP_SSIP 0x2
#define SIP_STIP 0x20
#define stimecmp 0x14d

#define DELAY 1000 /* ticks */

#include "bench/image.inc"

	/* Waits until `bit` is pending; its interrupt is enabled, interrupts are not. */
	.macro wait_for bit
8:	wfi
	csrr	t0, sip
	andi	t0, t0, \bit
	beqz	t0, 8b
	.endm

	/* A software interrupt to hart `hart`, below 2. */
	.macro send_ipi hart
	li	a0, 1 << \hart
	li	a1, 0
	li	a6, 0
	li	a7, EID_IPI
	ecall
	.endm

	/* Region `index`: ROUNDS times the own timer. */
	.macro timer_region index
	li	t1, SIP_STIP
	csrw	sie, t1
	li	s0, ROUNDS
	mark	(2 * \index)
1:	csrr	t1, time
	addi	t1, t1, DELAY
	csrw	stimecmp, t1
	wait_for SIP_STIP
	addi	s0, s0, -1
	bnez	s0, 1b
	mark	(2 * \index + 1)
	li	t1, -1
	csrw	stimecmp, t1
	.endm

start:
	timer_region 20

	li	a0, 1
	la	a1, second
	li	a2, 0
	li	a6, 0
	li	a7, EID_HSM
	ecall
	/* It says that it has begun, and waits. */
	li	t1, SIP_SSIP
	csrw	sie, t1
	wait_for SIP_SSIP
	csrci	sip, SIP_SSIP
	timer_region 21

	li	t1, SIP_SSIP
	csrw	sie, t1
	li	s0, ROUNDS
	mark	(2 * 22)
1:	send_ipi 1
	wait_for SIP_SSIP
	csrci	sip, SIP_SSIP
	addi	s0, s0, -1
	bnez	s0, 1b
	mark	(2 * 22 + 1)
	shut_down

second:
	li	t1, SIP_SSIP
	csrw	sie, t1
2:	send_ipi 0
	wait_for SIP_SSIP
	csrci	sip, SIP_SSIP
	j	2b
