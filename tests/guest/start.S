/* SPDX-License-Identifier: MIT */
/*
 * The start of every payload: the RISC-V Linux Image header, so that a
 * hypervisor, or QEMU's -kernel over nothing but firmware, enters it at
 * 0x80200000 with a0 = hart and a1 = device tree; and the trap vector. All
 * registers go to one static frame, not to the stack: a payload may point sp at
 * a device, and no trap nests.
 */
#include "tests/guest/registers.inc"

	.section .text.start
	.globl	_start
	.option	push
	.option	norvc
_start:
	j	enter
	.word	0
	.dword	0x200000		/* text_offset: from the start of RAM */
	.dword	image_end - _start	/* image_size: with bss and stack */
	.dword	0			/* flags: little-endian */
	.word	2			/* header version 0.2 */
	.word	0
	.dword	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0
	.option	pop

enter:
	.option	push
	.option	norelax
	la	gp, __global_pointer$
	.option	pop
	csrw	sie, zero
	la	sp, stack_top
	la	t0, bss_start
	la	t1, bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b
	la	t0, trap_vector
	csrw	stvec, t0
	call	guest_main
	call	guest_returned

	.balign	4
	.globl	trap_vector
trap_vector:
	csrw	sscratch, t0
	la	t0, trap_frame
	each_register sd
	csrr	t1, sscratch
	sd	t1, (5 * 8)(t0)		/* t0 itself is x5 */
	.option	push
	.option	norelax
	la	gp, __global_pointer$
	.option	pop
	la	sp, trap_stack_top
	mv	a0, t0
	call	guest_trap
	la	t0, trap_frame
	each_register ld
	ld	t0, (5 * 8)(t0)
	sret

	.section .bss
	.balign	16
trap_frame:
	.skip	32 * 8
	.skip	16384
stack_top:
	.skip	4096
trap_stack_top:
