/* SPDX-License-Identifier: MIT */
/* CSR instructions. The name is the specification's; the assembler knows its number. */
#ifndef VESPER_CORE_CSR_H
#define VESPER_CORE_CSR_H

#include <stdint.h>

#include "include/abi/csr.h"

/* A CSR that the assembler does not know by name. */
#define CSR_SSP 0x011

#define CSR_NAME(name) CSR_TEXT(name)
#define CSR_TEXT(name) #name

#define csr_read(name)                                                                        \
	({                                                                                    \
		uint64_t csr_value_;                                                          \
		__asm__ volatile("csrr %0, " CSR_NAME(name) : "=r"(csr_value_) : : "memory"); \
		csr_value_;                                                                   \
	})

#define csr_write(name, value)                                 \
	({                                                     \
		__asm__ volatile("csrw " CSR_NAME(name) ", %0" \
				 :                             \
				 : "rK"((uint64_t)(value))     \
				 : "memory");                  \
	})

#define csr_set(name, bits) \
	({ __asm__ volatile("csrs " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(bits)) : "memory"); })

#define csr_clear(name, bits) \
	({ __asm__ volatile("csrc " CSR_NAME(name) ", %0" : : "rK"((uint64_t)(bits)) : "memory"); })

#endif
