/* SPDX-License-Identifier: MIT */
/*
 * A kernel that is an ELF file: which bytes go where, and where it begins.
 * Only elf_check() may be called with a file that it has not passed.
 */
#ifndef VESPER_CONFIG_ELF_H
#define VESPER_CONFIG_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config_error.h"
#include "include/status.h"
#include "include/vm_spec.h"

struct elf_segment {
	uint64_t addr;    /* guest-physical */
	uint64_t size;    /* bytes there; what `data` does not fill is zero. Not 0 */
	struct blob data; /* in the file; not more than `size` */
};

/* Does the file begin as an ELF file does? */
bool elf_is(const struct blob *file);

/*
 * Is it a 64-bit little-endian RISC-V executable whose segments lie in the file and apart in the RAM
 * [ram, ram + size)? ERR_INVALID with err->text, which goes on from the file's name: "is ...".
 */
MUST_CHECK enum status elf_check(
	const struct blob *file, uint64_t ram, uint64_t size, struct config_error *err);

/* Segment `i` (0, 1, ...) of those that are loaded; false: no more. */
bool elf_segment(const struct blob *file, unsigned i, struct elf_segment *out);

/*
 * Where the kernel is entered, with the MMU off: at the file's entry point if that is a physical
 * address in a segment. It is not in a kernel linked for its own address space; that is entered at
 * its lowest address, as QEMU does.
 */
uint64_t elf_entry(const struct blob *file);

#endif
