/* SPDX-License-Identifier: MIT */
/* All FP or all vector registers from memory or to it; fpv.h describes the layouts. */
	.option	arch, rv64gcv

	.macro	each_fp op
	.irp	reg, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, \
		20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\reg, (\reg * 8)(a0)
	.endr
	.endm

	.section .text.fpv, "ax"
	.globl	fpv_load_fp
fpv_load_fp:
	each_fp	fld
	ld	t0, 256(a0)
	csrw	fcsr, t0
	ret

	.globl	fpv_store_fp
fpv_store_fp:
	each_fp	fsd
	csrr	t0, fcsr
	sd	t0, 256(a0)
	ret

	/* a0: the registers, a1: struct fpv_vector_csrs */
	.globl	fpv_load_vector
fpv_load_vector:
	csrw	vstart, zero
	csrr	t0, vlenb
	slli	t0, t0, 3
	vl8re64.v v0, (a0)
	add	a0, a0, t0
	vl8re64.v v8, (a0)
	add	a0, a0, t0
	vl8re64.v v16, (a0)
	add	a0, a0, t0
	vl8re64.v v24, (a0)
	ld	t1, 0(a1)
	ld	t2, 8(a1)
	vsetvl	zero, t1, t2
	ld	t1, 24(a1)
	csrw	vcsr, t1
	ld	t1, 16(a1)
	csrw	vstart, t1
	ret

	.globl	fpv_store_vector
fpv_store_vector:
	csrr	t1, vl
	sd	t1, 0(a1)
	csrr	t1, vtype
	sd	t1, 8(a1)
	csrr	t1, vcsr
	sd	t1, 24(a1)
	csrr	t2, vstart		/* it would hold for the stores too */
	sd	t2, 16(a1)
	csrw	vstart, zero
	csrr	t0, vlenb
	slli	t0, t0, 3
	vs8r.v	v0, (a0)
	add	a0, a0, t0
	vs8r.v	v8, (a0)
	add	a0, a0, t0
	vs8r.v	v16, (a0)
	add	a0, a0, t0
	vs8r.v	v24, (a0)
	csrw	vstart, t2
	ret

	.globl	fpv_vlenb
fpv_vlenb:
	csrr	a0, vlenb
	ret
