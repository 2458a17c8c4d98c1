/* SPDX-License-Identifier: MIT */
/* Which devices the machine has that Vesper drives itself: disks, network interfaces, sources of entropy. */
#ifndef VESPER_DRIVERS_PROBE_H
#define VESPER_DRIVERS_PROBE_H

#include "include/host_devices.h"

/* Finds and starts them, before the harts start; include/block.h and include/nic.h then have them. */
void probe_devices(const struct host_devices *devices);

#endif
