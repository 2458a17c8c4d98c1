/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum: aligned words of 64 bits are added as two halves, which a sum of 64 bits holds for any frame.
 * Bytes that start at an odd place are added as if at an even one, and the result is swapped.
 */
#include <string.h>

#include "backends/checksum.h"

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t swap(uint16_t value)
{
	return (uint16_t)(value << 8 | value >> 8);
}

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, __builtin_assume_aligned(at, 2), size);
	return word;
}

/* Of bytes at an even address. */
static uint64_t sum_even(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;

	for (; len >= 2 && (uintptr_t)at % 8 != 0; at += 2, len -= 2)
		sum += load(at, 2);
	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, __builtin_assume_aligned(at, 8), sizeof(word));
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	for (; len >= 2; at += 2, len -= 2)
		sum += load(at, 2);
	return len ? sum + *at : sum;
}

static uint64_t sum_any(const uint8_t *at, size_t len)
{
	if ((uintptr_t)at % 2 == 0 || len == 0)
		return sum_even(at, len);
	return (uint64_t)*at + swap(fold(sum_even(at + 1, len - 1)));
}

void checksum_add(struct checksum *c, const void *data, size_t len)
{
	uint64_t sum = sum_any(data, len);

	c->sum += c->odd ? swap(fold(sum)) : sum;
	c->odd ^= len & 1;
}

void checksum_add_be16(struct checksum *c, uint16_t value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	checksum_add(c, bytes, sizeof(bytes));
}

uint16_t checksum_fold(const struct checksum *c)
{
	return fold(c->sum);
}
