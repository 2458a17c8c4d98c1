/* SPDX-License-Identifier: MIT */
#include "tests/unit/vimsic_model.h"

void vimsic_model_init(struct vimsic_model *m)
{
	*m = (struct vimsic_model){0};
}

static unsigned top(const struct vimsic_model *m)
{
	for (unsigned id = 1; id <= GUEST_IMSIC_IDS; id++)
		if (m->pending[id] && m->enabled[id] && (!m->threshold || id < m->threshold))
			return id;
	return 0;
}

static bool is_register(uint64_t select)
{
	if (select >= 0x70 && select < 0x80)
		return true;
	return select >= 0x80 && select < 0x100 && select % 2 == 0;
}

/* The bits of a whole register, as booleans and back. */
static uint64_t read_register(const struct vimsic_model *m, uint64_t select)
{
	const bool *bits = select >= 0xc0 ? m->enabled : m->pending;
	uint64_t first = (select & 0x3f) * 32, value = 0;

	if (select == 0x70)
		return m->delivery;
	if (select == 0x72)
		return m->threshold;
	for (unsigned i = 0; select >= 0x80 && i < 64; i++)
		if (first + i <= GUEST_IMSIC_IDS)
			value |= (uint64_t)bits[first + i] << i;
	return value;
}

static void write_register(struct vimsic_model *m, uint64_t select, uint64_t value)
{
	bool *bits = select >= 0xc0 ? m->enabled : m->pending;
	uint64_t first = (select & 0x3f) * 32;

	if (select == 0x70)
		m->delivery = value & 1;
	if (select == 0x72)
		m->threshold = value & 0xff;
	for (unsigned i = 0; select >= 0x80 && i < 64; i++)
		if (first + i > 0 && first + i <= GUEST_IMSIC_IDS)
			bits[first + i] = value >> i & 1;
}

/* kind: 0 a read, 1 csrrw, 2 csrrs, 3 csrrc */
static bool same_access(struct vimsic_state *s, struct vimsic_model *m, uint64_t select,
	unsigned kind, uint64_t operand)
{
	uint64_t old = 0x5a5a, want = read_register(m, select);
	uint64_t value = kind == 3 || kind == 0 ? 0 : operand;
	uint64_t mask = kind == 0 ? 0 : kind == 1 ? ~0ull : operand;
	bool there = vimsic_reg_access(s, select, value, mask, &old);

	if (there != is_register(select))
		return false;
	if (!there)
		return old == 0x5a5a;
	if (kind == 1)
		write_register(m, select, operand);
	if (kind == 2)
		write_register(m, select, want | operand);
	if (kind == 3)
		write_register(m, select, want & ~operand);
	return old == want;
}

static uint32_t swap_bytes(uint32_t x)
{
	return x << 24 | (x << 8 & 0xff0000) | (x >> 8 & 0xff00) | x >> 24;
}

/* A store to the page; true: it made something pending that was not. */
static bool model_store(struct vimsic_model *m, uint64_t offset, unsigned size, uint32_t value)
{
	uint32_t id = offset == 4 ? swap_bytes(value) : value;
	bool fresh;

	if (size != 4 || (offset != 0 && offset != 4) || id == 0 || id > GUEST_IMSIC_IDS)
		return false;
	fresh = !m->pending[id];
	m->pending[id] = true;
	return fresh;
}

static bool same_store(struct vimsic_state *s, struct vimsic_model *m, uint32_t what,
	uint32_t where, uint32_t value)
{
	unsigned size = what >> 8 & 15 ? 4 : 1u << (what >> 12 & 3);
	uint64_t offset = where & 15 ? (where >> 4 & 1) * 4 : where >> 4 & 0xfff;

	if (what >> 16 & 7)
		value %= GUEST_IMSIC_IDS + 3;
	if (offset == 4 && what >> 19 & 1)
		value = swap_bytes(value);
	return vimsic_write_page(s, offset, size, value) == model_store(m, offset, size, value);
}

static bool same_stopei(struct vimsic_state *s, struct vimsic_model *m, bool claim)
{
	unsigned id = top(m);

	if (claim)
		m->pending[id] = false;
	return vimsic_stopei(s, claim) == (uint64_t)id * 0x10001;
}

/* Mostly a register that has something in it. */
static uint64_t choose_select(uint32_t where)
{
	switch (where & 7) {
	case 0:
		return 0x70;
	case 1:
		return 0x72;
	case 2:
		return where >> 8 & 0x1ff;
	case 3:
		return (uint64_t)where << 32 | 0x80;
	default:
		return (where & 1 ? 0x80u : 0xc0u) + 2 * (where >> 8 & 3);
	}
}

bool vimsic_model_step(struct vimsic_state *s, struct vimsic_model *m, uint32_t what,
	uint32_t where, uint64_t value)
{
	bool same;

	switch (what & 3) {
	case 0:
		same = same_stopei(s, m, what & 4);
		break;
	case 1:
		same = same_store(s, m, what, where, (uint32_t)value);
		break;
	default:
		same = same_access(s, m, choose_select(where), what >> 2 & 3, value);
	}
	return same && vimsic_top(s) == top(m) && vimsic_output(s) == (m->delivery && top(m) != 0);
}
