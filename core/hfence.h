/* SPDX-License-Identifier: MIT */
/*
 * Fences of guest translations on this hart (privileged specification, "Hypervisor Memory-Management
 * Instructions"). "All" is register x0 itself: a register that holds 0 names address 0 or ASID 0.
 */
#ifndef VESPER_CORE_HFENCE_H
#define VESPER_CORE_HFENCE_H

#include <stdint.h>

/* The compiler tells the assembler of the extensions it knows itself, and H is not among them. */
#define WITH_H(insn) ".option push\n.option arch, +h\n" insn "\n.option pop"

/* G-stage, every address of every VM. */
static inline void hfence_gvma_all(void)
{
	__asm__ volatile(WITH_H("hfence.gvma")::: "memory");
}

/* VS-stage of the VM in hgatp: everything; one page in all address spaces; one ASID; one page of one ASID. */
static inline void hfence_vvma_all(void)
{
	__asm__ volatile(WITH_H("hfence.vvma")::: "memory");
}

static inline void hfence_vvma_page(uint64_t addr)
{
	__asm__ volatile(WITH_H("hfence.vvma %0, zero") : : "r"(addr) : "memory");
}

static inline void hfence_vvma_asid(uint64_t asid)
{
	__asm__ volatile(WITH_H("hfence.vvma zero, %0") : : "r"(asid) : "memory");
}

static inline void hfence_vvma_page_asid(uint64_t addr, uint64_t asid)
{
	__asm__ volatile(WITH_H("hfence.vvma %0, %1") : : "r"(addr), "r"(asid) : "memory");
}

#endif
