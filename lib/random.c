/* SPDX-License-Identifier: MIT */
#include "lib/random.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t s[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

/* The block function of RFC 8439, section 2.3. */
static void chacha_block(const uint32_t key[8], const uint32_t tail[4], uint32_t out[16])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memcpy(start + 4, key, 32);
	memcpy(start + 12, tail, 16);
	memcpy(out, start, sizeof(start));
	for (unsigned i = 0; i < 10; i++) {
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + c, 8 + c, 12 + c);
		for (unsigned c = 0; c < 4; c++)
			quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] += start[i];
}

/* Replaces the key by the first half of the block over (key, tail); the second half is free to use. */
static void step(struct random *r, const uint32_t tail[4], uint32_t half[8])
{
	uint32_t block[16];

	chacha_block(r->key, tail, block);
	memcpy(r->key, block, 32);
	memcpy(half, block + 8, 32);
}

void random_seed(struct random *r, const uint8_t *seed, size_t len)
{
	uint32_t unused[8];

	for (size_t at = 0; at < len; at += 16) {
		uint32_t tail[4] = {0};

		memcpy(tail, seed + at, len - at < 16 ? len - at : 16);
		step(r, tail, unused);
	}
}

void random_stir(struct random *r, uint64_t value)
{
	random_seed(r, (const uint8_t *)&value, sizeof(value));
}

void random_bytes(struct random *r, uint8_t *out, size_t len)
{
	static const uint32_t draw[4] = {1};
	uint32_t half[8];

	for (size_t at = 0; at < len; at += sizeof(half)) {
		step(r, draw, half);
		memcpy(out + at, half, len - at < sizeof(half) ? len - at : sizeof(half));
	}
}
