/* SPDX-License-Identifier: MIT */
#include "tests/unit/elf_file.h"

#include <stdlib.h>
#include <string.h>

#define HEADER         64
#define PROGRAM_HEADER 56

void elf_file_set(struct elf_file *file, size_t offset, uint64_t value, unsigned size)
{
	if (offset + size > sizeof(file->bytes))
		abort();
	for (unsigned i = 0; i < size; i++)
		file->bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

void elf_file_make(
	struct elf_file *file, uint64_t entry, const struct elf_file_segment *segments, unsigned n)
{
	memset(file, 0, sizeof(*file));
	memcpy(file->bytes,
		"\x7f"
		"ELF\x02\x01\x01",
		7);
	elf_file_set(file, 16, 2, 2);   /* an executable */
	elf_file_set(file, 18, 243, 2); /* RISC-V */
	elf_file_set(file, 24, entry, 8);
	elf_file_set(file, 32, HEADER, 8);
	elf_file_set(file, 54, PROGRAM_HEADER, 2);
	elf_file_set(file, 56, n, 2);
	file->size = HEADER + n * PROGRAM_HEADER;
	for (unsigned i = 0; i < n; i++) {
		const struct elf_file_segment *s = &segments[i];

		elf_file_set(file, ELF_FILE_FIELD(i, 0), s->type, 4);
		elf_file_set(file, ELF_FILE_FIELD(i, 8), file->size, 8);
		elf_file_set(file, ELF_FILE_FIELD(i, 16), s->vaddr, 8);
		elf_file_set(file, ELF_FILE_FIELD(i, 24), s->paddr, 8);
		elf_file_set(file, ELF_FILE_FIELD(i, 32), s->file_size, 8);
		elf_file_set(file, ELF_FILE_FIELD(i, 40), s->memory_size, 8);
		for (uint64_t at = 0; at < s->file_size; at++)
			elf_file_set(file, file->size++, at + 1, 1);
	}
}
