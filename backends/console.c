/* SPDX-License-Identifier: MIT */
#include "backends/console.h"

#include <stdio.h>

#include "backends/terminal.h"
#include "lib/ring.h"
#include "lib/spinlock.h"

#define INPUT_SIZE 4096
#define INPUT_MAX  64  /* bytes an interrupt */
#define PIECE      256 /* bytes that console_write() offers at once */
#define PATIENCE \
	500000 /* offers in vain; on real hardware some 100 ms, more than a line of the log takes */

struct console {
	const char *name;
	unsigned number; /* from 1, in the order of creation */
	void (*ready)(void *owner);
	void *owner;

	/* With the lock. */
	struct ring input, output; /* output: said and not shown yet */
	bool waits;                /* for ready(): console_send() did not take all */
	uint64_t lost;             /* bytes that had to leave `output` for newer ones */

	char input_bytes[INPUT_SIZE], output_bytes[CONSOLE_KEPT];
};

_Static_assert(sizeof(struct console) <= CONSOLE_SIZE, "what the owner brings is enough");

static struct spinlock lock; /* inside it: the terminal's */
static unsigned n_consoles;
static struct console *front;
static bool escaped; /* the last byte was the escape key */
static void (*escape_input)(char byte);

/* While it is in front; for the monitor there is always room. */
static bool wants_input(const struct console *c)
{
	return !c || ring_room(&c->input) > 0;
}

/* ready() may call us, and takes locks of its own. */
static void tell(struct console *c)
{
	if (c)
		c->ready(c->owner);
}

struct console *console_create(void *mem, const char *name, void (*ready)(void *owner), void *owner)
{
	struct console *c = mem;

	c->name = name;
	c->ready = ready;
	c->owner = owner;
	c->input = (struct ring){.data = c->input_bytes, .size = INPUT_SIZE};
	c->output = (struct ring){.data = c->output_bytes, .size = CONSOLE_KEPT};
	spin_lock(&lock);
	c->number = ++n_consoles;
	if (c->number == 1)
		front = c;
	spin_unlock(&lock);
	return c;
}

/* ---- output ---- */

/* What the console in front had kept goes before what it says now. true: all of it has gone. */
static __attribute__((noinline)) bool show_kept(struct console *c)
{
	const char *at;
	size_t n;

	while ((n = ring_piece(&c->output, c->output.tail, &at)) > 0) {
		size_t sent = terminal_send(at, n);

		c->output.tail += (uint32_t)sent;
		if (sent < n)
			return false;
	}
	return true;
}

static __attribute__((noinline)) size_t keep(struct console *c, const char *data, size_t len)
{
	c->lost += ring_keep(&c->output, data, len);
	return len;
}

static inline size_t take(struct console *c, const char *data, size_t len)
{
	if (c == front)
		return !ring_used(&c->output) || show_kept(c) ? terminal_send(data, len) : 0;
	return keep(c, data, len);
}

size_t console_send(struct console *c, const char *data, size_t len)
{
	spin_lock(&lock);
	size_t taken = take(c, data, len);

	c->waits |= taken < len;
	spin_unlock(&lock);
	return taken;
}

static inline size_t take_locked(struct console *c, const char *data, size_t len)
{
	spin_lock(&lock);
	size_t taken = take(c, data, len);

	spin_unlock(&lock);
	return taken;
}

/*
 * Others may have the lock between two offers: it is this VM that waits, not all of them. A terminal that is stuck is
 * waited for once a call.
 */
