/* SPDX-License-Identifier: MIT */
/*
 * The physical page allocator. Memory is handed out in 2 MiB blocks (guest
 * RAM, arenas) and in runs of 1, 2 or 4 pages of 4 KiB cut from a block (page
 * tables, small structs). Constant time, but for the scan inside one block. From any hart.
 * Host memory is mapped one to one, so an hpa_t is also a pointer.
 */
#ifndef VESPER_CORE_PAGE_H
#define VESPER_CORE_PAGE_H

#include "config/machine.h"
#include "include/status.h"
#include "lib/addr.h"

#define PAGE_SIZE  4096ull
#define BLOCK_SIZE MIB(2)

/*
 * Takes all RAM of `machine` but its reserved ranges and the `n` ranges in `used` (Vesper's image, the
 * device tree, the bundle). Only whole 2 MiB blocks are taken. ERR_NO_MEMORY: none left.
 */
MUST_CHECK enum status page_init(
	const struct machine *machine, const struct machine_range *used, unsigned n);

/* A 2 MiB block, contents undefined; NULL: none left that is not reserved. */
MUST_CHECK void *page_alloc_block(void);

/*
 * Sets `n` blocks aside for page_take_reserved(), which then always has one. false: there are not so many. What is not
 * taken is given up with page_unreserve().
 */
MUST_CHECK bool page_reserve(uint64_t n);
void page_unreserve(uint64_t n);

/* One that was reserved: contents undefined, or zeroed. page_return_reserved() takes that back: it is free, and reserved. */
void *page_take_reserved(void);
void *page_take_reserved_zeroed(void);
void page_return_reserved(void *block);

/* Zeroes free blocks until `n` are ready, so that the next guests to touch memory need not wait for it. */
void page_zero_ahead(unsigned n);

void page_free_block(void *block);

/* `n` (1, 2 or 4) zeroed pages, aligned to their size; NULL: none left. */
MUST_CHECK void *page_alloc(unsigned n);
void page_free(void *pages, unsigned n);

/* Bytes in blocks that are free and not reserved. */
uint64_t page_free_bytes(void);

/* Bytes that the allocator's own tables and the blocks cut into pages take. */
uint64_t page_overhead(void);

#endif
