/* SPDX-License-Identifier: MIT */
#include "monitor/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/console.h"

#define TEXT_MAX 256

static void (*answer)(const char *text, size_t len); /* NULL: it goes to the terminal */

void print_to(void (*to)(const char *text, size_t len))
{
	answer = to;
}

bool print_is_answer(void)
{
	return answer;
}

void print_bytes(const char *text, size_t len)
{
	if (print_is_answer())
		answer(text, len);
	else
		console_say(text, len);
}

__attribute__((format(printf, 1, 0))) static void print(
	const char *format, va_list args, const char *end)
{
	char text[TEXT_MAX];
	size_t end_len = strlen(end);

	if (vsnprintf(text, sizeof(text) - end_len, format, args) < 0)
		return;
	size_t len = strlen(text);

	memcpy(text + len, end, end_len);
	print_bytes(text, len + end_len);
}

void print_text(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args, "");
	va_end(args);
}

void print_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args, "\r\n");
	va_end(args);
}
