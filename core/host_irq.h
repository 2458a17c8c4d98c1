/* SPDX-License-Identifier: MIT */
/* The host's external interrupts as Vesper itself takes them: through a PLIC, or the APLIC and IMSICs. */
#ifndef VESPER_CORE_HOST_IRQ_H
#define VESPER_CORE_HOST_IRQ_H

#include "core/hart.h"

/* Does the interrupt of the machine's UART reach Vesper? */
bool host_irq_has_terminal(const struct machine *machine, const struct features *features);

/* Maps and initialises what the machine has; terminal_interrupt() is called for the terminal's. */
void host_irq_init(const struct machine *machine, const struct features *features);

/* The part of each hart, on that hart. */
void host_irq_start_hart(struct hart *hart);

/* An external interrupt is pending on this hart: serves it. true: it was a host_irq_send(). */
bool host_irq_serve(void);

/* Makes an external interrupt pending on the hart whose S-level interrupt file is mapped at `imsic`. */
void host_irq_send(uint64_t imsic);

#endif
