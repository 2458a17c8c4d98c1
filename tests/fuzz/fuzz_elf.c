/* SPDX-License-Identifier: MIT */
/* A kernel of arbitrary bytes: what an accepted one would have loaded lies in the file and in the RAM. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/elf.h"
#include "lib/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM  0x80000000ull
#define SIZE MIB(64)

static void check(const struct blob *file)
{
	uint64_t entry = elf_entry(file);
	struct elf_segment s;
	bool entered = false;
	unsigned i = 0;

	for (; elf_segment(file, i, &s); i++) {
		if (!s.size || s.data.size > s.size || !range_inside(s.addr, s.size, RAM, SIZE))
			abort();
		if (!range_inside(
			    (uintptr_t)s.data.data, s.data.size, (uintptr_t)file->data, file->size))
			abort();
		entered = entered || range_inside(entry, 1, s.addr, s.size);
	}
	if (!i || i > 64 || !entered)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_error error = {""};
	/* Its own allocation, so that a byte too far is seen. */
	uint8_t *copy = malloc(size ? size : 1);
	const struct blob file = {copy, size};

	memcpy(copy, data, size);
	if (elf_check(&file, RAM, SIZE, &error) == OK)
		check(&file);
	else if (!error.text[0])
		abort();
	free(copy);
	return 0;
}
