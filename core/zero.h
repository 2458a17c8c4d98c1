/* SPDX-License-Identifier: MIT */
/* Zeroing whole pages in the fastest way that the hart has. */
#ifndef VESPER_CORE_ZERO_H
#define VESPER_CORE_ZERO_H

#include <stdint.h>

#define ZERO_CBOZ_MAX 256

/* `size` is a multiple of 4 KiB. */
void zero_pages(void *pages, uint64_t size);

/* From now on by cbo.zero, in cache blocks of `block_size` bytes (a power of two, 16 to ZERO_CBOZ_MAX), or not at all: 0. */
void zero_use_cboz(unsigned block_size);

#endif
