/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page table (VS-stage), walked in software: where did an access go that a hart told us of
 * without its guest-physical address? A hart may leave htval 0 at any guest-page fault (privileged
 * specification, "Hypervisor Trap Value Register").
 */
#ifndef VESPER_CORE_WALK_H
#define VESPER_CORE_WALK_H

#include "include/status.h"
#include "lib/addr.h"

struct vm;

enum walk_end {
	WALK_PAGE,  /* the access goes to *out */
	WALK_TABLE, /* the page-table entry at *out is needed first, and that is not in RAM */
	WALK_AGAIN, /* the access does not get through the table as it is now: let it run again */
};

/* Host address of `len` bytes of guest RAM at `addr`; NULL unless all of it is RAM. */
typedef void *walk_ram(struct vm *vm, gpa_t addr, uint64_t len);

/*
 * Translates `addr` as a hart with this vsatp does. `needs` are the PTE bits that the page must have; nothing else of
 * its rights is looked at. At most five entries are read, each once.
 */
MUST_CHECK enum walk_end walk_find(
	uint64_t vsatp, uint64_t addr, uint64_t needs, walk_ram *ram, struct vm *vm, gpa_t *out);

#endif
