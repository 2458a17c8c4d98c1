/* SPDX-License-Identifier: MIT */
/*
 * A guest's PLIC (RISC-V PLIC specification 1.0), with the contexts of QEMU's
 * `virt` machine: hart h has context 2h (M-mode, kept but never delivered)
 * and 2h+1 (S-mode). Sources are level-triggered. Pure state: no CSR, no lock.
 */
#ifndef VESPER_IRQ_VPLIC_H
#define VESPER_IRQ_VPLIC_H

#include <stdbool.h>
#include <stdint.h>

#include "include/vm_spec.h"

#define VPLIC_WORDS        (GUEST_PLIC_SOURCES / 32)
#define VPLIC_CONTEXTS     (2 * VM_VCPUS_MAX)
#define VPLIC_PRIORITY_MAX 7
#define VPLIC_CONTEXT_BASE 0x200000 /* offset of the registers that belong to contexts */

struct vplic_context {
	uint32_t enable[VPLIC_WORDS];
	uint32_t threshold;
};

struct vplic {
	unsigned n_contexts;
	uint8_t priority[GUEST_PLIC_SOURCES];
	uint32_t level[VPLIC_WORDS];   /* the lines as the devices drive them */
	uint32_t pending[VPLIC_WORDS]; /* gateway has forwarded, not yet claimed */
	uint32_t claimed[VPLIC_WORDS]; /* gateway is closed until the completion */
	struct vplic_context context[VPLIC_CONTEXTS];
};

void vplic_init(struct vplic *p, unsigned vcpus);

/* Drives the line of `source` (1..GUEST_PLIC_SOURCES-1). */
void vplic_set_line(struct vplic *p, unsigned source, bool level);

/*
 * Register access at byte `offset` inside the PLIC's window. Registers are 32 bits wide; any other
 * size reads as 0 and ignores writes, and so does an offset with no register.
 */
uint64_t vplic_read(struct vplic *p, uint64_t offset, unsigned size);
void vplic_write(struct vplic *p, uint64_t offset, unsigned size, uint64_t value);

/* Does a read at `offset` change anything (a claim), so that outputs may fall? Other reads do not. */
static inline bool vplic_read_claims(uint64_t offset)
{
	return offset >= VPLIC_CONTEXT_BASE;
}

/* Does the S-mode context of `vcpu` assert its external interrupt now? */
bool vplic_output(const struct vplic *p, unsigned vcpu);

#endif
