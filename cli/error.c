/* SPDX-License-Identifier: MIT */
#include "cli/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void end(enum exit_status status, const char *format, va_list args)
{
	fputs("vesper: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(status);
}

void error_exit(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(EXIT_FAILED, format, args);
}

void error_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(EXIT_USAGE, format, args);
}
