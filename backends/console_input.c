/* SPDX-License-Identifier: MIT */
/*
 * What is typed, and who gets it. The terminal is always read while the escape key is
 * Vesper's, so that a guest that does not read cannot keep the key from the user: what then has no room is lost. Where
 * the key is the guest's, the terminal waits for room instead, and nothing is.
 */
#include <stdio.h>

#include "backends/console_parts.h"
#include "backends/terminal.h"

#define INPUT_MAX 64  /* bytes an interrupt */
#define ANSWERED  256 /* of what Vesper has to say may wait, and the monitor still reads */

static bool wants_input(void)
{
	if (!consoles.front)
		return ring_used(&consoles.said) <= ANSWERED;
	return consoles.escape_input || ring_room(&consoles.front->input) > 0;
}

void console_update_input(void)
{
	terminal_want_input(wants_input());
}

void console_set_escape(void (*input)(char byte))
{
	spin_lock(&consoles.lock);
	consoles.escape_input = input;
	consoles.escaped = false;
	console_update_input();
	spin_unlock(&consoles.lock);
}

/* ---- the VM's side ---- */

/* true: what had no room in its own ring is there now, or a part of it. */
static bool refill(struct console *c)
{
	const char *at;

	if (consoles.spill_owner != c)
		return false;
	size_t n = ring_piece(&consoles.spill, consoles.spill.tail, &at);

	n = ring_put(&c->input, at, n);
	consoles.spill.tail += (uint32_t)n;
	return n > 0;
}

size_t console_read(struct console *c, char *data, size_t len)
{
	size_t n = 0;

	spin_lock(&consoles.lock);
	do
		n += ring_get(&c->input, data + n, len - n);
	while (refill(c) && n < len);
	if (n)
		c->lost_input = 0;
	if (c == consoles.front)
		console_update_input();
	spin_unlock(&consoles.lock);
	return n;
}

/* A hint: without the lock. */
bool console_has_input(const struct console *c)
{
	return ring_used(&c->input) > 0;
}

void console_reset(struct console *c)
{
	spin_lock(&consoles.lock);
	ring_clear(&c->input);
	if (consoles.spill_owner == c)
		ring_clear(&consoles.spill);
	c->lost_input = 0;
	c->waits = false;
	if (c == consoles.front)
		console_update_input();
	spin_unlock(&consoles.lock);
}

/* ---- the terminal's side ---- */

static void say_lost(const struct console *c)
{
	char line[120];
	int n = snprintf(line, sizeof(line),
		"\r\nvesper: %s does not read what is typed: from here on it is lost\r\n", c->name);

	console_say_locked(line, (size_t)n);
}

/* There is one for all: whoever is typed at takes it over. */
static bool spill(struct console *c, char byte)
{
	struct console *owner = consoles.spill_owner;

	if (owner && owner != c) {
		owner->lost_input += ring_used(&consoles.spill);
		ring_clear(&consoles.spill);
	}
	consoles.spill_owner = c;
	return ring_put(&consoles.spill, &byte, 1);
}

/* While something of it has spilt, its own ring is full: the order stays. */
static void store(struct console *c, char byte)
{
	if (!ring_put(&c->input, &byte, 1) && !spill(c, byte) && !c->lost_input++)
		say_lost(c);
}

/* A byte that was typed, and who gets it. */
struct typed {
	int byte; /* -1: none, or nowhere to put it */
	struct console *console;
	void (*escape)(char byte); /* both NULL: nobody */
};

/* The key as a sequence: the guest has seen the most of it, and may as well see the end. The next byte shall be a byte. */
static void direct_sequence(struct typed *t)
{
	if (consoles.front) {
		consoles.escaped = true;
		t->console = consoles.front;
		console_reset_terminal();
	} else {
		t->byte = CONSOLE_ESCAPE;
		t->escape = consoles.escape_input;
	}
}

static void direct_byte(struct typed *t)
{
	bool is_key = t->byte == CONSOLE_ESCAPE, after_key = consoles.escaped;

	consoles.escaped = consoles.front && consoles.escape_input && is_key && !after_key;
	if (consoles.escaped)
		return;
	if (!consoles.front || (after_key && !is_key))
		t->escape = consoles.escape_input;
	else if (!consoles.unasked)
		t->console = consoles.front;
}

static void direct(struct typed *t)
{
	bool key = escape_completes(&consoles.escape, (char)t->byte);

	if (key && t->byte != CONSOLE_ESCAPE && consoles.escape_input)
		direct_sequence(t);
	else
		direct_byte(t);
}

static struct typed take_typed(int (*next)(void))
{
	struct typed t = {.byte = -1};

	spin_lock(&consoles.lock);
	if (wants_input())
		t.byte = next();
	if (t.byte >= 0)
		direct(&t);
	if (t.console)
		store(t.console, (char)t.byte);
	console_update_input();
	spin_unlock(&consoles.lock);
	return t;
}

/* The monitor's command is done at the end of its line: what it stands in the way of has its turn before the next. */
static bool ends_line(const struct typed *t)
{
	return t->escape && (t->byte == '\r' || t->byte == '\n');
}

void console_input(int (*next)(void))
{
	struct console *fed = NULL; /* and not told yet */

	for (unsigned i = 0; i < INPUT_MAX; i++) {
		struct typed t = take_typed(next);

		if (t.byte < 0)
			break;
		if (t.console != fed)
			console_tell(fed);
		fed = t.console;
		if (t.escape)
			t.escape((char)t.byte);
		if (ends_line(&t))
			break;
	}
	console_tell(fed);
}
