/* SPDX-License-Identifier: MIT */
#include "backends/escape.h"

#include "backends/console.h"

#define ESC      0x1b
#define CTRL     4          /* in the second parameter, less one */
#define LOCKS    (64 | 128) /* Caps Lock and Num Lock */
#define RELEASED 3
#define LARGE    10000

enum {
	OUTSIDE,
	AFTER_ESC,
	INSIDE,
};

static void begin(struct escape *e, char byte)
{
	*e = (struct escape){.state = byte == ESC ? AFTER_ESC : OUTSIDE};
}

static void add_digit(struct escape *e, char byte)
{
	uint16_t *value = !e->sub ? &e->value[e->n] : e->n == 1 && e->sub == 1 ? &e->event : NULL;

	if (value && *value < LARGE / 10)
		*value = (uint16_t)(*value * 10 + (byte - '0'));
	else if (value)
		*value = LARGE;
}

static bool with_ctrl(uint16_t modifiers)
{
	return modifiers && ((modifiers - 1) & ~LOCKS) == CTRL;
}

static bool is_key(const struct escape *e, char last)
{
	const uint16_t *v = e->value;

	if (!with_ctrl(v[1]) || e->event == RELEASED)
		return false;
	return last == 'u' ? v[0] == ']' : last == '~' && v[0] == 27 && v[2] == ']';
}

static void go_on(struct escape *e, char byte)
{
	if (byte >= '0' && byte <= '9')
		add_digit(e, byte);
	else if (byte == ':')
		e->sub += e->sub < 2;
	else if (byte == ';') {
		e->n += e->n < ESCAPE_VALUES;
		e->sub = 0;
	} else
		begin(e, byte);
}

bool escape_completes(struct escape *e, char byte)
{
	bool key = byte == CONSOLE_ESCAPE || (e->state == INSIDE && is_key(e, byte));

	if (!key && e->state == INSIDE)
		go_on(e, byte);
	else if (!key && e->state == AFTER_ESC && byte == '[')
		e->state = INSIDE;
	else
		begin(e, byte);
	return key;
}
