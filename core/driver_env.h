/* SPDX-License-Identifier: MIT */
/* The clock that drivers of physical devices watch their requests by (include/driver_env.h). */
#ifndef VESPER_CORE_DRIVER_ENV_H
#define VESPER_CORE_DRIVER_ENV_H

#include "include/driver_env.h"

void driver_env_init(uint64_t timebase_hz);

/* `time` by which driver_env_tick() shall be called on some hart; ~0: never. */
uint64_t driver_env_next(void);

/* Calls the drivers that want it, at most once a second; `now` is `time`. No lock held. */
void driver_env_tick(uint64_t now);

/* Is somebody to be called again? driver_env_again() does that, with no lock held. */
bool driver_env_pending(void);
void driver_env_again(void);

#endif
