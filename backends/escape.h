/* SPDX-License-Identifier: MIT */
/*
 * The escape key, Ctrl-], in the forms in which a terminal may send it. Its usual one is a byte; programs can ask
 * a terminal for sequences in place of such bytes, CSI 27;5;93~ and CSI 93;5u, and a guest may leave it so.
 */
#ifndef VESPER_BACKENDS_ESCAPE_H
#define VESPER_BACKENDS_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESCAPE_VALUES 3

/* How far into a sequence the bytes are that came last. All zero: in none. */
struct escape {
	unsigned state, sub;               /* sub: values after a colon, of the same parameter */
	unsigned n;                        /* the parameter that is read */
	uint16_t value[ESCAPE_VALUES + 1]; /* the last one takes what is too much */
	uint16_t event; /* what is after the second one's colon: 3 is the release of a key */
};

/* The next byte that was typed. true: it completes the key. */
bool escape_completes(struct escape *e, char byte);

#endif
