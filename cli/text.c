/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"

#define TOKEN_MAX 64

char *text_format(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		error_exit("out of memory");
	return text;
}

char *text_list(char *list, const char *word)
{
	char *longer = list ? text_format("%s, %s", list, word) : text_format("%s", word);

	free(list);
	return longer;
}

void text_dts_string(FILE *out, const char *string)
{
	fputc('"', out);
	for (const char *c = string; *c; c++) {
		const unsigned char byte = (unsigned char)*c;

		if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else if (byte < ' ' || byte > '~')
			/* Three octal digits always end the escape, whatever follows. */
			fprintf(out, "\\%03o", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

void text_shell_word(FILE *out, const char *string)
{
	fputc('\'', out);
	for (const char *c = string; *c; c++) {
		if (*c == '\'')
			fputs("'\\''", out);
		else
			fputc(*c, out);
	}
	fputc('\'', out);
}

bool text_is_plain(const char *string)
{
	for (const char *c = string; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return true;
}

bool text_is_token(const char *string)
{
	return *string && strlen(string) <= TOKEN_MAX && text_is_plain(string) &&
	       !strpbrk(string, " \"'");
}

/* The factor to MiB of a suffix; 0: unknown. */
static uint64_t unit(const char *suffix)
{
	static const struct {
		const char *name;
		uint64_t mib;
	} units[] = {
		{"", 1}, {"M", 1}, {"MiB", 1}, {"G", 1024}, {"GiB", 1024}, {"m", 1}, {"g", 1024}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(suffix, units[i].name))
			return units[i].mib;
	return 0;
}

/* Reads the digits that *string begins with and moves behind them. false: none, or more than `max`. */
static bool digits(const char **string, uint64_t max, uint64_t *number)
{
	const char *c = *string;

	*number = 0;
	for (; *c >= '0' && *c <= '9'; c++) {
		*number = *number * 10 + (uint64_t)(*c - '0');
		if (*number > max)
			return false;
	}
	if (c == *string)
		return false;
	*string = c;
	return true;
}

bool text_number(const char *string, uint64_t max, uint64_t *number)
{
	return digits(&string, max, number) && !*string;
}

bool text_mib(const char *string, uint64_t max, uint64_t *mib)
{
	uint64_t number;

	if (!digits(&string, max, &number) || !unit(string) || number > max / unit(string))
		return false;
	*mib = number * unit(string);
	return true;
}
