/* SPDX-License-Identifier: MIT */
#include "backends/console.h"

#include <stdio.h>

#include "backends/console_parts.h"
#include "backends/terminal.h"

#define PIECE 256 /* bytes that console_write() offers at once */
#define PATIENCE \
	50000 /* offers in vain; on real hardware some 100 ms, more than a line of the log takes */

_Static_assert(sizeof(struct console) <= CONSOLE_SIZE, "what the owner brings is enough");

static char said_bytes[SAID_SIZE], spill_bytes[SPILL_SIZE];

struct consoles consoles = {
	.said = {.data = said_bytes, .size = SAID_SIZE},
	.spill = {.data = spill_bytes, .size = SPILL_SIZE},
};

static bool stuck; /* the terminal was waited for in vain; until it says that it has room */

struct console *console_create(void *mem, const char *name, void (*ready)(void *owner), void *owner)
{
	struct console *c = mem;

	c->name = name;
	c->ready = ready;
	c->owner = owner;
	c->input = (struct ring){.data = c->input_bytes, .size = INPUT_SIZE};
	c->output = (struct ring){.data = c->output_bytes, .size = CONSOLE_KEPT};
	spin_lock(&consoles.lock);
	c->number = ++consoles.n;
	if (c->number == 1)
		consoles.front = consoles.clear = c;
	spin_unlock(&consoles.lock);
	return c;
}

/* ---- output ---- */

/* true: all of it has gone. */
static bool show_ring(struct ring *r)
{
	const char *at;
	size_t n;

	while ((n = ring_piece(r, r->tail, &at)) > 0) {
		size_t sent = terminal_send(at, n);

		r->tail += (uint32_t)sent;
		if (sent < n)
			return false;
	}
	return true;
}

/* First Vesper's words, then what the one in front had kept. true: all of it has gone. */
static __attribute__((noinline)) bool show(void)
{
	struct console *c = consoles.front;

	consoles.clear = NULL;
	if (!show_ring(&consoles.said))
		return false;
	if (c && !show_ring(&c->output))
		return false;
	consoles.clear = c;
	return true;
}

void console_say_locked(const char *text, size_t len)
{
	ring_put(&consoles.said, text, len);
	show();
}

void console_say(const char *text, size_t len)
{
	spin_lock(&consoles.lock);
	console_say_locked(text, len);
	spin_unlock(&consoles.lock);
}

static __attribute__((noinline)) size_t take_slowly(struct console *c, const char *data, size_t len)
{
	if (c == consoles.front)
		return show() ? terminal_send(data, len) : 0;
	c->lost += ring_keep(&c->output, data, len);
	return len;
}

static inline size_t take(struct console *c, const char *data, size_t len)
{
	return c == consoles.clear ? terminal_send(data, len) : take_slowly(c, data, len);
}

/* Where no interrupt tells when to go on, the VM tries again at once, after it has had its turn. */
size_t console_send(struct console *c, const char *data, size_t len)
{
	spin_lock(&consoles.lock);
	size_t taken = take(c, data, len);
	bool again = taken < len && !terminal_tells();

	c->waits |= taken < len;
	spin_unlock(&consoles.lock);
	if (again)
		console_tell(c);
	return taken;
}

static inline size_t take_locked(struct console *c, const char *data, size_t len)
{
	spin_lock(&consoles.lock);
	size_t taken = take(c, data, len);

	spin_unlock(&consoles.lock);
	return taken;
}

/*
 * Others have the lock between two offers: it is this VM that waits, not all of them. A terminal that
 * is stuck is waited for once, and not by each call.
 */
static __attribute__((noinline)) void write_patiently(
	struct console *c, const char *data, size_t len)
{
	unsigned patience = stuck ? 1 : PATIENCE;

	while (len) {
		size_t taken = take_locked(c, data, len < PIECE ? len : PIECE);

		data += taken;
		len -= taken;
		if (taken) {
			patience = PATIENCE;
		} else if (!--patience) {
			stuck = true;
			return;
		} else {
			terminal_pause();
		}
	}
}

/* A byte or a few nearly always go at once. */
void console_write(struct console *c, const char *data, size_t len)
{
	size_t taken = len <= PIECE ? take_locked(c, data, len) : 0;

	if (taken < len)
		write_patiently(c, data + taken, len - taken);
}

void console_room(void)
{
	spin_lock(&consoles.lock);
	stuck = false;
	consoles.unasked = false;
	struct console *front = show() ? consoles.front : NULL;
	struct console *c = front && front->waits ? front : NULL;

	if (c)
		c->waits = false;
	console_update_input();
	spin_unlock(&consoles.lock);
	console_tell(c);
}

bool console_has_news(const struct console *c)
{
	spin_lock(&consoles.lock);
	bool news = c != consoles.front && ring_used(&c->output) > 0;

	spin_unlock(&consoles.lock);
	return news;
}

/* ---- front ---- */

/*
 * Ends a sequence or a string that was begun, leaves the alternate screen, then sets modes, colours and keys back:
 * a keyboard protocol, the mouse and the brackets of a paste would make input of what is no text.
 */
void console_reset_terminal(void)
{
	static const char text[] = "\x18\x1b\\\x1b[?1049l\x1b[!p\x1b[0m\x1b[>4;0m\x1b[<99u\x1b[?"
				   "1000;1002;1003;1006;2004l";

	console_say_locked(text, sizeof(text) - 1);
}

struct console *console_front(void)
{
	return __atomic_load_n(&consoles.front, __ATOMIC_RELAXED);
}

/* With the lock. */
static void announce(struct console *c)
{
	char line[120];
	int n = snprintf(line, sizeof(line), "\r\nvesper: console %u: %s", c->number, c->name);

	if (c->lost)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
			" (the oldest %llu bytes it said are gone)", (unsigned long long)c->lost);
	n += snprintf(line + n, sizeof(line) - (size_t)n, "\r\n");
	c->lost = 0;
	console_say_locked(line, (size_t)n);
}

/*
 * With the lock. What it says comes after the line, as nobody is in front before. Returns
 * the one that was, if it waited for room: it has all it wants now.
 */
static struct console *bring_to_front(struct console *c)
{
	struct console *old = consoles.front && consoles.front->waits ? consoles.front : NULL;

	if (old)
		old->waits = false;
	consoles.front = NULL;
	consoles.escaped = false;
	consoles.escape = (struct escape){0};
	console_reset_terminal();
	if (c)
		announce(c);
	consoles.front = c;
	show();
	console_update_input();
	return old;
}

/* Where no interrupt does it: little by little, so that others have their turns. */
static void show_all(void)
{
	bool done = terminal_tells();

	for (unsigned i = 0; !done && i < SAID_SIZE + CONSOLE_KEPT; i++) {
		spin_lock(&consoles.lock);
		done = show();
		spin_unlock(&consoles.lock);
	}
}

void console_to_front(struct console *c)
{
	spin_lock(&consoles.lock);
	struct console *old = bring_to_front(c);

	spin_unlock(&consoles.lock);
	console_tell(old);
	show_all();
}

/* What has come until the terminal's next interrupt was meant for the other. */
void console_leave(struct console *from, struct console *to)
{
	spin_lock(&consoles.lock);
	bool leaves = consoles.front == from;
	struct console *old = leaves ? bring_to_front(to) : NULL;

	if (leaves && terminal_tells()) {
		consoles.unasked = true;
		terminal_call();
	}
	spin_unlock(&consoles.lock);
	console_tell(old);
	if (leaves)
		show_all();
}
