/* SPDX-License-Identifier: MIT */
/*
 * Pure decoder of the instructions that a hypervisor meets: bits in, struct
 * out. It knows every integer load and store of RV64 with all compressed
 * forms (C and Zcb). Anything else is INSN_OTHER, which core answers with an
 * access fault in the guest. Accesses to CSRs (Zicsr) have a decoder of their own.
 */
#ifndef VESPER_CORE_INSN_H
#define VESPER_CORE_INSN_H

#include <stdbool.h>
#include <stdint.h>

enum insn_kind {
	INSN_OTHER,
	INSN_LOAD,
	INSN_STORE,
};

/* Eight bytes, so that one load and one store copy it. */
struct insn {
	uint8_t kind; /* enum insn_kind */
	uint8_t length; /* bytes of the instruction in memory: 2 or 4; 0 for INSN_OTHER of unknown length */
	uint8_t reg;      /* rd of a load, rs2 of a store */
	uint8_t size;     /* bytes accessed: 1, 2, 4, 8 */
	bool sign_extend; /* a load's value is sign-extended to 64 bits */
	uint8_t addr_offset; /* transformed only: "Addr. Offset" of a misaligned access that faulted in its middle */
	uint8_t base; /* as fetched only: rs1 */
	uint8_t offset; /* as fetched only: the part of the immediate that alignment depends on, 0..7 */
} __attribute__((aligned(8)));

/* Decodes an instruction as fetched: 16 low bits are used when it is a compressed one. */
void insn_decode(uint32_t bits, struct insn *out);

/* As fetched: how far beyond an aligned address the access begins, if rs1 holds `base`. */
static inline unsigned insn_misalignment(const struct insn *insn, uint64_t base)
{
	return (unsigned)(base + insn->offset) & (insn->size - 1u);
}

/*
 * Decodes htinst after a load or store guest-page fault (privileged specification, "Transformed Instruction
 * or Pseudoinstruction for mtinst or htinst"). INSN_OTHER for 0, for a pseudoinstruction and for anything but a load or store.
 */
void insn_decode_transformed(uint64_t htinst, struct insn *out);

/* The pseudoinstructions in htinst of an implicit access for VS-stage translation. */
#define INSN_WALK_READ  0x3000
#define INSN_WALK_WRITE 0x3020

static inline bool insn_is_walk(uint64_t htinst)
{
	return htinst == INSN_WALK_READ || htinst == INSN_WALK_WRITE;
}

struct insn_csr {
	uint16_t csr;
	uint8_t rd;
	uint8_t source; /* rs1, or the value itself */
	bool immediate;
	bool writes; /* false: it only reads, and has none of the effects of a write */
	enum {
		INSN_CSR_WRITE = 1,
		INSN_CSR_SET,
		INSN_CSR_CLEAR,
	} op;
};

/* false: it is none of csrrw, csrrs, csrrc and their immediate forms. */
bool insn_decode_csr(uint32_t bits, struct insn_csr *out);

/* Which bits of the CSR (*mask) become those of *value, where rs1 or the immediate is `operand`. */
void insn_csr_change(
	const struct insn_csr *insn, uint64_t operand, uint64_t *value, uint64_t *mask);

/* The value a load puts into its register: `raw` cut to the size and extended. */
static inline uint64_t insn_load_value(const struct insn *insn, uint64_t raw)
{
	unsigned unused = 64 - 8u * insn->size;

	raw <<= unused;
	return insn->sign_extend ? (uint64_t)((int64_t)raw >> unused) : raw >> unused;
}

#endif
