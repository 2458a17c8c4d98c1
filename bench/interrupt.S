/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's third guest: the way of an interrupt to the guest's handler.
 * The device is the 16550 UART, whose line rises when its transmit interrupt is
 * enabled. With AIA defined it goes through APLIC and IMSIC, else through the
 * PLIC; with AIA the guest also sends an MSI to itself. A region lasts from
 * the store to the handler's first instruction, and is shown once all has been
 * done twice before. The markers are as in payload.S.
 */
#define EID_SRST 0x53525354

#define SIP_SEIP    0x200
#define SSTATUS_SIE 0x2

#define UART     0x10000000
#define UART_IER 1
#define UART_IIR 2
#define IER_TRANSMIT 2
#define SOURCE	 10

#define PLIC	      0x0c000000
#define PLIC_ENABLE   (PLIC + 0x2080) /* of context 1: hart 0, S-mode */
#define PLIC_CONTEXT  (PLIC + 0x201000)

#define APLIC	      0x0d000000
#define APLIC_LEVEL1  6
#define IMSIC	      0x28000000
#define IDENTITY      5
#define siselect      0x150
#define sireg	      0x151
#define stopei	      0x15c

#include "bench/image.inc"

	.macro put address, value
	li	t0, \address
	li	t1, \value
	sw	t1, 0(t0)
	.endm

	.macro select register, value
	li	t0, \register
	csrw	siselect, t0
	li	t0, \value
	csrw	sireg, t0
	.endm

	/* Region `index`: the store at 0(s1), of `size`, of s2; the handler goes on behind it. */
	.macro region index, store
	la	t0, handler
	csrw	stvec, t0
	\store	s2, 0(s1)
	\store	s2, 0(s1)
	la	t0, 3f
	csrw	stvec, t0
	mark	(2 * \index)
	\store	s2, 0(s1)
	j	4f
	.balign 4
3:	mark	(2 * \index + 1)
	j	handler
4:
	.endm

start:
	li	s3, UART
#ifdef AIA
	select	0x70, 1 /* eidelivery */
	select	0xc0, 1 << IDENTITY
	put	APLIC + 4 * SOURCE, APLIC_LEVEL1
	put	APLIC + 0x3000 + 4 * SOURCE, IDENTITY /* target: hart 0 */
	put	APLIC + 0x1edc, SOURCE /* setienum */
	put	APLIC, 1 << 8 /* domaincfg: enabled */
#else
	put	PLIC + 4 * SOURCE, 1
	put	PLIC_ENABLE, 1 << SOURCE
	put	PLIC_CONTEXT, 0
#endif
	li	t0, SIP_SEIP
	csrw	sie, t0
	csrsi	sstatus, SSTATUS_SIE

	addi	s1, s3, UART_IER
	li	s2, IER_TRANSMIT
	region	30, sb
#ifdef AIA
	li	s1, IMSIC
	li	s2, IDENTITY
	region	31, sw
#endif
	shut_down

	.balign 4
handler:
#ifdef AIA
	csrw	stopei, zero
#else
	li	t0, PLIC_CONTEXT
	lw	t1, 4(t0)
#endif
	lbu	t2, UART_IIR(s3)
	sb	zero, UART_IER(s3)
#ifndef AIA
	sw	t1, 4(t0)
#endif
	sret
