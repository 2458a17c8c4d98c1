/* SPDX-License-Identifier: MIT */
/*
 * The only floating-point and vector instructions in Vesper: they move the
 * registers of a vCPU to and from struct fp_state (fp.h).
 */
.option arch, +v

#define FCSR 256
#define VSTART 264
#define VL 272
#define VTYPE 280
#define VCSR 288
#define V 320

.altmacro
.macro each_f op, n=0
	\op	f\n, (8*\n)(a0)
	.if \n < 31
	each_f \op, %(\n + 1)
	.endif
.endm

/* All vector registers, eight an instruction. */
.macro all_v op
	csrr	t1, vlenb
	slli	t1, t1, 3
	addi	a1, a0, V
	\op	v0, (a1)
	add	a1, a1, t1
	\op	v8, (a1)
	add	a1, a1, t1
	\op	v16, (a1)
	add	a1, a1, t1
	\op	v24, (a1)
.endm

.section .text.fp, "ax"
.globl fp_regs_save
fp_regs_save:
	each_f fsd
	ret

.globl fp_regs_save_fcsr
fp_regs_save_fcsr:
	frcsr	t0
	sd	t0, FCSR(a0)
	ret

.globl fp_regs_restore
fp_regs_restore:
	each_f fld
	ld	t0, FCSR(a0)
	fscsr	t0
	ret

.globl fp_regs_vlenb
fp_regs_vlenb:
	csrr	a0, vlenb
	ret

.globl fp_regs_save_vector_csrs
fp_regs_save_vector_csrs:
	csrr	t0, vstart
	csrr	t1, vl
	csrr	t2, vtype
	csrr	t3, vcsr
	sd	t0, VSTART(a0)
	sd	t1, VL(a0)
	sd	t2, VTYPE(a0)
	sd	t3, VCSR(a0)
	ret

/* vstart other than 0 would leave registers out. */
.globl fp_regs_save_vector
fp_regs_save_vector:
	csrr	t0, vstart
	csrw	vstart, zero
	all_v	vs8r.v
	csrw	vstart, t0      /* the registers stay the vCPU's */
	ret

/* vstart comes last: every other vector instruction sets it to 0. */
.globl fp_regs_restore_vector
fp_regs_restore_vector:
	csrw	vstart, zero
	all_v	vl8re8.v
	ld	t1, VL(a0)
	ld	t2, VTYPE(a0)
	vsetvl	zero, t1, t2
	ld	t3, VCSR(a0)
	csrw	vcsr, t3
	ld	t0, VSTART(a0)
	csrw	vstart, t0
	ret
