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

struct insn {
	enum insn_kind kind;
	uint8_t length;   /* bytes of the instruction in memory: 2 or 4; 0 for INSN_OTHER of unknown
			     length */
	uint8_t reg;      /* rd of a load, rs2 of a store */
	uint8_t size;     /* bytes accessed: 1, 2, 4, 8 */
	bool sign_extend; /* a load's value is sign-extended to 64 bits */
};

/* Decodes an instruction as fetched: 16 low bits are used when it is a compressed one. */
struct insn insn_decode(uint32_t bits);

/*
 * Decodes htinst after a load or store guest-page fault (privileged spec, "Transformed Instruction
 * or Pseudoinstruction for mtinst or htinst"). *addr_offset gets the "Addr. Offset" field of a
 * misaligned access that faulted in its middle. INSN_OTHER with length 0 for 0 and for a
 * pseudoinstruction.
 */
struct insn insn_decode_transformed(uint64_t htinst, unsigned *addr_offset);

/* Is htinst the pseudoinstruction of an implicit access for VS-stage translation? */
bool insn_is_walk(uint64_t htinst);

/* The value a load puts into its register: `raw` cut to the size and extended. */
uint64_t insn_load_value(const struct insn *insn, uint64_t raw);

#endif
