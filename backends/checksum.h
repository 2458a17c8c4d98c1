/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071) of bytes that lie in pieces. Its sum does not depend on the order of bytes in a
 * word, so it is taken over the words of this machine and stored as it is.
 */
#ifndef VESPER_BACKENDS_CHECKSUM_H
#define VESPER_BACKENDS_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checksum {
	uint64_t sum; /* all 0 at the start */
	bool odd;     /* an odd number of bytes so far */
};

void checksum_add(struct checksum *c, const void *data, size_t len);

/* The same of a number of 16 bits that lies there big-endian. */
void checksum_add_be16(struct checksum *c, uint16_t value);

/* The sum in 16 bits, not yet inverted; store it with memcpy. */
uint16_t checksum_fold(const struct checksum *c);

#endif
