/* SPDX-License-Identifier: MIT */
/*
 * Vesper's own address space: Sv39 or Sv48, W^X. Low half: RAM and device registers
 * one to one (page 0 and the guard pages are not there). High half: windows,
 * in which memory made of scattered 2 MiB blocks looks contiguous.
 */
#ifndef VESPER_CORE_OWN_H
#define VESPER_CORE_OWN_H

#include <stdbool.h>

#include "config/machine.h"
#include "include/status.h"
#include "lib/addr.h"

enum own_kind {
	OWN_DATA, /* read, write */
	OWN_READONLY,
	OWN_CODE, /* read, execute */
};

/*
 * Chooses Sv39, or Sv48 where the machine's memory asks for it and its harts have it. Returns the
 * address from which on RAM and registers are out of reach. Before all others.
 */
uint64_t own_choose(const struct machine *machine);

/* Builds the table (image sections, RAM, the bundle read-only) and switches translation on. */
void own_init(const struct machine *machine, const struct machine_range *bundle);

/* Maps device registers one to one; rounds out to pages, and a page mapped before is fine. */
void own_map_device(uint64_t base, uint64_t size);

/* Reserves `size` bytes of window, 2 MiB aligned; nothing is mapped yet. NULL: none left. */
MUST_CHECK uint8_t *own_window(uint64_t size);

/*
 * A hart's slot: nothing below OWN_SLOT_STACK, so that a stack that overflows traps; the stack; one page for
 * struct hart. ERR_NO_MEMORY.
 */
#define OWN_SLOT_SIZE      0x8000ull
#define OWN_SLOT_STACK     0x3000ull
#define OWN_SLOT_STACK_TOP 0x7000ull

uint8_t *own_slot(unsigned index);
MUST_CHECK enum status own_slot_map(unsigned index, void *stack, void *page);

/* Is it an address in some slot; in the guard of one? */
bool own_is_slot(uint64_t address);
bool own_slot_overflowed(uint64_t address);

/* satp of Vesper's own, for harts that start. */
uint64_t own_satp(void);

/* Puts a 2 MiB block at `at` in a window. ERR_NO_MEMORY. */
MUST_CHECK enum status own_window_map(uint8_t *at, void *block);

/*
 * Takes the block there (if any) out again, in two steps: hidden, no new access finds it; after hart_fence_all() no old one
 * does either, and it can be taken. NULL: there was none.
 */
void own_window_hide(uint8_t *at);
void *own_window_take(uint8_t *at);

#endif
