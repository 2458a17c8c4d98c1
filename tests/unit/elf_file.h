/* SPDX-License-Identifier: MIT */
/* ELF files made in memory for tests, field by field as the ABI numbers them. */
#ifndef VESPER_TESTS_UNIT_ELF_FILE_H
#define VESPER_TESTS_UNIT_ELF_FILE_H

#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_MAX 8192

struct elf_file_segment {
	uint32_t type; /* 1: loaded */
	uint64_t vaddr, paddr, memory_size;
	uint64_t file_size; /* of bytes 1, 2, 3, ... */
};

struct elf_file {
	uint8_t bytes[ELF_FILE_MAX] __attribute__((aligned(8)));
	size_t size;
};

/* A RISC-V executable with `n` segments, their bytes one behind the other at its end. */
void elf_file_make(
	struct elf_file *file, uint64_t entry, const struct elf_file_segment *segments, unsigned n);

/* Overwrites `size` bytes of a number at `offset`, little-endian. */
void elf_file_set(struct elf_file *file, size_t offset, uint64_t value, unsigned size);

/*
 * Offset in the file of a field of program header `i`: 0 type, 8 offset, 16 vaddr, 24 paddr, 32 file
 * size, 40 memory size.
 */
#define ELF_FILE_FIELD(i, field) (64 + (size_t)(i)*56 + (field))

#endif
