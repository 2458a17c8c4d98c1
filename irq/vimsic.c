/* SPDX-License-Identifier: MIT */
/*
 * The software interrupt file. The one thing to get right is that no MSI is
 * lost between an instruction's read of a pending bit and its write: what an
 * access returns is what its own atomic operation replaced.
 */
#include "irq/vimsic.h"

#include <string.h>

#include "include/abi/aia.h"

_Static_assert((GUEST_IMSIC_IDS & (GUEST_IMSIC_IDS + 1)) == 0, "a mask of identity bits");
_Static_assert(GUEST_IMSIC_IDS >= 63 && GUEST_IMSIC_IDS <= AIA_IDS_MAX, "AIA, 3.1");

static inline uint64_t bit(unsigned id)
{
	return 1ull << (id % 64);
}

/* Number of the lowest bit set in `word`, which is not 0. RV64GC has no instruction for it. */
static inline unsigned lowest_bit(uint64_t word)
{
	unsigned n = 0;

	for (unsigned half = 32; half; half /= 2) {
		if (!(word << (64 - half))) {
			word >>= half;
			n += half;
		}
	}
	return n;
}

void vimsic_init(struct vimsic_state *s)
{
	memset(s, 0, sizeof(*s));
}

bool vimsic_send(struct vimsic_state *s, uint32_t id)
{
	uint64_t old;

	if (!id || id > GUEST_IMSIC_IDS)
		return false;
	old = __atomic_fetch_or(&s->eip[id / 64], bit(id), __ATOMIC_SEQ_CST);
	return !(old & bit(id));
}

bool vimsic_write_page(struct vimsic_state *s, uint64_t offset, unsigned size, uint64_t value)
{
	if (size != 4)
		return false;
	switch (offset) {
	case IMSIC_SETEIPNUM_LE:
		return vimsic_send(s, (uint32_t)value);
	case IMSIC_SETEIPNUM_BE:
		return vimsic_send(s, __builtin_bswap32((uint32_t)value));
	default:
		return false;
	}
}

unsigned vimsic_top(const struct vimsic_state *s)
{
	for (unsigned w = 0; w < VIMSIC_WORDS; w++) {
		uint64_t ready = __atomic_load_n(&s->eip[w], __ATOMIC_RELAXED) & s->eie[w];

		if (ready) {
			unsigned id = 64 * w + lowest_bit(ready);

			/* What the sender wrote before its MSI is seen after it. */
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			return s->eithreshold && id >= s->eithreshold ? 0 : id;
		}
	}
	return 0;
}

bool vimsic_output(const struct vimsic_state *s)
{
	return s->eidelivery == 1 && vimsic_top(s);
}

uint64_t vimsic_stopei(struct vimsic_state *s, bool claim)
{
	unsigned id = vimsic_top(s);

	if (id && claim)
		__atomic_fetch_and(&s->eip[id / 64], ~bit(id), __ATOMIC_SEQ_CST);
	return (uint64_t)id << TOPEI_ID_SHIFT | id;
}

/* Returns `reg` and gives it new bits under `mask`; `writable` are those that it has. */
static uint64_t update(uint64_t *reg, uint64_t value, uint64_t mask, uint64_t writable)
{
	uint64_t old = *reg;

	*reg = ((old & ~mask) | (value & mask)) & writable;
	return old;
}

/*
 * The same for a word of pending bits. An MSI that comes between the two operations is as one that comes
 * after both: the second only sets bits.
 */
static uint64_t update_pending(uint64_t *word, uint64_t value, uint64_t mask, uint64_t writable)
{
	uint64_t clear = mask & ~value, set = mask & value & writable;
	uint64_t old = __atomic_fetch_and(word, ~clear, __ATOMIC_SEQ_CST);

	if (set)
		__atomic_fetch_or(word, set, __ATOMIC_SEQ_CST);
	return old;
}

/* Register `n` of the arrays. false: odd ones are not there in 64-bit mode. */
static bool array_access(struct vimsic_state *s, bool pending, unsigned n, uint64_t value,
	uint64_t mask, uint64_t *old)
{
	unsigned w = n / 2;
	uint64_t writable = w ? ~0ull : ~1ull; /* there is no identity 0 */

	if (n % 2)
		return false;
	if (w >= VIMSIC_WORDS)
		*old = 0; /* bits of identities that are not implemented */
	else if (pending)
		*old = update_pending(&s->eip[w], value, mask, writable);
	else
		*old = update(&s->eie[w], value, mask, writable);
	return true;
}

bool vimsic_reg_access(
	struct vimsic_state *s, uint64_t select, uint64_t value, uint64_t mask, uint64_t *old)
{
	if (select < ISELECT_EIDELIVERY || select > ISELECT_EIE_LAST)
		return false;
	if (select >= ISELECT_EIE_FIRST)
		return array_access(
			s, false, (unsigned)select - ISELECT_EIE_FIRST, value, mask, old);
	if (select >= ISELECT_EIP_FIRST)
		return array_access(
			s, true, (unsigned)select - ISELECT_EIP_FIRST, value, mask, old);
	if (select == ISELECT_EIDELIVERY)
		*old = update(&s->eidelivery, value, mask, 1);
	else if (select == ISELECT_EITHRESHOLD)
		*old = update(&s->eithreshold, value, mask, GUEST_IMSIC_IDS);
	else
		*old = 0; /* reserved ones read as 0 and ignore writes */
	return true;
}
