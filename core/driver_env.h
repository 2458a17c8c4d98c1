/* SPDX-License-Identifier: MIT */
/* The clock that drivers of physical devices watch their requests by (include/driver_env.h). */
#ifndef VESPER_CORE_DRIVER_ENV_H
#define VESPER_CORE_DRIVER_ENV_H

#include "include/driver_env.h"

void driver_env_init(uint64_t timebase_hz);

/* `time` by which driver_env_tick() shall be called on some hart; ~0: never. Every exit for an interrupt asks, hence inline. */
extern uint64_t driver_env_due;
static inline uint64_t driver_env_next(void)
{
	return __atomic_load_n(&driver_env_due, __ATOMIC_RELAXED);
}

/* Calls the drivers that want it, at most once a second; `now` is `time`. No lock held. */
void driver_env_tick(uint64_t now);

/* Is somebody to be called again? driver_env_again() does that, with no lock held. */
extern unsigned driver_env_callees;
static inline bool driver_env_pending(void)
{
	return __atomic_load_n(&driver_env_callees, __ATOMIC_RELAXED);
}
void driver_env_again(void);

#endif
