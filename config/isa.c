/* SPDX-License-Identifier: MIT */
/*
 * Parsing is forgiving: what a firmware calls something unknown is of no use
 * to a guest, so it is left out rather than refused. Names are matched without
 * regard to case; version numbers ("2p1") are dropped.
 */
#include "config/isa.h"

#include <string.h>

#include "config/isa_table.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_name(const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!name[i] || name[i] != lower(text[i]))
			return false;
	return !name[len];
}

static void set_bit(struct isa *isa, unsigned bit)
{
	isa->bits[bit / 64] |= 1ull << (bit % 64);
}

static void add_known(struct isa *isa, const char *name, size_t len)
{
	for (unsigned row = 0; row < isa_table_rows; row++) {
		if (same_name(isa_table[row].name, name, len)) {
			set_bit(isa, isa_table_bit(row));
			return;
		}
	}
}

/* Names that stand for others and are themselves not shown to a guest. */
static const struct {
	const char *name;
	const char *parts[8];
} shorthands[] = {
	{"g", {"i", "m", "a", "f", "d", "zicsr", "zifencei"}},
	{"zk", {"zkn", "zkt"}},
};

static void add(struct isa *isa, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
		if (!same_name(shorthands[i].name, name, len))
			continue;
		for (const char *const *part = shorthands[i].parts; *part; part++)
			add_known(isa, *part, strlen(*part));
		return;
	}
	add_known(isa, name, len);
}

void isa_add_name(struct isa *isa, const char *name)
{
	add(isa, name, strlen(name));
}

/* Length of `name` without a version at its end: digits, or digits 'p' digits. */
static size_t without_version(const char *name, size_t len)
{
	size_t end = len;

	while (end && is_digit(name[end - 1]))
		end--;
	if (end == len || end < 2 || lower(name[end - 1]) != 'p' || !is_digit(name[end - 2]))
		return end;
	for (end--; end && is_digit(name[end - 1]);)
		end--;
	return end;
}

static const char *skip_version(const char *s)
{
	if (!is_digit(*s))
		return s;
	while (is_digit(*s))
		s++;
	if (lower(*s) != 'p' || !is_digit(s[1]))
		return s;
	for (s++; is_digit(*s);)
		s++;
	return s;
}

/* Some firmware ends the single letters with "su", its privilege modes. */
static bool starts_long_name(const char *s)
{
	char c = lower(*s);

	if (c == 's')
		return s[1] && s[1] != '_' && lower(s[1]) != 'u';
	return c == 'z' || c == 'x';
}

/* Before Zicsr and its siblings had names of their own, `i` meant them too. */
static void add_implied(struct isa *isa)
{
	static const char *const implied[] = {"zicsr", "zifencei", "zicntr"};

	if (!isa_has(isa, ISA_I))
		return;
	for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++)
		isa_add_name(isa, implied[i]);
}

void isa_parse_string(struct isa *isa, const char *string)
{
	const char *s = string;

	if (lower(s[0]) == 'r' && lower(s[1]) == 'v')
		for (s += 2; is_digit(*s);)
			s++;
	while (*s && *s != '_' && !starts_long_name(s)) {
		add(isa, s, 1);
		s = skip_version(s + 1);
	}
	while (*s) {
		size_t len = strcspn(s, "_");

		add(isa, s, without_version(s, len));
		s += len;
		s += *s == '_';
	}
	add_implied(isa);
}

static void intersect_block(uint32_t *block, uint32_t other)
{
	if (*block != other)
		*block = 0;
}

void isa_intersect(struct isa *isa, const struct isa *other)
{
	for (size_t i = 0; i < sizeof(isa->bits) / sizeof(isa->bits[0]); i++)
		isa->bits[i] &= other->bits[i];
	intersect_block(&isa->cbom_block, other->cbom_block);
	intersect_block(&isa->cboz_block, other->cboz_block);
	intersect_block(&isa->cbop_block, other->cbop_block);
}

void isa_for_guest(const struct isa *host, struct isa *guest)
{
	memset(guest, 0, sizeof(*guest));
	for (unsigned row = 0; row < isa_table_rows; row++)
		if (isa_table[row].guest && isa_has(host, isa_table_bit(row)))
			set_bit(guest, isa_table_bit(row));
	guest->cbom_block = host->cbom_block;
	guest->cboz_block = host->cboz_block;
	guest->cbop_block = host->cbop_block;
	if (!guest->cbom_block)
		isa_remove(guest, ISA_ZICBOM);
	if (!guest->cboz_block)
		isa_remove(guest, ISA_ZICBOZ);
	/* A guest's programs mask pointers by its senvcfg, which is Ssnpm's. */
	if (!isa_has(guest, ISA_SSNPM))
		isa_remove(guest, ISA_SUPM);
}

struct text {
	char *buf;
	size_t size, len;
	bool full;
};

static void append(struct text *t, const char *s, size_t len)
{
	t->full = t->full || len > t->size - t->len;
	if (t->full)
		return;
	memcpy(t->buf + t->len, s, len);
	t->len += len;
}

size_t isa_to_string(const struct isa *isa, char *buf, size_t size)
{
	struct text t = {.buf = buf, .size = size};

	append(&t, "rv64", 4);
	for (unsigned row = 0; row < isa_table_rows; row++) {
		const char *name = isa_table[row].name;

		if (!isa_has(isa, isa_table_bit(row)))
			continue;
		append(&t, "_", name[1] ? 1 : 0);
		append(&t, name, strlen(name));
	}
	append(&t, "", 1);
	return t.full ? 0 : t.len - 1;
}

size_t isa_to_list(const struct isa *isa, char *buf, size_t size)
{
	struct text t = {.buf = buf, .size = size};

	for (unsigned row = 0; row < isa_table_rows; row++)
		if (isa_has(isa, isa_table_bit(row)))
			append(&t, isa_table[row].name, strlen(isa_table[row].name) + 1);
	return t.full ? 0 : t.len;
}
