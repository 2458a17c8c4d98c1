/* SPDX-License-Identifier: MIT */
/*
 * The harts that a call names by hart_mask and hart_mask_base (SBI 3.0, 3.1).
 * Check first, then visit: a call with one bad hart touches none.
 *
 *	if (sbi_harts_init(&harts, vcpu, mask, base))
 *		while ((target = sbi_harts_next(&harts)))
 */
#ifndef VESPER_SBI_HARTS_H
#define VESPER_SBI_HARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/abi/sbi.h"
#include "sbi/sbi_core.h"

struct sbi_harts {
	struct vcpu *vcpu;
	uint64_t mask;      /* bit n: hart next + n; not looked at with `all` */
	uint64_t next, end; /* hart IDs still to visit */
	bool all;
};

/* false: the mask names a hart that the VM does not have (SBI_ERR_INVALID_PARAM). */
static inline bool sbi_harts_init(
	struct sbi_harts *h, struct vcpu *vcpu, uint64_t mask, uint64_t base)
{
	uint64_t count = vcpu_count(vcpu);
	bool all = base == SBI_ALL_HARTS;

	*h = (struct sbi_harts){vcpu, mask, all ? 0 : base, count, all};
	if (all || !mask)
		return true;
	/* Past `count`, base + bit is no hart's ID, nor may it wrap around to one. */
	return base < count && (count - base >= 64 || !(mask >> (count - base)));
}

/* The next one; NULL: that was all. */
static inline struct vcpu *sbi_harts_next(struct sbi_harts *h)
{
	while (h->next < h->end && (h->all || h->mask)) {
		bool named = h->all || (h->mask & 1);
		uint64_t id = h->next++;

		h->mask >>= 1;
		if (named)
			return vcpu_sibling(h->vcpu, id);
	}
	return NULL;
}

#endif
