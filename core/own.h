/* SPDX-License-Identifier: MIT */
/*
 * Vesper's own address space: Sv39, W^X. Low half: RAM and device registers
 * one to one (page 0 and the guard pages are not there). High half: windows,
 * in which memory made of scattered 2 MiB blocks looks contiguous.
 */
#ifndef VESPER_CORE_OWN_H
#define VESPER_CORE_OWN_H

#include "config/machine.h"
#include "include/status.h"
#include "lib/addr.h"

#define OWN_LOW_LIMIT (1ull << 38) /* RAM and registers above this are out of reach */

enum own_kind {
	OWN_DATA, /* read, write */
	OWN_READONLY,
	OWN_CODE, /* read, execute */
};

/* Builds the table (image sections, RAM, the bundle read-only) and switches translation on. */
void own_init(const struct machine *machine, const struct machine_range *bundle);

/* Maps device registers one to one; rounds out to pages, and a page mapped before is fine. */
void own_map_device(uint64_t base, uint64_t size);

/* Reserves `size` bytes of window, 2 MiB aligned; nothing is mapped yet. NULL: none left. */
MUST_CHECK uint8_t *own_window(uint64_t size);

/* Puts a 2 MiB block at `at` in a window, or takes it out again. */
MUST_CHECK enum status own_window_map(uint8_t *at, void *block);
void own_window_unmap(uint8_t *at);

#endif
