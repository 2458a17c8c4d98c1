/* SPDX-License-Identifier: MIT */
/* Fuzzer input as a stream of numbers; at its end all are 0. */
#ifndef VESPER_TESTS_FUZZ_INPUT_H
#define VESPER_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t left;
};

static inline size_t input_bytes(struct input *in, void *dst, size_t len)
{
	if (len > in->left)
		len = in->left;
	memcpy(dst, in->data, len);
	in->data += len;
	in->left -= len;
	return len;
}

static inline uint64_t input_number(struct input *in, size_t bytes)
{
	uint64_t value = 0;
	input_bytes(in, &value, bytes);
	return value;
}

#endif
