/* SPDX-License-Identifier: MIT */
/* Guest-physical addresses in calls: what may be run and what may be shared (SBI 3.0, 3.2). */
#ifndef VESPER_SBI_MEMORY_H
#define VESPER_SBI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sbi/sbi_core.h"

/* Can a hart begin to run at `addr`? An instruction is 2 bytes or more, at an even address. */
static inline bool sbi_memory_executable(struct vcpu *vcpu, uint64_t addr)
{
	return !(addr & 1) && vcpu_ram(vcpu, gpa(addr), 2);
}

/* The `len` bytes at hi:lo, or NULL where they are not all RAM. The guest may write them at any time. */
static inline void *sbi_memory_shared(struct vcpu *vcpu, uint64_t lo, uint64_t hi, uint64_t len)
{
	return hi ? NULL : vcpu_ram(vcpu, gpa(lo), len);
}

/* Both halves all ones: a guest takes its shared memory back. */
static inline bool sbi_memory_none(uint64_t lo, uint64_t hi)
{
	return (lo & hi) == ~0ull;
}

/* One load and one store of a word of shared memory. */
static inline uint64_t sbi_memory_get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void sbi_memory_put(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

#endif
