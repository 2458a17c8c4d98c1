/* SPDX-License-Identifier: MIT */
/*
 * The extension names that Vesper knows, in the canonical order of an ISA
 * string (unprivileged specification, "ISA Extension Naming Conventions").
 * A name that is not here is never shown to a guest.
 */
#ifndef VESPER_CONFIG_ISA_TABLE_H
#define VESPER_CONFIG_ISA_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/isa.h"

struct isa_name {
	const char *name;
	uint8_t ext; /* enum isa_ext; ISA_MAX: none of those that Vesper asks about */
	bool guest;  /* a guest may use it if the host has it */
};

extern const struct isa_name isa_table[];
extern const unsigned isa_table_rows;

/* The bit of row `row` in struct isa. */
static inline unsigned isa_table_bit(unsigned row)
{
	return isa_table[row].ext == ISA_MAX ? ISA_KNOWN_FIRST_OTHER + row : isa_table[row].ext;
}

#endif
