/* SPDX-License-Identifier: MIT */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX 256

static void (*sink)(const char *data, size_t len);

void log_set_sink(void (*write)(const char *data, size_t len))
{
	sink = write;
}

void log_write(const char *data, size_t len)
{
	if (sink)
		sink(data, len);
}

__attribute__((format(printf, 1, 0))) void log_vline(const char *format, va_list args);

void log_vline(const char *format, va_list args)
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
	log_write(line, at);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(format, args);
	va_end(args);
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
