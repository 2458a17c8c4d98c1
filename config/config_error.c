/* SPDX-License-Identifier: MIT */
/*
 * Error lines quote names that come from files. Whatever is not printable
 * ASCII becomes '?', so that a file can't send control codes to a terminal.
 */
#include "config/config_error.h"

#include <stdarg.h>
#include <stdio.h>

void config_error_set(struct config_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	for (char *c = err->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}