static __attribute__((noinline)) void write_patiently(struct console *c, const char *data, size_t len)
{
	unsigned patience = PATIENCE;

	while (len) {
		size_t taken = take_locked(c, data, len < PIECE ? len : PIECE);

		if (taken)
			patience = PATIENCE;
		else if (patience && --patience)
			continue;
		else
			taken = 1;
		data += taken;
		len -= taken;
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
	spin_lock(&lock);
	struct console *c = front && show_kept(front) && front->waits ? front : NULL;

	if (c)
		c->waits = false;
	spin_unlock(&lock);
	tell(c);
}

bool console_has_news(const struct console *c)
{
	spin_lock(&lock);
	bool news = c != front && ring_used(&c->output) > 0;

	spin_unlock(&lock);
	return news;
}

/* ---- input ---- */

size_t console_read(struct console *c, char *data, size_t len)
{
	spin_lock(&lock);
	size_t n = ring_get(&c->input, data, len);

	if (c == front)
		terminal_want_input(wants_input(c));
	spin_unlock(&lock);
	return n;
}

/* A hint: without the lock. */
bool console_has_input(const struct console *c)
{
	return ring_used(&c->input) > 0;
}

void console_reset(struct console *c)
{
	spin_lock(&lock);
	ring_clear(&c->input);
	c->waits = false;
	if (c == front)
		terminal_want_input(true);
	spin_unlock(&lock);
}

void console_set_escape(void (*input)(char byte))
{
	spin_lock(&lock);
	escape_input = input;
	spin_unlock(&lock);
}

/* A byte that was typed, and who gets it. */
struct typed {
	int byte; /* -1: none, or nowhere to put it */
	struct console *console;
	void (*escape)(char byte); /* both NULL: nobody */
};

/* With the lock. */
static void direct(struct typed *t)
{
	bool is_key = t->byte == CONSOLE_ESCAPE, after_key = escaped;

	escaped = front && escape_input && is_key && !after_key;
	if (escaped)
		return;
	if (!front || (after_key && !is_key))
		t->escape = escape_input;
	else
		t->console = front;
}

static struct typed take_typed(int (*next)(void))
{
	struct typed t = {.byte = -1};

	spin_lock(&lock);
	if (wants_input(front))
		t.byte = next();
	if (t.byte >= 0)
		direct(&t);
	if (t.console)
		ring_put(&t.console->input, &(char){(char)t.byte}, 1);
	terminal_want_input(wants_input(front));
	spin_unlock(&lock);
	return t;
}

void console_input(int (*next)(void))
{
	struct console *fed = NULL; /* and not told yet */

	for (unsigned i = 0; i < INPUT_MAX; i++) {
		struct typed t = take_typed(next);

		if (t.byte < 0)
			break;
		if (t.console != fed)
			tell(fed);
		fed = t.console;
		if (t.escape)
			t.escape((char)t.byte);
	}
	tell(fed);
}

/* ---- front ---- */

struct console *console_front(void)
{
	return __atomic_load_n(&front, __ATOMIC_RELAXED);
}

/* Nobody is in front. Returns the one that was, if it waited for room: it has all it wants now. */
static struct console *leave_front(void)
{
	spin_lock(&lock);
	struct console *c = front && front->waits ? front : NULL;

	if (c)
		c->waits = false;
	front = NULL;
	escaped = false;
	terminal_want_input(true);
	spin_unlock(&lock);
	return c;
}

static uint64_t take_lost(struct console *c)
{
	spin_lock(&lock);
	uint64_t lost = c->lost;

	c->lost = 0;
	spin_unlock(&lock);
	return lost;
}

static void announce(struct console *c)
{
	char line[120];
	uint64_t lost = take_lost(c);
	int n = snprintf(line, sizeof(line), "\r\nvesper: console %u: %s", c->number, c->name);

	if (lost)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
			" (the oldest %llu bytes it said are gone)", (unsigned long long)lost);
	n += snprintf(line + n, sizeof(line) - (size_t)n, "\r\n");
	terminal_write(line, (size_t)n);
}

/* The line is written while nobody is in front: without the lock, and before what the console says next. */
void console_to_front(struct console *c)
{
	tell(leave_front());
	if (!c)
		return;
	announce(c);
	spin_lock(&lock);
	front = c;
	show_kept(c);
	terminal_want_input(wants_input(c));
	spin_unlock(&lock);
}
