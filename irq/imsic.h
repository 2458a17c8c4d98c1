/* SPDX-License-Identifier: MIT */
/*
 * The IMSIC of the hart that calls: Vesper's own S-level interrupt file, and the
 * guest interrupt files, whose contents have the same form as a software file
 * (irq/vimsic.h), so that a vCPU can move between the two.
 */
#ifndef VESPER_IRQ_IMSIC_H
#define VESPER_IRQ_IMSIC_H

#include <stdbool.h>
#include <stdint.h>

#include "irq/vimsic.h"

/*
 * Once: the identities of all S-level files and of all guest files (riscv,num-ids, and riscv,num-guest-ids or the
 * same). They cannot be probed: some IMSICs trap on the registers of identities that they do not have.
 */
void imsic_init(unsigned ids, unsigned guest_ids);

/* Empties this hart's S-level file, enables none, turns it on. */
void imsic_init_hart(void);

/* Enables identity `id` of this hart's S-level file. */
void imsic_enable(unsigned id);

/* Takes the pending interrupt of the highest priority from it; 0: none. */
unsigned imsic_claim(void);

/*
 * Sends an MSI to the interrupt file whose page is mapped at `page`: any hart's, S-level or guest. What was
 * written to memory before is seen by who takes the interrupt; whoever sees what is written after finds it
 * pending.
 */
void imsic_send(uintptr_t page, unsigned id);

/* ---- guest interrupt files, 1..imsic_guest_files(), of this hart; hstatus and vsiselect stay as they were ---- */

/*
 * Number of them (GEILEN), 0 if they have fewer identities than a guest is told of. Turns off all guest
 * external interrupts of this hart.
 */
unsigned imsic_guest_files(void);

/* Nothing pending, nothing enabled, no delivery. */
void imsic_guest_clear(unsigned file);

/*
 * Moves what the file holds to `*state` and clears it. MSIs that `*state` has received already stay pending in
 * it. The caller has made sure that nobody can still send to the file's page; what comes later is lost.
 */
void imsic_guest_save(unsigned file, struct vimsic_state *state);

/*
 * Moves `*state` to the file, which is clear but for MSIs that have come since. The caller has made sure that
 * nobody can still send to `*state`; nothing is pending in it afterwards.
 */
void imsic_guest_restore(unsigned file, struct vimsic_state *state);

/* While `on`, an interrupt in the file raises this hart's guest external interrupt (HIE_SGEIE). */
void imsic_guest_watch(unsigned file, bool on);

/* Bit f: file f is watched and has an interrupt for its guest. */
uint64_t imsic_guest_waiting(void);

#endif
