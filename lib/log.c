/* SPDX-License-Identifier: MIT */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/ring.h"

#define LINE_MAX 256

bool log_broken; /* never cleared */

static struct spinlock lock; /* of all below */
static void (*sink)(const char *data, size_t len);
static char kept_bytes[LOG_KEPT];
static struct ring kept = {.data = kept_bytes, .size = LOG_KEPT};

void log_break_lock(void)
{
	__atomic_store_n(&log_broken, true, __ATOMIC_RELAXED);
}

void log_set_sink(void (*write)(const char *data, size_t len))
{
	bool locked = log_lock(&lock);

	sink = write;
	log_unlock(&lock, locked);
}

static void write_out(const char *data, size_t len)
{
	if (sink)
		sink(data, len);
}

void log_write(const char *data, size_t len)
{
	bool locked = log_lock(&lock);

	write_out(data, len);
	log_unlock(&lock, locked);
}

__attribute__((format(printf, 1, 0))) static void log_vline(const char *format, va_list args)
{
	static const char prefix[] = "vesper: ";
	char line[LINE_MAX];
	size_t at = sizeof(prefix) - 1;

	memcpy(line, prefix, at);
	int n = vsnprintf(line + at, sizeof(line) - at - 2, format, args);
	if (n > 0)
		at += strlen(line + at);
	line[at++] = '\r';
	line[at++] = '\n';

	bool locked = log_lock(&lock);

	ring_keep(&kept, line, at);
	write_out(line, at);
	log_unlock(&lock, locked);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(format, args);
	va_end(args);
}

/* Once the ring is full, what is oldest in it may be the rest of a line. */
static uint32_t oldest_line(void)
{
	uint32_t place = kept.tail;

	if (ring_used(&kept) < LOG_KEPT)
		return place;
	while (place != kept.head && kept_bytes[place++ % LOG_KEPT] != '\n')
		;
	return place;
}

uint32_t log_oldest(void)
{
	bool locked = log_lock(&lock);
	uint32_t place = oldest_line();

	log_unlock(&lock, locked);
	return place;
}

size_t log_copy(uint32_t *place, char *out, size_t len)
{
	bool locked = log_lock(&lock);
	struct ring from = kept;

	if (kept.head - *place > ring_used(&kept))
		*place = oldest_line();
	from.tail = *place;
	size_t n = ring_get(&from, out, len);
	*place = from.tail;
	log_unlock(&lock, locked);
	return n;
}

bool log_allowed(struct log_limit *limit, uint64_t now, uint64_t interval)
{
	if (limit->burst < LOG_LIMIT_BURST) {
		limit->burst++;
	} else if (now < limit->next) {
		limit->dropped++;
		return false;
	}
	limit->next = now + interval;
	if (limit->dropped) {
		log_line("(%u like the next one were not shown)", (unsigned)limit->dropped);
		limit->dropped = 0;
	}
	return true;
}
