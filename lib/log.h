/* SPDX-License-Identifier: MIT */
/*
 * Vesper's own lines on the console, and what to do when Vesper itself is
 * wrong. The sink is the firmware's console until a driver takes over.
 */
#ifndef VESPER_LIB_LOG_H
#define VESPER_LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where lines go: writes all `len` bytes. */
void log_set_sink(void (*write)(const char *data, size_t len));

/* Writes bytes there as they are. */
void log_write(const char *data, size_t len);

/* Prints one line "vesper: ..." (the newline is added). */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* How much a guest may make Vesper say: a burst, then one line each `interval`. */
struct log_limit {
	uint64_t next;    /* the time from which a line is allowed again */
	uint32_t burst;   /* lines still free of charge */
	uint32_t dropped; /* since the last line */
};

#define LOG_LIMIT_BURST 8

/* May a line be said at `now`? If so and lines were dropped before, it says how many. `interval` in units of now. */
bool log_allowed(struct log_limit *limit, uint64_t now, uint64_t interval);

/* The user's mistake: one line that says what is wrong and what to do, then power-off with a failing status. */
__attribute__((format(printf, 1, 2))) _Noreturn void die(const char *format, ...);

/* Our own bug: a line, the registers, a backtrace, then power-off with a failing status. */
__attribute__((format(printf, 1, 2))) _Noreturn void panic(const char *format, ...);

#define ASSERT(condition)                                                                 \
	do {                                                                              \
		if (!(condition))                                                         \
			panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
