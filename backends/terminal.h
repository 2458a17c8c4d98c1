/* SPDX-License-Identifier: MIT */
/*
 * The one terminal: Vesper's own lines, a VM's console port and its SBI debug
 * console. Input waits in a ring; while the ring is full the UART is left
 * alone, so that the sender waits and nothing is lost. On a machine whose UART
 * Vesper does not know, output goes where its own lines go, and there is no
 * input.
 */
#ifndef VESPER_BACKENDS_TERMINAL_H
#define VESPER_BACKENDS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_PORT 0 /* the VM port that this stands behind */

/* The UART is ready; its interrupts arrive as PLIC source `source`, 0 for none. */
void terminal_init(unsigned source);

/* Writes all of it, waiting for the UART (a bounded time a byte, then the byte is dropped). */
void terminal_write(const char *data, size_t len);

/*
 * Writes what the UART takes now; when that was not all, terminal_interrupt() tells when to go on.
 * Without that interrupt it waits as terminal_write() does, and drops what is too much for one call.
 */
size_t terminal_send(const char *data, size_t len);

/* Takes up to `len` bytes of waiting input. */
size_t terminal_read(char *data, size_t len);

/* Was this the console's interrupt? Then there may be input, or room to send. */
bool terminal_interrupt(unsigned source);

#endif
