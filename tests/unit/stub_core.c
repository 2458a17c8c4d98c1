/* SPDX-License-Identifier: MIT */
#include "tests/unit/stub_core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/page.h"
#include "core/zero.h"
#include "lib/log.h"

static void *mapped;
static size_t mapped_size;

void stub_memory(struct machine *machine, unsigned blocks, bool gib_aligned)
{
	uint64_t align = gib_aligned ? GIB(1) : BLOCK_SIZE;

	mapped_size = (blocks + 1) * BLOCK_SIZE + align;
	mapped = mmap(NULL, mapped_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		abort();
	uint64_t base = ((uintptr_t)mapped + align - 1) & ~(align - 1);

	memset(machine, 0, sizeof(*machine));
	machine->n_ram = 1;
	machine->ram[0] = (struct machine_range){base, (blocks + 1) * BLOCK_SIZE};
}

void stub_memory_free(void)
{
	munmap(mapped, mapped_size);
}

void zero_pages(void *pages, uint64_t size)
{
	memset(pages, 0, size);
}

_Noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}
