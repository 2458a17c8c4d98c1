/* SPDX-License-Identifier: MIT */
/*
 * A guest's APLIC: one S-level domain that forwards interrupts as MSIs (RISC-V
 * AIA 1.0, chapter 4). It has MSI delivery mode only, little-endian registers,
 * no child domain, and neither the M-level MSI address registers nor IDC
 * structures. Hart index h is vCPU h; a guest's harts have no guest files, so
 * that Guest Index is 0. Pure state: no CSR, no lock.
 *
 * A call may leave MSIs to be sent: after each, ask vaplic_next_msi() for them
 * until there is none.
 */
#ifndef VESPER_IRQ_VAPLIC_H
#define VESPER_IRQ_VAPLIC_H

#include <stdbool.h>
#include <stdint.h>

#include "include/vm_spec.h"

#define VAPLIC_WORDS (GUEST_APLIC_SOURCES / 32)

/* Bit s % 32 of word s / 32 belongs to source s; bit 0 of word 0 is always 0. */
struct vaplic {
	unsigned n_harts;
	bool enabled;                   /* domaincfg.IE */
	uint32_t genmsi;                /* with its Busy bit: not sent yet */
	uint32_t line[VAPLIC_WORDS];    /* as the devices drive them */
	uint32_t mode[3][VAPLIC_WORDS]; /* the bits of sourcecfg's SM field, 0 to 2 */
	uint32_t pending[VAPLIC_WORDS];
	uint32_t enable[VAPLIC_WORDS];
	uint32_t target[GUEST_APLIC_SOURCES];
};

struct vaplic_msi {
	unsigned hart; /* below the number of vCPUs */
	unsigned eiid; /* 1..GUEST_IMSIC_IDS */
};

/* As after a reset, with all lines low. */
void vaplic_init(struct vaplic *v, unsigned vcpus);

/* Drives the line of `source` (1..GUEST_APLIC_SOURCES-1). */
void vaplic_set_line(struct vaplic *v, unsigned source, bool level);

/*
 * Register access at byte `offset` inside the domain's window. Registers are 32 bits wide; any other
 * size reads as 0 and ignores writes, and so does an offset with no register.
 */
uint64_t vaplic_read(const struct vaplic *v, uint64_t offset, unsigned size);
void vaplic_write(struct vaplic *v, uint64_t offset, unsigned size, uint64_t value);

/*
 * Takes the next MSI that is to be sent now; false: none is left. One call after another ends after at most
 * one for each source and one for genmsi.
 */
bool vaplic_next_msi(struct vaplic *v, struct vaplic_msi *out);

#endif
