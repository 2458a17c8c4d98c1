/* SPDX-License-Identifier: MIT */
/* The command line of `vesper run` and `vesper debug`, read and checked. */
#ifndef VESPER_CLI_OPTIONS_H
#define VESPER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	uint64_t memory_mib, writable_mib;
	const char *kernel; /* NULL: Debian's */
	const char *image;  /* a folder that becomes the root; NULL: the default root */
	const char *append; /* kernel arguments; "" if none */
	const char *cpu;
	const char *symbols; /* NULL: none */
	bool verbose, help;
	char **program; /* the words after `--`, NULL-terminated; NULL: a login shell */
};

/* `words` are those after the command's name; `debug`: --symbols is allowed. Ends the program if one is wrong. */
void options_read(struct options *options, char **words, bool debug);

#endif
