/* SPDX-License-Identifier: MIT */
/*
 * RISC-V extensions by name: a set parsed from a device tree's `riscv,isa` or
 * `riscv,isa-extensions`, and the subset that a guest may really use.
 */
#ifndef VESPER_CONFIG_ISA_H
#define VESPER_CONFIG_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The extensions that Vesper itself asks about; the table in isa.c holds all names it knows. */
enum isa_ext {
	ISA_I,
	ISA_M,
	ISA_A,
	ISA_F,
	ISA_D,
	ISA_C,
	ISA_V,
	ISA_H,
	ISA_SSTC,
	ISA_SVPBMT,
	ISA_SVADU,
	ISA_SVADE,
	ISA_ZICBOM,
	ISA_ZICBOZ,
	ISA_ZICBOP,
	ISA_SMSTATEEN,
	ISA_SSSTATEEN,
	ISA_SSCOFPMF,
	ISA_SMAIA,
	ISA_SSAIA,
	ISA_ZICFILP,
	ISA_ZICFISS,
	ISA_SSNPM,
	ISA_SUPM,
	ISA_SSDBLTRP,
	ISA_KNOWN_FIRST_OTHER, /* further names follow in the table only */
	ISA_MAX = 160,
};

struct isa {
	uint64_t bits[(ISA_MAX + 63) / 64];
	uint32_t cbom_block, cboz_block, cbop_block; /* bytes; 0: not given */
};

static inline bool isa_has(const struct isa *isa, unsigned ext)
{
	return isa->bits[ext / 64] >> (ext % 64) & 1;
}

static inline void isa_remove(struct isa *isa, unsigned ext)
{
	isa->bits[ext / 64] &= ~(1ull << (ext % 64));
}

/* Adds what one `riscv,isa` string names ("rv64imafdc_zicsr_..."); unknown names are left out. */
void isa_parse_string(struct isa *isa, const char *string);

/* Adds one name of the `riscv,isa-extensions` list. */
void isa_add_name(struct isa *isa, const char *name);

/* Leaves in `isa` what `other` has too; a block size that differs becomes 0. */
void isa_intersect(struct isa *isa, const struct isa *other);

/*
 * What a guest may use of `host`: user-level extensions that need no help, and those that take a bit
 * of henvcfg (Sstc, Svpbmt, Svadu, Zicbom/z, Zicfilp, Zicfiss, Ssnpm, Ssdbltrp): who calls removes
 * these from `host` first where the bit does not stay. Never H, M-mode or AIA extensions.
 */
void isa_for_guest(const struct isa *host, struct isa *guest);

/* Writes "rv64imafdc_zicsr..." with its NUL; returns the length without it, 0 if `size` is too
 * small. */
size_t isa_to_string(const struct isa *isa, char *buf, size_t size);

/* Writes the names as a NUL-separated string list (`riscv,isa-extensions`); returns its bytes, 0 if
 * too small. */
size_t isa_to_list(const struct isa *isa, char *buf, size_t size);

#endif
