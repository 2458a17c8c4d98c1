/* SPDX-License-Identifier: MIT */
/*
 * Vesper's own lines on the terminal, and what to do when Vesper itself is
 * wrong. The sink is the firmware's console until a driver takes over. Any
 * hart may say something at any time: a lock keeps a line whole. The newest
 * LOG_KEPT bytes of lines are kept for the monitor.
 */
#ifndef VESPER_LIB_LOG_H
#define VESPER_LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/status.h"
#include "lib/spinlock.h"

#define LOG_KEPT 8192

/* Where lines go: writes all `len` bytes. Called with the log's lock: it must not log. */
void log_set_sink(void (*write)(const char *data, size_t len));

/* Writes bytes there as they are; they are not kept. */
void log_write(const char *data, size_t len);

/* Prints one line "vesper: ..." (the newline is added). */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/* A place in what is kept: begin at the oldest whole line. */
uint32_t log_oldest(void);

/* Copies up to `len` bytes from there, and moves `place` on. 0: that was the newest. */
size_t log_copy(uint32_t *place, char *out, size_t len);

/*
 * For a panic: from now on nobody waits for a lock in order to say something, as its holder may be
 * this hart itself, or dead. Lines of several harts may mix.
 */
void log_break_lock(void);

extern bool log_broken; /* log_break_lock() was called */

/* A lock on a line's way to the user. false: locks are broken, this one was not taken. */
MUST_CHECK static inline bool log_lock(struct spinlock *lock)
{
	if (__atomic_load_n(&log_broken, __ATOMIC_RELAXED))
		return false;
	spin_lock(lock);
	return true;
}

static inline void log_unlock(struct spinlock *lock, bool locked)
{
	if (locked)
		spin_unlock(lock);
}

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
