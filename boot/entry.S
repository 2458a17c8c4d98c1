/* SPDX-License-Identifier: MIT */
/*
 * The first instructions, from the firmware (a0 = hart ID, a1 = device tree,
 * translation off), under the RISC-V Linux Image header that QEMU's -kernel
 * and U-Boot's booti know (Documentation/arch/riscv/boot-image-header.rst).
 */
#define IMAGE_BASE 0x80200000
#define R_RISCV_RELATIVE 3

.section .text.head, "ax"
.globl image_head
image_head:
	j	entry
	.balign	8
	.dword	0x200000                /* text_offset from the start of RAM */
	.dword	image_end - image_head  /* image_size in memory */
	.dword	0                       /* flags: little endian */
	.word	2                       /* header version 0.2 */
	.word	0
	.dword	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

/* For panic(), whose addresses are those of the ELF file. */
.globl image_link_address
image_link_address:
	.dword	IMAGE_BASE

entry:
	csrw	sie, zero
	csrw	sscratch, zero
	lla	t0, parked
	csrw	stvec, t0

	/* Where are we, and by how much is that not where we were linked? */
	lla	s0, image_head
	li	t0, IMAGE_BASE
	sub	s0, s0, t0

	/* Relocate: every entry is R_RISCV_RELATIVE, or the build has failed. */
	lla	t0, rela_start
	lla	t1, rela_end
1:	bgeu	t0, t1, 2f
	ld	t2, 0(t0)
	ld	t3, 8(t0)
	ld	t4, 16(t0)
	addi	t0, t0, 24
	li	t5, R_RISCV_RELATIVE
	bne	t3, t5, parked
	add	t2, t2, s0
	add	t4, t4, s0
	sd	t4, 0(t2)
	j	1b

2:	lla	t0, bss_start
	lla	t1, image_end
3:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 3b

	lla	sp, stack_top
	li	s0, 0
	call	start

/*
 * Another hart's first instructions (SBI HSM, translation off): a1 is the
 * physical address of its struct hart (core/hart.h), which begins with satp
 * and the top of its stack, where the same struct is mapped.
 */
.globl hart_entry
hart_entry:
	csrw	sie, zero
	csrw	sscratch, zero
	lla	t0, parked
	csrw	stvec, t0
	ld	t0, 0(a1)
	ld	a0, 8(a1)
	csrw	satp, t0
	sfence.vma
	lla	t0, trap_entry
	csrw	stvec, t0

/* hart_enter(hart): the stack ends where the struct begins. */
.globl hart_enter
hart_enter:
	mv	sp, a0
	call	hart_main

.balign 4
parked:
	wfi
	j	parked
