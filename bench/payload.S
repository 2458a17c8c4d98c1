/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's guest: an S-mode program with a RISC-V Linux Image header, so
 * that a hypervisor, or QEMU with nothing but firmware below, starts it at
 * 0x80200000 as it would start a kernel. Interrupts and translation stay off.
 *
 * Each region runs one operation 10,000 times between the markers 2i and 2i+1
 * (bench/count.c); bench/run.py knows the regions by the same numbers. A count
 * includes the loop itself, which the region `loop` shows alone.
 */
#define ROUNDS	   10000
#define PAGES	   10000
#define BLOCKS	   32
#define RAM_TOUCH  0x81000000 /* untouched RAM: PAGES pages from here, */
#define RAM_BLOCKS 0x84000000 /* BLOCKS blocks of 2 MiB from here */

#define EID_BASE   0x10
#define EID_TIME   0x54494d45
#define EID_IPI	   0x735049
#define EID_RFENCE 0x52464e43
#define EID_HSM	   0x48534d
#define EID_DBCN   0x4442434e
#define EID_SRST   0x53525354

#include "bench/image.inc"

	/* Region `index`: 10,000 SBI calls with up to five arguments; a0 and a1 are lost in each. */
	.macro sbi_region index, eid, fid, a0=0, a1=0, a2=0, a3=0
	li	a2, \a2
	li	a3, \a3
	li	a6, \fid
	li	a7, \eid
	li	s0, ROUNDS
	li	s1, \a0
	li	s2, \a1
	mark	(2 * \index)
1:	mv	a0, s1
	mv	a1, s2
	ecall
	addi	s0, s0, -1
	bnez	s0, 1b
	mark	(2 * \index + 1)
	.endm

	/* Region `index`: 10,000 loads of one device register. */
	.macro load_region index, address
	li	s0, ROUNDS
	li	s1, \address
	mark	(2 * \index)
1:	lw	a0, 0(s1)
	addi	s0, s0, -1
	bnez	s0, 1b
	mark	(2 * \index + 1)
	.endm

	/* Region `index`: `count` stores, `step` bytes apart. */
	.macro touch_region index, address, step, count
	li	s0, \count
	li	s1, \address
	li	s2, \step
	mark	(2 * \index)
1:	sd	zero, 0(s1)
	add	s1, s1, s2
	addi	s0, s0, -1
	bnez	s0, 1b
	mark	(2 * \index + 1)
	.endm

start:
	csrw	sie, zero
	li	s0, ROUNDS
	mark	2
1:	addi	s0, s0, -1
	bnez	s0, 1b
	mark	3

	sbi_region 2, EID_BASE, 0
	sbi_region 3, EID_TIME, 0, -2
	sbi_region 4, EID_IPI, 0, 1
	sbi_region 5, EID_RFENCE, 1, 1, 0, 0x80000000, 0x1000
	sbi_region 6, EID_RFENCE, 0, 1
	sbi_region 7, EID_HSM, 2
	sbi_region 8, EID_DBCN, 2, '.'

	load_region 9, 0x0c000004  /* PLIC: priority of source 1 */
	load_region 10, 0x10001000 /* virtio-mmio: MagicValue */

	touch_region 11, RAM_TOUCH, 0x1000, PAGES
	touch_region 12, RAM_BLOCKS, 0x200000, BLOCKS

	shut_down
