/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's S-level interrupt file in software (RISC-V AIA 1.0, chapter 3), for
 * when no hardware guest file is free; irq/imsic.h moves the same state to one
 * and back. Pure state: no CSR, no lock.
 *
 * MSIs come from any hart at any time, so that `eip` is only ever changed by
 * atomic operations on whole words. All else belongs to the hart that runs the
 * vCPU; vimsic_send() looks at none of it.
 */
#ifndef VESPER_IRQ_VIMSIC_H
#define VESPER_IRQ_VIMSIC_H

#include <stdbool.h>
#include <stdint.h>

#include "include/vm_spec.h"

#define VIMSIC_WORDS ((GUEST_IMSIC_IDS + 1) / 64)

/* Identity i is bit i % 64 of word i / 64; bit 0 of word 0 stays 0. */
struct vimsic_state {
	uint64_t eidelivery; /* 0 or 1 */
	uint64_t eithreshold;
	uint64_t eip[VIMSIC_WORDS];
	uint64_t eie[VIMSIC_WORDS];
};

/* As after a reset: nothing pending, nothing enabled, no delivery. */
void vimsic_init(struct vimsic_state *s);

/*
 * An MSI, from any hart; a number that is no identity is ignored. true: `id` was not pending before,
 * so whoever runs the vCPU has to look at vimsic_output() again, or the vCPU to be woken. false: somebody
 * has already been told. A full memory barrier either way.
 */
bool vimsic_send(struct vimsic_state *s, uint32_t id);

/*
 * A store to the file's page, from any hart: `offset` from its start, returns as vimsic_send(). What is not
 * a 32-bit access to one of the two registers is ignored. A load gives 0 everywhere.
 */
bool vimsic_write_page(struct vimsic_state *s, uint64_t offset, unsigned size, uint64_t value);

/* ---- from here on only by the hart that runs the vCPU ---- */

/* The identity that stopei tells: pending, enabled and below a threshold that is not 0. 0: none. */
unsigned vimsic_top(const struct vimsic_state *s);

/* Does the file assert the external interrupt now? */
bool vimsic_output(const struct vimsic_state *s);

/*
 * An access to CSR stopei; returns what it reads. `claim`: the instruction writes the CSR, whatever value,
 * which takes the interrupt that is read.
 */
uint64_t vimsic_stopei(struct vimsic_state *s, bool claim);

/*
 * An access to CSR sireg while siselect is `select`, in 64-bit mode: the bits in `mask` are set to those of
 * `value`, all at once as far as MSIs can tell. `*old` is what it reads. csrrw: mask ~0; csrrs: value and
 * mask are the operand; csrrc: value 0 and the operand as the mask; no write: mask 0.
 * false: `select` is no register of an interrupt file, and the instruction is illegal.
 */
bool vimsic_reg_access(
	struct vimsic_state *s, uint64_t select, uint64_t value, uint64_t mask, uint64_t *old);

#endif
