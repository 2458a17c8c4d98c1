/* SPDX-License-Identifier: MIT */
/* The physical PLIC, one S-mode context of it. */
#ifndef VESPER_IRQ_PLIC_H
#define VESPER_IRQ_PLIC_H

#include <stdint.h>

/* `base` is mapped; masks every source for `context` and opens its threshold. */
void plic_init(uintptr_t base, unsigned sources, unsigned context);
void plic_enable(unsigned source);
unsigned plic_claim(void); /* 0: none */
void plic_complete(unsigned source);

#endif
