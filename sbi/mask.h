/* SPDX-License-Identifier: MIT */
/*
 * The sets that calls name by a mask and the number of its bit 0: harts
 * (SBI 3.0, 3.1) and counters (11.6 on). No VM has more than 64 of either, so
 * that a set becomes one word, bit n for number n. Checked first, then visited:
 * a call with one bad number touches none.
 *
 *	if (sbi_mask_from(mask, base, valid, &set))
 *		for (; set; set &= set - 1)
 *			f(sbi_mask_lowest(set));
 */
#ifndef VESPER_SBI_MASK_H
#define VESPER_SBI_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "include/abi/sbi.h"
#include "sbi/sbi_core.h"

/* false: it names a number that is not in `valid`. An empty mask names none, wherever it begins. */
static inline bool sbi_mask_from(uint64_t mask, uint64_t base, uint64_t valid, uint64_t *out)
{
	*out = 0;
	if (!mask)
		return true;
	if (base >= 64)
		return false;
	*out = mask << base;
	return *out >> base == mask && !(*out & ~valid);
}

/* The same for harts, all of which an all-ones base names. false: SBI_ERR_INVALID_PARAM. */
static inline bool sbi_mask_harts(
	const struct vcpu *vcpu, uint64_t mask, uint64_t base, uint64_t *out)
{
	uint64_t all = ~0ull >> (64 - vcpu_count(vcpu));

	*out = all;
	return base == SBI_ALL_HARTS || sbi_mask_from(mask, base, all, out);
}

/* The hart, where a call names one in the way that Linux does: it is number `base`. NULL: look at all of the mask. */
static inline struct vcpu *sbi_mask_one_hart(struct vcpu *vcpu, uint64_t mask, uint64_t base)
{
	return mask == 1 ? vcpu_sibling(vcpu, base) : NULL;
}

/* The lowest number in a set that is not empty; in steps, for want of an instruction. */
static inline unsigned sbi_mask_lowest(uint64_t set)
{
	unsigned n = 0;

	for (; !(set & 0xff); set >>= 8)
		n += 8;
	for (; !(set & 1); set >>= 1)
		n++;
	return n;
}

#endif
