/* SPDX-License-Identifier: MIT */
#include "core/zero.h"

#include <string.h>

static unsigned cboz_block;

void zero_use_cboz(unsigned block_size)
{
	cboz_block = block_size;
}

static inline void cbo_zero(uintptr_t at)
{
	__asm__ volatile(".insn i 0x0f, 2, x0, %0, 4" : : "r"(at) : "memory");
}

void zero_pages(void *pages, uint64_t size)
{
	uintptr_t at = (uintptr_t)pages, end = at + size;
	uintptr_t step = cboz_block;

	if (!step) {
		memset(pages, 0, size);
		return;
	}
	/* A page is a whole number of four blocks, and 2 MiB of sixteen loops of them. */
	while (at < end) {
#pragma GCC unroll 4
		for (unsigned i = 0; i < 4; i++) {
			cbo_zero(at);
			at += step;
		}
	}
}
