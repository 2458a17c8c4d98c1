/* SPDX-License-Identifier: MIT */
/* What the monitor says: straight to the terminal, and not into the log. */
#ifndef VESPER_MONITOR_PRINT_H
#define VESPER_MONITOR_PRINT_H

#include <stdbool.h>
#include <stddef.h>

/* The text as it is; cut to some 250 bytes. */
__attribute__((format(printf, 1, 2))) void print_text(const char *format, ...);

/* A line; the newline is added. */
__attribute__((format(printf, 1, 2))) void print_line(const char *format, ...);

/* Bytes as they are. */
void print_bytes(const char *text, size_t len);

/* What is printed from now on is an answer that goes there; NULL: it goes to the terminal again. In the monitor's turn. */
void print_to(void (*to)(const char *text, size_t len));
bool print_is_answer(void);

#endif
