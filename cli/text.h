/* SPDX-License-Identifier: MIT */
/* Text of the user's made safe for the languages that it is put into, and read from it. */
#ifndef VESPER_CLI_TEXT_H
#define VESPER_CLI_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* printf to a new string; never NULL. */
__attribute__((format(printf, 1, 2))) char *text_format(const char *format, ...);

/* "a, b, c": frees `list` (NULL: none yet) and returns it with `word` at its end. */
char *text_list(char *list, const char *word);

/* Writes "..." as a string of a device-tree source. */
void text_dts_string(FILE *out, const char *string);

/* Writes one word of a POSIX shell: exactly this string, whatever it holds. */
void text_shell_word(FILE *out, const char *string);

/* Printable ASCII only? */
bool text_is_plain(const char *string);

/* Can it stand as one kernel argument's value: no blank, no quote, 1 to 64 characters? */
bool text_is_token(const char *string);

/* Decimal digits only. false: no such number, or more than `max`. */
bool text_number(const char *string, uint64_t max, uint64_t *number);

/*
 * "512M", "2G" or "512" (MiB) to MiB. false: no such number, a fraction of a
 * MiB, or more than `max`.
 */
bool text_mib(const char *string, uint64_t max, uint64_t *mib);

#endif
