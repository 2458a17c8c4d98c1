/* SPDX-License-Identifier: MIT */
/*
 * The virtual APLIC. All rules about pending bits (AIA 1.0, 4.7) come down to
 * three: raise() sets those that may be set, a rise of the rectified input
 * raises, and a level-sensitive source is never pending while its rectified
 * input is low. Sending an MSI clears the bit, so a level-sensitive source whose
 * line stays high is sent once; software asks again through setipnum.
 *
 * The source modes are kept as bit planes, so that a rule is a line of logic for
 * 32 sources at once: SM bit 2 is "has a wire", bit 1 "level-sensitive", bit 0
 * "inverted" for those with a wire and "active" for those without. An inactive
 * source has all of its bits and its target 0.
 */
#include "irq/vaplic.h"

#include <string.h>

#include "include/abi/aia.h"

#define EIID_MASK   ((uint32_t)GUEST_IMSIC_IDS)
#define TARGET_MASK ((uint32_t)APLIC_TARGET_HART_MASK << APLIC_TARGET_HART_SHIFT | EIID_MASK)

_Static_assert(GUEST_APLIC_SOURCES % 32 == 0, "words are full");
_Static_assert((GUEST_IMSIC_IDS & (GUEST_IMSIC_IDS + 1)) == 0, "a mask of identity bits");

static inline uint32_t bit(unsigned source)
{
	return 1u << (source % 32);
}

static uint32_t active(const struct vaplic *v, unsigned w)
{
	return v->mode[2][w] | v->mode[0][w];
}

static uint32_t rectified(const struct vaplic *v, unsigned w)
{
	return (v->line[w] ^ v->mode[0][w]) & v->mode[2][w];
}

/* Sets the pending bits `sources` of word `w`, where that is possible. */
static void raise(struct vaplic *v, unsigned w, uint32_t sources)
{
	v->pending[w] |= sources & active(v, w) & (rectified(v, w) | ~v->mode[1][w]);
}

/* The inputs of word `w` have changed: those in `risen` are high now. */
static void inputs_changed(struct vaplic *v, unsigned w, uint32_t risen)
{
	raise(v, w, risen);
	v->pending[w] &= rectified(v, w) | ~v->mode[1][w];
}

void vaplic_init(struct vaplic *v, unsigned vcpus)
{
	memset(v, 0, sizeof(*v));
	v->n_harts = vcpus;
}

void vaplic_set_line(struct vaplic *v, unsigned source, bool level)
{
	unsigned w = source / 32;
	uint32_t before = rectified(v, w);

	if (level)
		v->line[w] |= bit(source);
	else
		v->line[w] &= ~bit(source);
	inputs_changed(v, w, rectified(v, w) & ~before);
}

static uint32_t source_mode(const struct vaplic *v, unsigned source)
{
	uint32_t mode = 0;

	for (unsigned i = 0; i < 3; i++)
		mode |= (v->mode[i][source / 32] >> (source % 32) & 1) << i;
	return mode;
}

/* A leaf domain: delegation makes all of the register 0. So do the reserved modes, 2 and 3. */
static uint32_t legal_mode(uint32_t value)
{
	uint32_t mode = value & APLIC_SM;

	if (value & APLIC_SOURCECFG_D || (mode > APLIC_SM_DETACHED && mode < APLIC_SM_EDGE1))
		return APLIC_SM_INACTIVE;
	return mode;
}

/*
 * Where it is free whether a write makes an input that is high pending (4.5.2) it does, as on QEMU: asked twice
 * is better than lost.
 */
static void set_source_mode(struct vaplic *v, unsigned source, uint32_t mode)
{
	unsigned w = source / 32;

	for (unsigned i = 0; i < 3; i++)
		v->mode[i][w] = (v->mode[i][w] & ~bit(source)) | (mode >> i & 1) << (source % 32);
	if (mode == APLIC_SM_INACTIVE) {
		v->pending[w] &= ~bit(source);
		v->enable[w] &= ~bit(source);
		v->target[source] = 0;
	}
	inputs_changed(v, w, rectified(v, w) & bit(source));
}

/* Registers that act on the 32 sources of word `w` whose bits are 1, and their forms for one source. */

static void set_pending(struct vaplic *v, unsigned w, uint32_t sources)
{
	raise(v, w, sources);
}

static void clear_pending(struct vaplic *v, unsigned w, uint32_t sources)
{
	v->pending[w] &= ~sources;
}

static void set_enable(struct vaplic *v, unsigned w, uint32_t sources)
{
	v->enable[w] |= sources & active(v, w);
}

static void clear_enable(struct vaplic *v, unsigned w, uint32_t sources)
{
	v->enable[w] &= ~sources;
}

typedef void bits_fn(struct vaplic *v, unsigned w, uint32_t sources);

static void one_source(struct vaplic *v, bits_fn *act, uint32_t source)
{
	if (source < GUEST_APLIC_SOURCES)
		act(v, source / 32, bit(source));
}

