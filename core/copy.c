/* SPDX-License-Identifier: MIT */
/*
 * Long copies. Most of what Vesper does between reset and the first guest is
 * to copy kernels, so the loop is unrolled far further than a library's is.
 */
#include "core/copy.h"

#include <string.h>

#define STEP 512ull /* bytes a round */

/* Copies STEP bytes, all addresses multiples of 8. */
static inline void copy_step(uint64_t to, uint64_t from)
{
	uint64_t a, b, c, d;

	__asm__ volatile(".set at, 0\n"
			 ".rept 16\n"
			 "ld %0, at(%5)\n"
			 "ld %1, at+8(%5)\n"
			 "ld %2, at+16(%5)\n"
			 "ld %3, at+24(%5)\n"
			 "sd %0, at(%4)\n"
			 "sd %1, at+8(%4)\n"
			 "sd %2, at+16(%4)\n"
			 "sd %3, at+24(%4)\n"
			 ".set at, at+32\n"
			 ".endr"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
			 : "r"(to), "r"(from)
			 : "memory");
}

void copy_bytes(void *to, const void *from, uint64_t size)
{
	uint64_t at = (uintptr_t)to, source = (uintptr_t)from;
	uint64_t long_part = (at | source) % 8 ? 0 : size / STEP * STEP;

	for (uint64_t end = at + long_part; at < end; at += STEP, source += STEP)
		copy_step(at, source);
	memcpy((void *)at, (const void *)source, size - long_part);
}
