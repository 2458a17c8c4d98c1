/* SPDX-License-Identifier: MIT */
/*
 * The physical terminal: one UART, its interrupt, and who may write when.
 * Vesper's own lines and the monitor wait for the UART, the console in front
 * (console.h) takes what room there is and goes on in the interrupt. On a
 * machine whose UART Vesper does not know, output goes where its own lines go,
 * and there is no input. Calls may come from any hart.
 */
#ifndef VESPER_BACKENDS_TERMINAL_H
#define VESPER_BACKENDS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* The UART is ready. Without `interrupt`, nobody will call terminal_interrupt(): there is output only. */
void terminal_init(bool interrupt);

/*
 * Writes all of it, waiting for the UART (a bounded time a byte, then the rest is dropped, and
 * more at once until it takes a byte again). Nothing that others write comes in between.
 */
void terminal_write(const char *data, size_t len);

/*
 * Writes what the UART takes now; when that was not all, the interrupt leads to console_room().
 * Without interrupt it waits as terminal_write() does, for a few bytes a call.
 */
size_t terminal_send(const char *data, size_t len);

/* Is there an interrupt that leads to console_room()? */
bool terminal_tells(void);

/* Makes it come as soon as the UART is idle. Only where there is one. */
void terminal_call(void);

/* Some time without any lock, for one who waits for the terminal. */
void terminal_pause(void);

/*
 * May the UART be read? While not, what is typed stays in it and the sender waits, so that nothing is lost.
 * Calls of this one must not overlap: console.c makes them with its lock.
 */
void terminal_want_input(bool want);

/*
 * The UART's interrupt, whichever controller it came through: hands input to console_input(), says
 * console_room(). Without any lock, on one hart at a time, before the controller is told that it is done.
 */
void terminal_interrupt(void);

#endif
