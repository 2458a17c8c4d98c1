/* SPDX-License-Identifier: MIT */
/*
 * The physical APLIC's S-level domain, as far as Vesper takes interrupts from
 * it itself: by MSI to an IMSIC (irq/imsic.h then claims them) or, on a machine
 * without one, directly.
 */
#ifndef VESPER_IRQ_APLIC_H
#define VESPER_IRQ_APLIC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * `base` is mapped; makes every source inactive and turns delivery on. The firmware has set the addresses
 * of MSIs. aplic_init_direct() delivers to the hart with number `hart_index` in the domain.
 */
void aplic_init_msi(uintptr_t base, unsigned sources);
void aplic_init_direct(uintptr_t base, unsigned sources, unsigned hart_index);

/*
 * Sends `source`, active-high and level-sensitive or (`edge`) at each rising edge, to hart number `hart_index` of the domain: as interrupt
 * identity `eiid` of its S-level file, or with direct delivery as itself (`eiid` is not used).
 */
void aplic_enable(unsigned source, unsigned hart_index, unsigned eiid, bool edge);

/* Direct delivery: the source to serve; 0: none. */
unsigned aplic_claim(void);

/* After `source`, level-sensitive, was served: if its line is still high, it comes again. */
void aplic_complete(unsigned source);

#endif
