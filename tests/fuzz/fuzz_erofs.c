/* SPDX-License-Identifier: MIT */
/*
 * Walks a fuzzed EROFS image. Give libFuzzer a corpus directory filled by
 * tests/fuzz/seed_erofs.sh: from nothing it does not find the layout.
 */
#include <stdint.h>

#include "tests/fuzz/erofs_walk.h"

#define BUDGET 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	erofs_walk(data, size, BUDGET);
	return 0;
}
