/* SPDX-License-Identifier: MIT */
#include "cli/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void error_end(enum exit_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("vesper: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit((int)status);
}
