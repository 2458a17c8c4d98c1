/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum: aligned words of 64 bits are added with their carries.
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

static uint16_t load16(const uint8_t *at)
{
	uint16_t half;

	memcpy(&half, __builtin_assume_aligned(at, sizeof(half)), sizeof(half));
	return half;
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, __builtin_assume_aligned(at, sizeof(word)), sizeof(word));
	return word;
}

/* With the carry added where the sum begins. */
static uint64_t add(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* Of bytes at an even address. */
static uint64_t sum_even(const uint8_t *at, size_t len)
{
	uint64_t sum = 0, words = 0;

	for (; len >= 2 && (uintptr_t)at % 8 != 0; at += 2, len -= 2)
		sum += load16(at);
	for (; len >= 32; at += 32, len -= 32)
		words = add(add(add(add(words, load64(at)), load64(at + 8)), load64(at + 16)),
			load64(at + 24));
	for (; len >= 8; at += 8, len -= 8)
		words = add(words, load64(at));
	sum += (words & UINT32_MAX) + (words >> 32);
	for (; len >= 2; at += 2, len -= 2)
		sum += load16(at);
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