/* The four groups of registers with a bit for each source; each takes 0x100 bytes. */
static void write_bits(struct vaplic *v, uint64_t offset, uint32_t value)
{
	static bits_fn *const acts[] = {set_pending, clear_pending, set_enable, clear_enable};
	bits_fn *act = acts[(offset - APLIC_SETIP) / 0x100];
	uint64_t at = offset % 0x100;

	if (at / 4 < VAPLIC_WORDS)
		act(v, (unsigned)at / 4, value);
	else if (at == APLIC_SETIPNUM - APLIC_SETIP)
		one_source(v, act, value);
}

static uint32_t read_bits(const struct vaplic *v, uint64_t offset)
{
	uint64_t w = offset % 0x100 / 4;

	if (w >= VAPLIC_WORDS)
		return 0;
	switch (offset - 4 * w) {
	case APLIC_SETIP:
		return v->pending[w];
	case APLIC_IN_CLRIP:
		return rectified(v, (unsigned)w);
	case APLIC_SETIE:
		return v->enable[w];
	default: /* APLIC_CLRIE */
		return 0;
	}
}

static void write_target(struct vaplic *v, uint64_t source, uint32_t value)
{
	if (source < GUEST_APLIC_SOURCES && source_mode(v, (unsigned)source))
		v->target[source] = value & TARGET_MASK;
}

/* An MSI that software asks for; while one waits there is no room for another. */
static void write_genmsi(struct vaplic *v, uint32_t value)
{
	if (!(v->genmsi & APLIC_GENMSI_BUSY))
		v->genmsi = (value & TARGET_MASK) | APLIC_GENMSI_BUSY;
}

static void write_word(struct vaplic *v, uint64_t offset, uint32_t value)
{
	if (offset == APLIC_DOMAINCFG)
		v->enabled = value & APLIC_DOMAINCFG_IE;
	else if (offset < APLIC_SOURCECFG + 4 * GUEST_APLIC_SOURCES)
		set_source_mode(v, (unsigned)offset / 4, legal_mode(value));
	else if (offset >= APLIC_SETIP && offset < APLIC_SETIPNUM_LE)
		write_bits(v, offset, value);
	else if (offset == APLIC_SETIPNUM_LE)
		one_source(v, set_pending, value);
	else if (offset == APLIC_SETIPNUM_BE)
		one_source(v, set_pending, __builtin_bswap32(value));
	else if (offset == APLIC_GENMSI)
		write_genmsi(v, value);
	else if (offset > APLIC_TARGET && offset < APLIC_IDC)
		write_target(v, (offset - APLIC_TARGET) / 4, value);
}

static uint32_t read_word(const struct vaplic *v, uint64_t offset)
{
	uint64_t source = offset % 0x1000 / 4;

	if (offset == APLIC_DOMAINCFG)
		return APLIC_DOMAINCFG_FIXED | APLIC_DOMAINCFG_DM |
		       (v->enabled ? APLIC_DOMAINCFG_IE : 0);
	if (offset >= APLIC_SETIP && offset < APLIC_SETIPNUM_LE)
		return read_bits(v, offset);
	if (offset == APLIC_GENMSI)
		return v->genmsi;
	if (source >= GUEST_APLIC_SOURCES)
		return 0;
	switch (offset - 4 * source) {
	case APLIC_SOURCECFG:
		return source_mode(v, (unsigned)source);
	case APLIC_TARGET:
		return v->target[source];
	default:
		return 0;
	}
}

uint64_t vaplic_read(const struct vaplic *v, uint64_t offset, unsigned size)
{
	return size == 4 && offset % 4 == 0 ? read_word(v, offset) : 0;
}

void vaplic_write(struct vaplic *v, uint64_t offset, unsigned size, uint64_t value)
{
	if (size == 4 && offset % 4 == 0)
		write_word(v, offset, (uint32_t)value);
}

/* Where `target` sends to. false: nobody would see it. */
static bool decode_target(const struct vaplic *v, uint32_t target, struct vaplic_msi *out)
{
	out->hart = target >> APLIC_TARGET_HART_SHIFT;
	out->eiid = target & EIID_MASK;
	return out->hart < v->n_harts && out->eiid;
}

/* Sends the interrupts of word `w` up to the first that somebody sees. */
static bool next_of_word(struct vaplic *v, unsigned w, struct vaplic_msi *out)
{
	uint32_t ready = v->pending[w] & v->enable[w];

	for (unsigned i = 0; ready && i < 32; i++) {
		if (!(ready >> i & 1))
			continue;
		v->pending[w] &= ~bit(i);
		if (decode_target(v, v->target[32 * w + i], out))
			return true;
	}
	return false;
}

/* genmsi comes last: what it follows must be seen before it (4.9.3). IE does not concern it. */
bool vaplic_next_msi(struct vaplic *v, struct vaplic_msi *out)
{
	for (unsigned w = 0; v->enabled && w < VAPLIC_WORDS; w++)
		if (next_of_word(v, w, out))
			return true;
	if (!(v->genmsi & APLIC_GENMSI_BUSY))
		return false;
	v->genmsi &= ~APLIC_GENMSI_BUSY;
	return decode_target(v, v->genmsi, out);
}
