/* SPDX-License-Identifier: MIT */
#include "tests/unit/vaplic_model.h"

enum { INACTIVE, DETACHED, EDGE1 = 4, EDGE0, LEVEL1, LEVEL0 };

void vaplic_model_init(struct vaplic_model *m, unsigned vcpus)
{
	*m = (struct vaplic_model){.n_harts = vcpus};
}

static bool input(const struct vaplic_model_source *s)
{
	switch (s->mode) {
	case EDGE1:
	case LEVEL1:
		return s->line;
	case EDGE0:
	case LEVEL0:
		return !s->line;
	default:
		return false;
	}
}

static bool is_level(const struct vaplic_model_source *s)
{
	return s->mode == LEVEL1 || s->mode == LEVEL0;
}

/* 4.7, one row after the other */
static void set_pending(struct vaplic_model_source *s)
{
	if (s->mode == DETACHED || s->mode == EDGE1 || s->mode == EDGE0)
		s->pending = true;
	if (is_level(s) && input(s))
		s->pending = true;
}

static void set_line(struct vaplic_model_source *s, bool level)
{
	bool was = input(s);

	s->line = level;
	if (!was && input(s))
		s->pending = true;
	if (is_level(s) && !input(s))
		s->pending = false;
}

static void write_sourcecfg(struct vaplic_model_source *s, uint32_t value)
{
	static const unsigned modes[8] = {
		INACTIVE, DETACHED, INACTIVE, INACTIVE, EDGE1, EDGE0, LEVEL1, LEVEL0};
	bool line = s->line;

	s->mode = value & 1u << 10 ? INACTIVE : modes[value % 8];
	if (s->mode == INACTIVE)
		*s = (struct vaplic_model_source){.line = line};
	if (input(s))
		s->pending = true;
	else if (is_level(s))
		s->pending = false;
}

/* Of the groups at 0x1c00, 0x1d00, 0x1e00 and 0x1f00. */
static void write_bit(struct vaplic_model_source *s, unsigned group)
{
	if (s->mode == INACTIVE)
		return;
	if (group == 0)
		set_pending(s);
	else if (group == 1)
		s->pending = false;
	else
		s->enabled = group == 2;
}

static bool read_bit(const struct vaplic_model_source *s, unsigned group)
{
	const bool bits[4] = {s->pending, input(s), s->enabled, false};

	return bits[group];
}

static uint32_t swap_bytes(uint32_t x)
{
	return x << 24 | (x << 8 & 0xff0000) | (x >> 8 & 0xff00) | x >> 24;
}

static void write_numbered(struct vaplic_model *m, unsigned group, uint32_t source)
{
	if (source > 0 && source < GUEST_APLIC_SOURCES)
		write_bit(&m->source[source], group);
}

static void model_write(struct vaplic_model *m, uint64_t offset, unsigned size, uint32_t value)
{
	if (size != 4)
		return;
	if (offset == 0)
		m->enabled = value >> 8 & 1;
	for (unsigned i = 1; i < GUEST_APLIC_SOURCES; i++) {
		struct vaplic_model_source *s = &m->source[i];

		if (offset == 4 * i)
			write_sourcecfg(s, value);
		for (unsigned group = 0; group < 4; group++)
			if (offset == 0x1c00 + 0x100 * group + i / 32 * 4 && value >> i % 32 & 1)
				write_bit(s, group);
		if (offset == 0x3000 + 4 * i && s->mode != INACTIVE) {
			s->hart = value >> 18;
			s->eiid = value & 0xff;
		}
	}
	for (unsigned group = 0; group < 4; group++)
		if (offset == 0x1cdc + 0x100 * group)
			write_numbered(m, group, value);
	if (offset == 0x2000)
		write_numbered(m, 0, value);
	if (offset == 0x2004)
		write_numbered(m, 0, swap_bytes(value));
	if (offset == 0x3000 && !m->genmsi_waits) {
		m->genmsi_waits = true;
		m->genmsi_hart = value >> 18;
		m->genmsi_eiid = value & 0xff;
	}
}

