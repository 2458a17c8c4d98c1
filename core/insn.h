/* SPDX-License-Identifier: MIT */
/*
 * Pure decoder of the instructions that a hypervisor meets: bits in, struct
 * out. It knows every integer load and store of RV64 with all compressed
 * forms (C and Zcb). Anything else is INSN_OTHER, which core answers with an
 * access fault in the guest.
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
} __attribute__((aligned(8)));

/* Decodes an instruction as fetched: 16 low bits are used when it is a compressed one. */
void insn_decode(uint32_t bits, struct insn *out);

/*
 * Decodes htinst after a load or store guest-page fault (privileged specification, "Transformed Instruction
 * or Pseudoinstruction for mtinst or htinst"). INSN_OTHER for 0, for a pseudoinstruction and for anything but a load or store.
 */
void insn_decode_transformed(uint64_t htinst, struct insn *out);

/* Is htinst the pseudoinstruction of an implicit access for VS-stage translation, a read or a write? */
static inline bool insn_is_walk(uint64_t htinst)
{
	return htinst == 0x3000 || htinst == 0x3020;
}

/* The value a load puts into its register: `raw` cut to the size and extended. */
static inline uint64_t insn_load_value(const struct insn *insn, uint64_t raw)
{
	unsigned unused = 64 - 8u * insn->size;

	raw <<= unused;
	return insn->sign_extend ? (uint64_t)((int64_t)raw >> unused) : raw >> unused;
}

#endif
