/* SPDX-License-Identifier: MIT */
/* All harts touch the same fresh memory at once, as far as there is any: each finds what each has written. */
#include "tests/guest/smp.h"

#define BLOCK 0x200000ul
#define FIRST (RAM_BASE + 3 * BLOCK) /* behind the payload */

static struct smp_barrier line;

static volatile uint64_t *slot(uint64_t block, unsigned hart)
{
	return (volatile uint64_t *)(block + 8 * hart);
}

static void touch(void *arg)
{
	(void)arg;
	for (uint64_t at = FIRST; at < RAM_END - BLOCK; at += BLOCK) {
		smp_barrier(&line);
		CHECK(*slot(at, smp_self()->id), 0, "fresh memory is zero");
		*slot(at, smp_self()->id) = at;
	}
	smp_barrier(&line);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	line.n = smp_begin(hart);
	smp_start_others(touch, NULL);
	touch(NULL);
	smp_join();
	for (uint64_t at = FIRST; at < RAM_END - BLOCK; at += BLOCK)
		for (unsigned h = 0; h < line.n; h++)
			CHECK(*slot(at, h), at, "what a hart has written is there");
	guest_pass();
}
