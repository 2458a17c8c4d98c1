/* SPDX-License-Identifier: MIT */
/* What the monitor says: straight to the terminal, and not into the log. */
#ifndef VESPER_MONITOR_PRINT_H
#define VESPER_MONITOR_PRINT_H

/* The text as it is; cut to some 250 bytes. */
__attribute__((format(printf, 1, 2))) void print_text(const char *format, ...);

/* A line; the newline is added. */
__attribute__((format(printf, 1, 2))) void print_line(const char *format, ...);

#endif
