/* SPDX-License-Identifier: MIT */
/*
 * The guest's test finisher, where QEMU's `virt` machine has it: the one way in
 * which a guest can end with a status (SBI's reset knows only good and bad).
 */
#ifndef VESPER_DEVICES_FINISHER_H
#define VESPER_DEVICES_FINISHER_H

#include "include/dm.h"

struct finisher {
	struct host *host;
};

/* A write at `offset`; what is no command is ignored. Reads give 0. */
void finisher_write(void *finisher, uint64_t offset, unsigned size, uint64_t value);

#endif
