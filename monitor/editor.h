/* SPDX-License-Identifier: MIT */
/*
 * The monitor's command line: printable characters, backspace, Ctrl-U, Ctrl-C; Enter runs what is there. Sequences of
 * arrow keys and their like are swallowed.
 */
#ifndef VESPER_MONITOR_EDITOR_H
#define VESPER_MONITOR_EDITOR_H

#define EDITOR_LINE_MAX 78 /* characters, so that a line of the terminal holds it */

/* Begins an empty line. */
void editor_prompt(void);

/* One byte as it was typed. */
void editor_input(char byte);

#endif
