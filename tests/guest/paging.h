/* SPDX-License-Identifier: MIT */
/*
 * Page tables of three, four or five levels with an identity map of RAM, and
 * windows of 1 GiB whose entries a payload fills with whatever it likes.
 */
#ifndef VESPER_TESTS_GUEST_PAGING_H
#define VESPER_TESTS_GUEST_PAGING_H

#include "tests/guest/guest.h"

#define SATP_SV39 8ul
#define SATP_SV57 10ul

#define PTE_V    (1ul << 0)
#define PTE_LEAF (PTE_V | 0xceul) /* R, W, X, A, D */

/* An entry for physical address `pa`; `flags` is PTE_V for a pointer or PTE_LEAF. */
#define PTE(pa, flags) ((uint64_t)(pa) >> 12 << 10 | (flags))

/* The virtual address of window `slot`: 0..127 but 2, where RAM is; they fit Sv39. */
#define WINDOW(slot) ((uint64_t)(slot) << 30)

/* Turns translation on; false: this hart has no such mode. */
bool paging_on(uint64_t mode);
void paging_off(void);

/* Sets the 1 GiB entry of window `slot`, and fences. */
void paging_set_window(unsigned slot, uint64_t pte);

/* Maps the first 4 KiB page of window `slot` to `pa` through tables in RAM. */
void paging_map_page(unsigned slot, uint64_t pa);

/* Changes its page `n` (0..511) to `pa`, without any fence. */
void paging_change_page(unsigned n, uint64_t pa);

/* For another hart: the translation of the one whose satp this is, with an ASID. */
void paging_join(uint64_t satp, uint64_t asid);

#endif
