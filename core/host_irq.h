/* SPDX-License-Identifier: MIT */
/* The host's external interrupts as Vesper itself takes them: through a PLIC, or the APLIC and IMSICs. */
#ifndef VESPER_CORE_HOST_IRQ_H
#define VESPER_CORE_HOST_IRQ_H

#include "core/hart.h"
#include "include/driver_env.h"

/* Does the interrupt of the machine's UART reach Vesper? */
bool host_irq_has_terminal(const struct machine *machine, const struct features *features);

/* Maps and initialises what the machine has; terminal_interrupt() is called for the terminal's. */
void host_irq_init(const struct machine *machine, const struct features *features);

/*
 * What driver_irq() and driver_msi() are (include/driver_env.h); between host_irq_init() and the start of the harts. Handlers
 * run on the hart that takes the interrupt, and must not wait for another hart.
 */
bool host_irq_wire(unsigned source, bool rising_edge, void (*handler)(void *owner), void *owner);
bool host_irq_message(void (*handler)(void *owner), void *owner, struct driver_msi *out);

/* The part of each hart, on that hart. */
void host_irq_start_hart(struct hart *hart);

/* An external interrupt is pending on this hart: serves it. true: it was a host_irq_send(). */
bool host_irq_serve(void);

/* Makes an external interrupt pending on the hart whose S-level interrupt file is mapped at `imsic`. */
void host_irq_send(uint64_t imsic);

#endif
