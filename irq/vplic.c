/* SPDX-License-Identifier: MIT */
/*
 * The virtual PLIC. A source's gateway forwards a request when its line is
 * high, and closes from the claim to the completion; if the line is still high
 * then, it forwards again. A request once forwarded stays pending until it is
 * claimed, even when the line drops meanwhile (PLIC 1.0, chapter 5; QEMU's
 * sifive_plic does the same since 9.2).
 *
 * A source is in at most one of `pending` and `claimed`, and bit 0 of all words
 * and priority[0] stay 0, so that source 0 is never the answer.
 */
#include "irq/vplic.h"

#include <string.h>

#define PENDING_BASE   0x1000
#define ENABLE_BASE    0x2000
#define ENABLE_STRIDE  0x80
#define CONTEXT_STRIDE 0x1000

#define CONTEXT_THRESHOLD 0
#define CONTEXT_CLAIM     4 /* read: claim; write: complete */

_Static_assert(GUEST_PLIC_SOURCES % 32 == 0, "words are full");
_Static_assert((VPLIC_PRIORITY_MAX & (VPLIC_PRIORITY_MAX + 1)) == 0, "a mask of priority bits");

static inline uint32_t bit(unsigned source)
{
	return 1u << (source % 32);
}

/* Number of the lowest bit set in `word`, which is not 0. RV64GC has no instruction for it. */
static inline unsigned lowest_bit(uint32_t word)
{
	/* The top 5 bits of 0x077cb531 << n differ for all n; this is their inverse. */
	static const uint8_t number[32] = {0, 1, 28, 2, 29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4, 8,
		31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6, 11, 5, 10, 9};

	return number[((word & -word) * 0x077cb531u) >> 27];
}

/* The enabled pending source of the highest priority above `floor`, the lowest of equals. 0: none. */
static unsigned best_source(
	const struct vplic *p, const struct vplic_context *context, unsigned floor)
{
	unsigned best = 0;

	for (unsigned w = 0; w < VPLIC_WORDS; w++) {
		for (uint32_t bits = p->pending[w] & context->enable[w]; bits; bits &= bits - 1) {
			unsigned source = 32 * w + lowest_bit(bits);

			if (p->priority[source] > floor) {
				floor = p->priority[source];
				best = source;
			}
		}
	}
	return best;
}

void vplic_init(struct vplic *p, unsigned vcpus)
{
	memset(p, 0, sizeof(*p));
	p->n_contexts = 2 * vcpus;
}

void vplic_set_line(struct vplic *p, unsigned source, bool level)
{
	unsigned w = source / 32;

	if (level) {
		p->level[w] |= bit(source);
		p->pending[w] |= bit(source) & ~p->claimed[w];
	} else {
		p->level[w] &= ~bit(source);
	}
}

/* Most questions come while nothing is pending, and these are few instructions then. */
static inline bool any_pending(const struct vplic *p)
{
	uint32_t any = 0;

	for (unsigned w = 0; w < VPLIC_WORDS; w++)
		any |= p->pending[w];
	return any;
}

bool vplic_output(const struct vplic *p, unsigned vcpu)
{
	const struct vplic_context *context = &p->context[2 * vcpu + 1];

	return any_pending(p) && best_source(p, context, context->threshold);
}

/* The threshold does not matter to a claim (PLIC 1.0, chapter 8). Out of line: other reads need no frame. */
static __attribute__((noinline)) uint64_t claim(
	struct vplic *p, const struct vplic_context *context)
{
	unsigned source = best_source(p, context, 0);

	if (source) {
		p->pending[source / 32] &= ~bit(source);
		p->claimed[source / 32] |= bit(source);
	}
	return source;
}

/* Ignored unless the context has the source enabled (PLIC 1.0, chapter 9). */
static void complete(struct vplic *p, const struct vplic_context *context, uint32_t source)
{
	unsigned w = source / 32;

	if (source >= GUEST_PLIC_SOURCES || !(context->enable[w] & bit(source)))
		return;
	p->claimed[w] &= ~bit(source);
	p->pending[w] |= p->level[w] & bit(source);
}

/* The context whose registers lie at `offset` from their base; NULL: none. */
static struct vplic_context *context_at(struct vplic *p, uint64_t offset, uint64_t stride)
{
	uint64_t n = offset / stride;

	return n < p->n_contexts ? &p->context[n] : NULL;
}

/* The enable word at `offset` from ENABLE_BASE; NULL: none. */
static uint32_t *enable_at(struct vplic *p, uint64_t offset)
{
	struct vplic_context *context = context_at(p, offset, ENABLE_STRIDE);
	uint64_t w = offset % ENABLE_STRIDE / 4;

	return context && w < VPLIC_WORDS ? &context->enable[w] : NULL;
}

static uint64_t read_context(struct vplic *p, uint64_t offset)
{
	struct vplic_context *context = context_at(p, offset, CONTEXT_STRIDE);

	if (!context)
		return 0;
	switch (offset % CONTEXT_STRIDE) {
	case CONTEXT_THRESHOLD:
		return context->threshold;
	case CONTEXT_CLAIM:
		return claim(p, context);
	default:
		return 0;
	}
}

static void write_context(struct vplic *p, uint64_t offset, uint32_t value)
{
	struct vplic_context *context = context_at(p, offset, CONTEXT_STRIDE);

	if (!context)
		return;
	switch (offset % CONTEXT_STRIDE) {
	case CONTEXT_THRESHOLD:
		context->threshold = value & VPLIC_PRIORITY_MAX;
		break;
	case CONTEXT_CLAIM:
		complete(p, context, value);
		break;
	}
}

uint64_t vplic_read(struct vplic *p, uint64_t offset, unsigned size)
{
	const uint32_t *enable;
	uint64_t index;

	if (size != 4 || offset % 4)
		return 0;
	if (offset >= VPLIC_CONTEXT_BASE)
		return read_context(p, offset - VPLIC_CONTEXT_BASE);
	if (offset >= ENABLE_BASE) {
		enable = enable_at(p, offset - ENABLE_BASE);
		return enable ? *enable : 0;
	}
	if (offset >= PENDING_BASE) {
		index = (offset - PENDING_BASE) / 4;
		return index < VPLIC_WORDS ? p->pending[index] : 0;
	}
	index = offset / 4;
	return index < GUEST_PLIC_SOURCES ? p->priority[index] : 0;
}

void vplic_write(struct vplic *p, uint64_t offset, unsigned size, uint64_t value)
{
	uint64_t source = offset / 4;

	if (size != 4 || offset % 4)
		return;
	if (offset >= VPLIC_CONTEXT_BASE) {
		write_context(p, offset - VPLIC_CONTEXT_BASE, (uint32_t)value);
	} else if (offset >= ENABLE_BASE) {
		uint32_t *enable = enable_at(p, offset - ENABLE_BASE);
		uint32_t hardwired = offset % ENABLE_STRIDE ? 0 : bit(0);

		if (enable)
			*enable = (uint32_t)value & ~hardwired;
	} else if (source && source < GUEST_PLIC_SOURCES) {
		p->priority[source] = value & VPLIC_PRIORITY_MAX;
	}
}
