/* SPDX-License-Identifier: MIT */
/*
 * Random bytes for the guests' seeds: ChaCha20 (RFC 8439) as a generator that
 * overwrites its key with its own output after each use.
 */
#ifndef VESPER_LIB_RANDOM_H
#define VESPER_LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint32_t key[8];
};

/* Mixes any number of seed bytes in. */
void random_seed(struct random *r, const uint8_t *seed, size_t len);

/* Mixes one number in (a clock, a counter). */
void random_stir(struct random *r, uint64_t value);

void random_bytes(struct random *r, uint8_t *out, size_t len);

#endif
