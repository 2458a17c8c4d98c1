/* SPDX-License-Identifier: MIT */
/*
 * A ticket lock: who came first is served first, so that no hart starves.
 * Vesper never takes an interrupt while it holds one. docs/invariants.md has
 * the order in which locks may nest.
 */
#ifndef VESPER_LIB_SPINLOCK_H
#define VESPER_LIB_SPINLOCK_H

#include <stdint.h>

struct spinlock {
	uint32_t next, serving;
};

static inline void spin_lock(struct spinlock *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		;
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif
