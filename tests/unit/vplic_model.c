/* SPDX-License-Identifier: MIT */
#include "tests/unit/vplic_model.h"

#include <string.h>

/* What an offset means: register `kind`, of `context`, number `index` (of a source or of a word). */
enum reg { REG_NONE, REG_PRIORITY, REG_PENDING, REG_ENABLE, REG_THRESHOLD, REG_CLAIM };

struct where {
	enum reg reg;
	unsigned context, index;
};

static struct where find_register(uint64_t offset, unsigned size)
{
	if (size != 4)
		return (struct where){REG_NONE, 0, 0};
	for (unsigned s = 0; s < GUEST_PLIC_SOURCES; s++)
		if (offset == 4 * s)
			return (struct where){REG_PRIORITY, 0, s};
	for (unsigned w = 0; w < GUEST_PLIC_SOURCES / 32; w++)
		if (offset == 0x1000 + 4 * w)
			return (struct where){REG_PENDING, 0, w};
	for (unsigned c = 0; c < MODEL_CONTEXTS; c++) {
		for (unsigned w = 0; w < GUEST_PLIC_SOURCES / 32; w++)
			if (offset == 0x2000 + 0x80 * c + 4 * w)
				return (struct where){REG_ENABLE, c, w};
		if (offset == 0x200000 + 0x1000 * c)
			return (struct where){REG_THRESHOLD, c, 0};
		if (offset == 0x200004 + 0x1000 * c)
			return (struct where){REG_CLAIM, c, 0};
	}
	return (struct where){REG_NONE, 0, 0};
}

static void forward(struct model_source *s)
{
	if (s->line && !s->in_service)
		s->pending = true;
}

void model_init(struct vplic_model *m)
{
	*m = (struct vplic_model){0};
}

void model_set_line(struct vplic_model *m, unsigned source, bool level)
{
	m->source[source].line = level;
	forward(&m->source[source]);
}

static unsigned best(const struct vplic_model *m, unsigned context)
{
	for (unsigned priority = 7; priority > 0; priority--)
		for (unsigned s = 1; s < GUEST_PLIC_SOURCES; s++)
			if (m->source[s].pending && m->enabled[context][s] &&
				m->source[s].priority == priority)
				return s;
	return 0;
}

static unsigned claim(struct vplic_model *m, unsigned context)
{
	unsigned s = best(m, context);

	if (s) {
		m->source[s].pending = false;
		m->source[s].in_service = true;
	}
	return s;
}

static void complete(struct vplic_model *m, unsigned context, uint32_t source)
{
	if (source == 0 || source >= GUEST_PLIC_SOURCES || !m->enabled[context][source])
		return;
	m->source[source].in_service = false;
	forward(&m->source[source]);
}

bool model_output(const struct vplic_model *m, unsigned context)
{
	unsigned s = best(m, context);

	return s && m->source[s].priority > m->threshold[context];
}

uint32_t model_read(struct vplic_model *m, uint64_t offset, unsigned size)
{
	struct where at = find_register(offset, size);
	uint32_t word = 0;

	switch (at.reg) {
	case REG_PRIORITY:
		return m->source[at.index].priority;
	case REG_PENDING:
		for (unsigned i = 0; i < 32; i++)
			word |= (uint32_t)m->source[32 * at.index + i].pending << i;
		return word;
	case REG_ENABLE:
		for (unsigned i = 0; i < 32; i++)
			word |= (uint32_t)m->enabled[at.context][32 * at.index + i] << i;
		return word;
	case REG_THRESHOLD:
		return m->threshold[at.context];
	case REG_CLAIM:
		return claim(m, at.context);
	case REG_NONE:
		break;
	}
	return 0;
}

void model_write(struct vplic_model *m, uint64_t offset, unsigned size, uint64_t value)
{
	struct where at = find_register(offset, size);

	switch (at.reg) {
	case REG_PRIORITY:
		if (at.index)
			m->source[at.index].priority = value % 8;
		break;
	case REG_ENABLE:
		for (unsigned i = at.index ? 0 : 1; i < 32; i++)
			m->enabled[at.context][32 * at.index + i] = value >> i & 1;
		break;
	case REG_THRESHOLD:
		m->threshold[at.context] = value % 8;
		break;
	case REG_CLAIM:
		complete(m, at.context, (uint32_t)value);
		break;
	case REG_PENDING:
	case REG_NONE:
		break;
	}
}

/* Mostly a register that exists, sometimes just past one, sometimes anywhere in the window. */
static uint64_t choose_offset(uint32_t where)
{
	unsigned context = where >> 8 & 7, n = where >> 11;

	switch (where & 7) {
	case 0:
		return 4 * (n % (GUEST_PLIC_SOURCES + 2));
	case 1:
		return 0x1000 + 4 * (n % (VPLIC_WORDS + 1));
	case 2:
		return 0x2000 + 0x80 * context + 4 * (n % (VPLIC_WORDS + 1));
	case 3:
		return 0x200000 + 0x1000 * context;
	case 4:
		return 0x200000 + 0x1000 * context + n % 16;
	case 5:
		return n % GUEST_PLIC_SIZE;
	default:
		return 0x200004 + 0x1000 * context;
	}
}

static bool same_outputs(const struct vplic *p, const struct vplic_model *m)
{
	for (unsigned c = 1; c < MODEL_CONTEXTS; c += 2)
		if (vplic_output(p, c / 2) != model_output(m, c))
			return false;
	return true;
}

bool model_step(
	struct vplic *p, struct vplic_model *m, uint32_t what, uint32_t where, uint32_t value)
{
	uint64_t offset = choose_offset(where);
	unsigned size = what >> 8 & 15 ? 4 : 1u << (what >> 12 & 3);
	unsigned source = 1 + where % (GUEST_PLIC_SOURCES - 1);

	switch (what & 3) {
	case 0:
		if (vplic_read(p, offset, size) != model_read(m, offset, size))
			return false;
		break;
	case 1:
		/* Half of the values may be a source's number. */
		if (value & 1)
			value = (value >> 1) % (GUEST_PLIC_SOURCES + 1);
		vplic_write(p, offset, size, value);
		model_write(m, offset, size, value);
		break;
	default:
		vplic_set_line(p, source, what & 1);
		model_set_line(m, source, what & 1);
	}
	return same_outputs(p, m);
}
