/* SPDX-License-Identifier: MIT */
/*
 * Many VM consoles on one terminal. Each VM has one console, which its
 * virtio-console, its UART and its SBI debug console share. The one in front has the
 * terminal; what the others say is kept in a ring (the newest CONSOLE_KEPT bytes)
 * and shown when they come to the front. Typing goes to the one in front.
 *
 * The escape key (Ctrl-]) and what follows is the user's word to Vesper: it is
 * handed to the function that console_set_escape() named (monitor/). The key typed twice is the guest's.
 * No guest can take it away: the terminal is always read, and what then has no room is lost.
 *
 * Calls may come from any hart: one lock inside. `ready` is called without it.
 */
#ifndef VESPER_BACKENDS_CONSOLE_H
#define VESPER_BACKENDS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_PORT   0      /* the VM port that this stands behind */
#define CONSOLE_KEPT   8192u  /* bytes of output that is kept for one that is not in front */
#define CONSOLE_SIZE   16384u /* sizeof(struct console) is no more */
#define CONSOLE_ESCAPE 0x1d   /* Ctrl-] */

struct console;

/*
 * Makes a console in `mem` (CONSOLE_SIZE zeroed bytes, 4 KiB aligned) that lives for ever. `name` is kept. `ready(owner)`
 * says that there may be input, or room for output. The first one made is in front.
 */
struct console *console_create(
	void *mem, const char *name, void (*ready)(void *owner), void *owner);

/* Takes as many bytes as now go anywhere; when that was not all, ready() tells when to go on. */
size_t console_send(struct console *c, const char *data, size_t len);

/* Takes all of it, waiting for the terminal (a bounded time, then the rest is dropped). */
void console_write(struct console *c, const char *data, size_t len);

/* Takes up to `len` bytes of waiting input. */
size_t console_read(struct console *c, char *data, size_t len);

/* Is there any? */
bool console_has_input(const struct console *c);

/* The console's input starts anew (its VM was started again). */
void console_reset(struct console *c);

/*
 * Brings it to the front, with a line that says whose it is and what it had kept. NULL: nobody, the terminal is the
 * monitor's. The terminal's modes are set back. Calls ready(): without a VM's lock.
 */
void console_to_front(struct console *c);
struct console *console_front(void);

/* The same where the user did not ask for it, if `from` is in front still; what he has typed ahead is dropped. */
void console_leave(struct console *from, struct console *to);

/*
 * Vesper's own words to the user, before what the one in front says next. Never waits: they are kept, and what is more than an
 * answer of the monitor is lost.
 */
void console_say(const char *text, size_t len);

/*
 * Input bytes for the one who owns the escape key: called with the byte after the key, and with each byte typed while nobody
 * is in front. In the interrupt of the terminal, without the lock. NULL: the key is the guest's, and its input waits
 * in the terminal while there is no room, so that none is lost.
 */
void console_set_escape(void (*input)(char byte));

/*
 * Takes typed bytes from `next` (-1: there are no more), a bounded number of them, and one command of the monitor at
 * most. Called by terminal_interrupt(); terminal_want_input() tells whether the terminal may be read at all.
 */
void console_input(int (*next)(void));
/* The terminal can take more. */
void console_room(void);

/* Has it said anything, not being in front, that was not shown yet? */
bool console_has_news(const struct console *c);

#endif
