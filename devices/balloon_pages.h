/* SPDX-License-Identifier: MIT */
/*
 * Which pages of the guest are in its balloon, and which blocks of 2 MiB the host therefore has or is to get. Nothing
 * here believes a page number.
 */
#ifndef VESPER_DEVICES_BALLOON_PAGES_H
#define VESPER_DEVICES_BALLOON_PAGES_H

#include "include/dm.h"

#define BALLOON_BLOCK MIB(2)
#define BALLOON_BATCH 64 /* blocks of one request, and pages that are looked at in one go */

/* Blocks for one request; neighbours share a slice. */
struct balloon_batch {
	unsigned n; /* slices */
	unsigned blocks;
	struct slice slice[BALLOON_BATCH];
};

struct balloon_pages {
	uint64_t memory; /* bytes of the guest */
	uint64_t n_in;   /* pages that are in the balloon */
	uint64_t *in;    /* bit p: page p is */
	/* Bit b: block b is the host's, or is in a batch to become so; it is in one to be taken back. */
	uint64_t *given, *wanted;
};

/* Bytes of `mem`, 8-byte aligned. */
size_t balloon_pages_size(uint64_t memory);
void balloon_pages_init(struct balloon_pages *pages, uint64_t memory, void *mem);

/*
 * A page goes into the balloon, or leaves it; blocks that the host may have now, or has to be asked for, go
 * into the batch, one at most. What is no page, or is there already, is ignored.
 */
void balloon_pages_put(struct balloon_pages *pages, uint32_t pfn, struct balloon_batch *batch);
void balloon_pages_take(struct balloon_pages *pages, uint32_t pfn, struct balloon_batch *batch);

/* All of [addr, +BALLOON_BLOCK), an address that is aligned, is free for now; it goes into the batch if that makes a difference. */
void balloon_pages_free(struct balloon_pages *pages, gpa_t addr, struct balloon_batch *batch);

/* Nothing is in the balloon any more; what the host has, it has. */
void balloon_pages_forget(struct balloon_pages *pages);

/* Fills the batch with blocks to be taken back, whatever is in the balloon. false: the host has none. */
bool balloon_pages_recall(struct balloon_pages *pages, struct balloon_batch *batch);

/* The batch was not given, or is back, or is not asked for after all; it is empty then. */
void balloon_pages_kept(struct balloon_pages *pages, struct balloon_batch *batch);
void balloon_pages_back(struct balloon_pages *pages, struct balloon_batch *batch);
void balloon_pages_unwanted(struct balloon_pages *pages, struct balloon_batch *batch);

#endif
