/* SPDX-License-Identifier: MIT */
#include "config/vm_rules.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/dt.h"
#include "lib/addr.h"

#define NAME_MAX_LEN 31 /* a longer name is no misspelling of one of ours */
#define TYPOS_MAX    2

bool vm_rules_fail(const struct vm_node *n, const char *format, ...)
{
	char text[sizeof(n->err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_error_set(n->err, "%s%s%s: %s", n->source ? n->source : "", n->source ? ": " : "",
		n->path, text);
	return false;
}

/* Insertions, deletions and replacements that turn `a` into `b` (Levenshtein), row by row. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	size_t len = strlen(b);

	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			best = best < diagonal + 1 ? best : diagonal + 1;
			row[j + 1] = best < row[j] + 1 ? best : row[j] + 1;
		}
	}
	return row[len];
}

const char *vm_rules_similar(const char *name, const char *const *names, unsigned n)
{
	const char *best = NULL;
	unsigned least = TYPOS_MAX + 1;

	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		unsigned d = distance(name, names[i]);

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

static const void *value_of(const struct vm_node *n, const struct vm_rule *rule, int *len)
{
	return fdt_getprop(n->bundle->config.data, n->offset, rule->name, len);
}

bool vm_rules_number(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	int len;
	const fdt32_t *value = value_of(n, rule, &len);

	if (!value || len != 4)
		return vm_rules_fail(
			n, "%s must be one number: %s = <%u>", rule->name, rule->name, rule->min);
	uint32_t number = fdt32_ld(value);

	if (number < rule->min || number > rule->max)
		return vm_rules_fail(n, "%s = <%u> is out of range (%u to %u)", rule->name, number,
			rule->min, rule->max);
	if (number % rule->step)
		return vm_rules_fail(
			n, "%s = <%u> must be a multiple of %u", rule->name, number, rule->step);
	*(unsigned *)field = number;
	return true;
}

bool vm_rules_mib(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	unsigned mib = 0;

	if (!vm_rules_number(n, rule, &mib))
		return false;
	*(uint64_t *)field = MIB(mib);
	return true;
}

/* One string and nothing after it, printable, 1 (or rule->min) to rule->max bytes. */
static const char *text_of(const struct vm_node *n, const struct vm_rule *rule)
{
	int len;
	const char *text = value_of(n, rule, &len);

	if (!text || len < 1 || memchr(text, 0, (size_t)len) != text + len - 1) {
		vm_rules_fail(n, "%s must be one string: %s = \"...\"", rule->name, rule->name);
		return NULL;
	}
	for (const char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~') {
			vm_rules_fail(
				n, "%s holds a character that is not printable ASCII", rule->name);
			return NULL;
		}
	}
	if ((uint32_t)len - 1 < rule->min || (uint32_t)len - 1 > rule->max) {
		vm_rules_fail(n, "%s has %u characters (%u to %u are allowed)", rule->name,
			(unsigned)len - 1, rule->min, rule->max);
		return NULL;
	}
	return text;
}

bool vm_rules_text(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	const char *text = text_of(n, rule);

	if (text)
		memcpy(field, text, strlen(text));
	return text != NULL;
}

bool vm_rules_image(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	const char *name = text_of(n, rule);
	struct config_error why;

	if (!name)
		return false;
	if (bundle_find(n->bundle, name, field, &why) != OK)
		return vm_rules_fail(n, "%s: %s", rule->name, why.text);
	return true;
}

/* The words of a list as they are written: "a", "b". */
static void describe(const struct vm_choice *choices, char *buf, size_t size)
{
	size_t len = 0;

	for (const struct vm_choice *c = choices; c->name && len < size; c++)
		len += (size_t)snprintf(
			buf + len, size - len, "%s\"%s\"", c == choices ? "" : ", ", c->name);
}

bool vm_rules_choice(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	const char *text = text_of(n, rule);
	char known[80];

	if (!text)
		return false;
	for (const struct vm_choice *c = rule->choices; c->name; c++) {
		if (!strcmp(text, c->name)) {
			*(unsigned *)field = c->value;
			return true;
		}
	}
	describe(rule->choices, known, sizeof(known));
	return vm_rules_fail(n, "%s = \"%s\" is unknown; known are: %s", rule->name, text, known);
}

bool vm_rules_flag(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	int len;

	(void)value_of(n, rule, &len);
	if (len)
		return vm_rules_fail(n, "%s takes no value: %s;", rule->name, rule->name);
	*(bool *)field = true;
	return true;
}

const void *vm_rules_list(const struct vm_node *n, const struct vm_rule *rule, unsigned *count)
{
	int len;
	const void *cells = value_of(n, rule, &len);

	*count = cells ? (unsigned)len / 4 : 0;
	if (!cells || len % 4 || *count < rule->min) {
		vm_rules_fail(
			n, "%s must be a list of numbers: %s = <0 1>", rule->name, rule->name);
		return NULL;
	}
	if (*count > rule->max) {
		vm_rules_fail(n, "%s has %u numbers (%u at most)", rule->name, *count, rule->max);
		return NULL;
	}
	return cells;
}

static const struct vm_rule *find(const struct vm_rule *rules, unsigned n_rules, const char *name)
{
	for (unsigned i = 0; i < n_rules; i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

static bool unknown(
	const struct vm_node *n, const struct vm_rule *rules, unsigned n_rules, const char *name)
{
	const char *similar = NULL;

	for (unsigned i = 0; i < n_rules && !similar; i++)
		similar = vm_rules_similar(name, &rules[i].name, 1);
	if (similar)
		return vm_rules_fail(
			n, "unknown property \"%s\" (did you mean \"%s\"?)", name, similar);
	return vm_rules_fail(n, "unknown property \"%s\"", name);
}

bool vm_rules_apply(
	const struct vm_node *n, const struct vm_rule *rules, unsigned n_rules, void *out)
{
	const void *tree = n->bundle->config.data;
	int property;

	fdt_for_each_property_offset(property, tree, n->offset)
	{
		const char *name = NULL;

		if (!fdt_getprop_by_offset(tree, property, &name, NULL) || !name)
			return vm_rules_fail(n, "a property can't be read: compile it again");
		if (strcmp(name, "compatible") != 0 && !find(rules, n_rules, name))
			return unknown(n, rules, n_rules, name);
	}
	for (unsigned i = 0; i < n_rules; i++) {
		const struct vm_rule *rule = &rules[i];

		if (fdt_getprop(tree, n->offset, rule->name, NULL)) {
			if (!rule->parse(n, rule, (char *)out + rule->offset))
				return false;
		} else if (rule->required) {
			return vm_rules_fail(n, "%s is missing", rule->name);
		}
	}
	return true;
}

struct vm_node vm_rules_child(const struct vm_node *parent, int offset)
{
	struct vm_node n = *parent;
	const char *name = fdt_get_name(n.bundle->config.data, offset, NULL);

	n.offset = offset;
	/* Only the root's own path ends in a slash. */
	snprintf(n.path, sizeof(n.path), "%.38s/%.38s", parent->path[1] ? parent->path : "", name);
	return n;
}

int vm_rules_compatible(const struct vm_node *n, const char *const *names, unsigned n_names)
{
	const char *given = dt_string(n->bundle->config.data, n->offset, "compatible");
	const char *similar;

	if (!given) {
		vm_rules_fail(n, "compatible = \"%s\"%s is missing", names[0],
			n_names > 1 ? " or the like" : "");
		return -1;
	}
	for (unsigned i = 0; i < n_names; i++)
		if (!strcmp(given, names[i]))
			return (int)i;
	similar = vm_rules_similar(given, names, n_names);
	if (similar || n_names == 1)
		vm_rules_fail(n, "unknown compatible \"%s\" (did you mean \"%s\"?)", given,
			similar ? similar : names[0]);
	else
		vm_rules_fail(n, "unknown compatible \"%s\"", given);
	return -1;
}
