/* SPDX-License-Identifier: MIT */
/*
 * The physical PLIC. Vesper takes few interrupts itself, so that one S-mode
 * context is enough and every source it enables has the same priority.
 */
#include "irq/plic.h"

#define PRIORITY(source)  (4ul * (source))
#define ENABLE(context)   (0x2000ul + 0x80ul * (context))
#define CONTEXT(context)  (0x200000ul + 0x1000ul * (context))
#define CONTEXT_THRESHOLD 0
#define CONTEXT_CLAIM     4

#define SOURCES_MAX 1023 /* PLIC 1.0: enable bits for no more */

static uintptr_t base, enables, registers; /* of the whole; of our context */
static unsigned last_source;

static uint32_t read32(uintptr_t addr)
{
	return *(const volatile uint32_t *)addr;
}

static void write32(uintptr_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

void plic_init(uintptr_t address, unsigned sources, unsigned context)
{
	base = address;
	enables = address + ENABLE(context);
	registers = address + CONTEXT(context);
	last_source = sources < SOURCES_MAX ? sources : SOURCES_MAX;
	for (unsigned w = 0; w <= last_source / 32; w++)
		write32(enables + 4 * w, 0);
	write32(registers + CONTEXT_THRESHOLD, 0);
}

void plic_enable(unsigned source)
{
	uintptr_t word = enables + source / 32 * 4;

	if (!source || source > last_source)
		return;
	write32(base + PRIORITY(source), 1);
	write32(word, read32(word) | 1u << (source % 32));
}

unsigned plic_claim(void)
{
	return read32(registers + CONTEXT_CLAIM);
}

void plic_complete(unsigned source)
{
	write32(registers + CONTEXT_CLAIM, source);
}
