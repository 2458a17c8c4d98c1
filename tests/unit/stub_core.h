/* SPDX-License-Identifier: MIT */
/* What the parts of core/ that run on the developer's machine are linked with there. */
#ifndef VESPER_TESTS_UNIT_STUB_CORE_H
#define VESPER_TESTS_UNIT_STUB_CORE_H

#include "config/machine.h"

/* Gives the page allocator `blocks` blocks of 2 MiB (and room for its table), aligned to 1 GiB if asked. */
void stub_memory(struct machine *machine, unsigned blocks, bool gib_aligned);
void stub_memory_free(void);

#endif
