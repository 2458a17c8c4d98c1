/* SPDX-License-Identifier: MIT */
/* What drivers of physical devices ask of the rest of Vesper; core/driver_env.c answers, or a test's mock. */
#ifndef VESPER_DRIVER_ENV_H
#define VESPER_DRIVER_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* Device registers at their physical address become usable. */
void driver_map(uint64_t base, uint64_t size);

/* Zeroed memory of `n` pages of 4 KiB (1, 2, 4) or, past that, a block of 2 MiB; the address is physical, too. NULL: none. For good. */
void *driver_pages(unsigned n);

/*
 * Calls handler(owner) when the source of the host's PLIC or APLIC is pending, on any hart, with interrupts off and no
 * lock held. Sources may be shared. false: the source can't reach Vesper.
 */
bool driver_irq(unsigned source, bool rising_edge, void (*handler)(void *owner), void *owner);

/* A message-signalled interrupt of its own. false: the machine has no IMSIC in use, or no identity is left. */
struct driver_msi {
	uint64_t addr;
	uint32_t data;
};
bool driver_msi(void (*handler)(void *owner), void *owner, struct driver_msi *out);

/*
 * Calls tick(owner) about every second on some hart, with no lock held, for requests that take too long: for certain as long as it
 * returns true, and once more after driver_watch(); otherwise now and then, or not at all. At most DRIVER_TICKS_MAX of them.
 */
#define DRIVER_TICKS_MAX 16
bool driver_every_second(bool (*tick)(void *owner), void *owner);
void driver_watch(void);

/*
 * Calls call(owner) once more soon, on some hart, with no lock held: for a handler that has done enough for one interrupt. Of
 * DRIVER_AGAIN_MAX different pairs.
 */
#define DRIVER_AGAIN_MAX 16
void driver_again(void (*call)(void *owner), void *owner);

uint64_t driver_time_ns(void);

#endif
