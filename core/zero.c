/* SPDX-License-Identifier: MIT */
#include "core/zero.h"

#include <string.h>

static unsigned cboz_block;

void zero_use_cboz(unsigned block_size)
{
	cboz_block = block_size;
}

void zero_pages(void *pages, uint64_t size)
{
	uintptr_t at = (uintptr_t)pages, end = at + size;
	uintptr_t step = cboz_block;

	if (!step) {
		memset(pages, 0, size);
		return;
	}
	/* cbo.zero, sixteen times a round: a page is a whole number of them. */
	while (at < end)
		__asm__ volatile(".rept 16\n"
				 ".insn i 0x0f, 2, x0, %0, 4\n"
				 "add %0, %0, %1\n"
				 ".endr"
				 : "+r"(at)
				 : "r"(step)
				 : "memory");
}
