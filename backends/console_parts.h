/* SPDX-License-Identifier: MIT */
/* What console.c (output, who is in front) and console_input.c share. Nobody else includes it. */
#ifndef VESPER_BACKENDS_CONSOLE_PARTS_H
#define VESPER_BACKENDS_CONSOLE_PARTS_H

#include "backends/console.h"
#include "backends/escape.h"
#include "lib/ring.h"
#include "lib/spinlock.h"

#define INPUT_SIZE 4096u
#define SPILL_SIZE 16384u /* what is typed beyond that: a long paste */
#define SAID_SIZE  16384u /* more than the longest answer of the monitor */

struct console {
	const char *name;
	unsigned number; /* from 1, in the order of creation */
	void (*ready)(void *owner);
	void *owner;

	/* With the lock. */
	struct ring input, output; /* output: said and not shown yet */
	bool waits;                /* for ready(): console_send() did not take all */
	uint64_t lost;             /* bytes that had to leave `output` for newer ones */
	uint64_t lost_input;       /* typed since it last read, and there was no room */

	char input_bytes[INPUT_SIZE], output_bytes[CONSOLE_KEPT];
};

/* One for all; with the lock, inside which the terminal's is taken. */
extern struct consoles {
	struct spinlock lock;
	struct console
		*clear; /* the one in front, if nothing has to be shown before what it says now */
	struct console *front;
	unsigned n;
	struct ring said; /* Vesper's own words, which go first */
	bool unasked;     /* a switch the user did not ask for was not shown yet */

	struct escape escape; /* in what was typed */
	bool escaped;         /* the last was the escape key */
	void (*escape_input)(char byte);
	struct ring spill; /* typed for spill_owner, whose ring is full */
	struct console *spill_owner;
} consoles;

/* ready() may call us, and takes locks of its own: without the lock. */
static inline void console_tell(struct console *c)
{
	if (c)
		c->ready(c->owner);
}

/* With the lock: puts it behind what Vesper has to say, and shows what the terminal takes. What does not fit is lost. */
void console_say_locked(const char *text, size_t len);

/* With the lock: the terminal's modes are as a shell expects them, whatever a guest has made of them. */
void console_reset_terminal(void);

/* With the lock: may the terminal be read now? Tells it. */
void console_update_input(void);

#endif
