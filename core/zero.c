/* SPDX-License-Identifier: MIT */
#include "core/zero.h"

#include <string.h>

static unsigned cboz_block;

void zero_use_cboz(unsigned block_size)
{
	cboz_block = block_size;
}

/* cbo.zero on sixteen blocks from `at` on; returns where the next one begins. */
static inline uintptr_t zero_blocks(uintptr_t at, uintptr_t step)
{
	__asm__ volatile(".rept 16\n"
			 ".insn i 0x0f, 2, x0, %0, 4\n"
			 "add %0, %0, %1\n"
			 ".endr"
			 : "+r"(at)
			 : "r"(step)
			 : "memory");
	return at;
}

void zero_pages(void *pages, uint64_t size)
{
	uintptr_t at = (uintptr_t)pages, end = at + size;

	if (!cboz_block) {
		memset(pages, 0, size);
		return;
	}
	/* A page is a whole number of sixteen blocks. */
	while (at < end)
		at = zero_blocks(at, cboz_block);
}
