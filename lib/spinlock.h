/* SPDX-License-Identifier: MIT */
/*
 * A spinlock: whoever finds it free has it. It does not serve in the order of arrival: a hart may be a thread that an
 * emulator or another hypervisor has just taken its processor from, and a lock that insists on its turn stands
 * still for all until that comes back. What is done with a lock held is short, so nobody waits for long either way.
 *
 * Vesper never takes an interrupt while it holds one. docs/invariants.md has
 * the order in which locks may nest.
 */
#ifndef VESPER_LIB_SPINLOCK_H
#define VESPER_LIB_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	uint32_t held;
};

static inline bool spin_trylock(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
	/* Only reads while it is held, so that the holder's cache keeps the line. */
	while (!spin_trylock(lock))
		while (*(volatile uint32_t *)&lock->held)
			;
}

/* Gives up after about `tries` looks. */
static inline bool spin_lock_for(struct spinlock *lock, unsigned tries)
{
	while (!spin_trylock(lock))
		while (*(volatile uint32_t *)&lock->held)
			if (!tries--)
				return false;
	return true;
}

static inline void spin_unlock(struct spinlock *lock)
{
	/* Not a store of the atomic kind: compilers make an AMO of that. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint32_t *)&lock->held = 0;
}

#endif
