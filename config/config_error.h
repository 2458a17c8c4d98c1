/* SPDX-License-Identifier: MIT */
/* One line for the user: what is wrong, where, and what to do. */
#ifndef VESPER_CONFIG_ERROR_H
#define VESPER_CONFIG_ERROR_H

struct config_error {
	char text[256]; /* no newline; "" when there is none */
};

/* Fills err->text (cut to fit). */
__attribute__((format(printf, 2, 3))) void config_error_set(
	struct config_error *err, const char *format, ...);

#endif
