/* SPDX-License-Identifier: MIT */
/*
 * Any bits give a sane answer: what core indexes and shifts with stays in its
 * range, and a transformed instruction never claims more than the plain one.
 */
#include <stddef.h>
#include <string.h>

#include "core/insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check(const struct insn *insn)
{
	require(insn->reg < 32 && insn->base < 32);
	if (insn->kind == INSN_OTHER) {
		require(insn->length == 0 || insn->length == 2 || insn->length == 4);
		return;
	}
	require(insn->length == 2 || insn->length == 4);
	require(insn->size == 1 || insn->size == 2 || insn->size == 4 || insn->size == 8);
	require(insn->kind == INSN_LOAD || !insn->sign_extend);

	uint64_t value = insn_load_value(insn, 0x8182848890a0c0ffull);
	require(insn->size == 8 || insn->sign_extend || value >> (8 * insn->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t bits;
	if (size != sizeof(bits))
		return 0;
	memcpy(&bits, data, sizeof(bits));

	struct insn insn, transformed;

	insn_decode((uint32_t)bits, &insn);
	check(&insn);

	insn_decode_transformed(bits, &transformed);
	check(&transformed);
	require(transformed.addr_offset < 32);
	require(!insn_is_walk(bits) || transformed.kind == INSN_OTHER);
	if (transformed.kind == INSN_OTHER || transformed.length != 4)
		return 0;
	/* "Addr. Offset" is where rs1 was. */
	transformed.base = transformed.addr_offset;
	transformed.addr_offset = 0;
	require(memcmp(&insn, &transformed, sizeof(insn)) == 0);
	return 0;
}