static uint32_t model_read(const struct vaplic_model *m, uint64_t offset, unsigned size)
{
	uint32_t word = 0;

	if (size != 4)
		return 0;
	if (offset == 0)
		return 0x80000004 | (uint32_t)m->enabled << 8;
	if (offset == 0x3000)
		return m->genmsi_hart << 18 | (uint32_t)m->genmsi_waits << 12 | m->genmsi_eiid;
	for (unsigned i = 1; i < GUEST_APLIC_SOURCES; i++) {
		const struct vaplic_model_source *s = &m->source[i];

		if (offset == 4 * i)
			return s->mode;
		if (offset == 0x3000 + 4 * i)
			return s->hart << 18 | s->eiid;
		for (unsigned group = 0; group < 4; group++)
			if (offset == 0x1c00 + 0x100 * group + i / 32 * 4)
				word |= (uint32_t)read_bit(s, group) << i % 32;
	}
	return word;
}

static bool goes_somewhere(const struct vaplic_model *m, unsigned hart, unsigned eiid)
{
	return hart < m->n_harts && eiid != 0;
}

static bool model_next(struct vaplic_model *m, struct vaplic_msi *out)
{
	for (unsigned i = 1; m->enabled && i < GUEST_APLIC_SOURCES; i++) {
		struct vaplic_model_source *s = &m->source[i];

		if (!s->pending || !s->enabled)
			continue;
		s->pending = false;
		*out = (struct vaplic_msi){s->hart, s->eiid};
		if (goes_somewhere(m, s->hart, s->eiid))
			return true;
	}
	if (!m->genmsi_waits)
		return false;
	m->genmsi_waits = false;
	*out = (struct vaplic_msi){m->genmsi_hart, m->genmsi_eiid};
	return goes_somewhere(m, m->genmsi_hart, m->genmsi_eiid);
}

/* Mostly a register that exists, sometimes just past one, sometimes anywhere in the window. */
static uint64_t choose_offset(uint32_t where)
{
	unsigned group = where >> 8 & 3, n = where >> 10;

	switch (where & 7) {
	case 0:
		return 4 * (n % (GUEST_APLIC_SOURCES + 2));
	case 1:
		return 0x3000 + 4 * (n % (GUEST_APLIC_SOURCES + 2));
	case 2:
		return 0x1c00 + 0x100 * group + 4 * (n % (VAPLIC_WORDS + 1));
	case 3:
		return 0x1cdc + 0x100 * group;
	case 4:
		return n % 16 ? 0x2000 + 4 * (n & 1) : n % GUEST_APLIC_SIZE;
	case 5:
		return 0x3000 * (n & 1);
	default:
		return 4 * (1 + n % (GUEST_APLIC_SOURCES - 1)) + (where & 1) * 0x3000;
	}
}

/* Values that mean something: a source's number in either byte order, a mode, a target. */
static uint32_t choose_value(uint32_t what, uint32_t value)
{
	switch (what >> 16 & 7) {
	case 0:
		return value % (GUEST_APLIC_SOURCES + 1);
	case 1:
		return swap_bytes(value % (GUEST_APLIC_SOURCES + 1));
	case 2:
		return value & 0x407;
	case 3:
		return (value & 3) << 18 | (value & 0xff0) >> 4;
	case 4:
		return value | 0x100;
	default:
		return value;
	}
}

static bool same_msis(struct vaplic *v, struct vaplic_model *m)
{
	struct vaplic_msi a = {0, 0}, b = {0, 0};
	bool more;

	do {
		more = vaplic_next_msi(v, &a);
		if (model_next(m, &b) != more)
			return false;
		if (more && (a.hart != b.hart || a.eiid != b.eiid))
			return false;
	} while (more);
	return true;
}

bool vaplic_model_step(
	struct vaplic *v, struct vaplic_model *m, uint32_t what, uint32_t where, uint32_t value)
{
	uint64_t offset = choose_offset(where);
	unsigned size = what >> 8 & 15 ? 4 : 1u << (what >> 12 & 3);
	unsigned source = 1 + where % (GUEST_APLIC_SOURCES - 1);

	switch (what & 3) {
	case 0:
		if (vaplic_read(v, offset, size) != model_read(m, offset, size))
			return false;
		break;
	case 1:
	case 2:
		value = choose_value(what, value);
		vaplic_write(v, offset, size, value);
		model_write(m, offset, size, value);
		break;
	default:
		vaplic_set_line(v, source, what & 4);
		set_line(&m->source[source], what & 4);
	}
	/* Now and then MSIs are left to pile up. */
	return what >> 24 & 3 ? same_msis(v, m) : true;
}
