/* SPDX-License-Identifier: MIT */
/*
 * Floating-point and vector registers, switched lazily: they are saved when a
 * vCPU that changed them leaves the hart, and loaded when one first uses them
 * (until then FS and VS are off and illegal instructions are not delegated).
 */
#ifndef VESPER_CORE_FP_H
#define VESPER_CORE_FP_H

#include <stdbool.h>
#include <stdint.h>

struct hart;
struct vcpu;

/* The registers of a vCPU in memory; the numbers are in fp_regs.S. */
struct fp_state {
	uint64_t f[32];
	uint64_t fcsr;
	uint64_t vstart, vl, vtype, vcsr;
	uint64_t unused[3];
	uint8_t v[]; /* 32 registers of vlenb bytes */
};

/* Pages that a vCPU's registers take: 1, 2 or 4; 0: they are too long. */
unsigned fp_pages(unsigned vlenb);

/* Bytes of a vector register; 0: none. Before any vCPU is loaded. */
unsigned fp_probe_vlenb(void);

/* The part of vcpu_load() and vcpu_unload(). */
void fp_load(struct hart *hart, struct vcpu *vcpu);
void fp_unload(struct hart *hart, struct vcpu *vcpu);

/* An illegal instruction while the registers were not the vCPU's own: now they are. false: they were. */
bool fp_claim(struct hart *hart, struct vcpu *vcpu);

/* fp_regs.S; FS and VS are on. */
void fp_regs_save(struct fp_state *to);
void fp_regs_save_fcsr(struct fp_state *to);
void fp_regs_restore(const struct fp_state *from);
void fp_regs_save_vector(struct fp_state *to);
void fp_regs_save_vector_csrs(struct fp_state *to);
void fp_regs_restore_vector(const struct fp_state *from);
uint64_t fp_regs_vlenb(void);

#endif
