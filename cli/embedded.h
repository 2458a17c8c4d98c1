/* SPDX-License-Identifier: MIT */
/* Files of the source tree that the program carries inside itself. */
#ifndef VESPER_CLI_EMBEDDED_H
#define VESPER_CLI_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *data, *end;
};

static inline size_t embedded_size(const struct embedded *file)
{
	return (size_t)(file->end - file->data);
}

extern const struct embedded embedded_gdb; /* scripts/vesper-gdb.py */

#endif
