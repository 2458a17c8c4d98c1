/* SPDX-License-Identifier: MIT */
/*
 * Uses every function of the EROFS reader on everything an image holds, as far
 * as a budget goes, and reads each byte it is shown. Aborts where the reader
 * breaks its word; the sanitizers see the rest. For the fuzzer and for tests
 * that corrupt images.
 */
#ifndef VESPER_TESTS_FUZZ_EROFS_WALK_H
#define VESPER_TESTS_FUZZ_EROFS_WALK_H

#include <stddef.h>

struct erofs_walk {
	unsigned budget; /* steps left */
	unsigned inodes, entries, spans, xattrs;
};

/* Returns how far it came; all 0 when the image does not open. */
struct erofs_walk erofs_walk(const void *image, size_t size, unsigned budget);

#endif
