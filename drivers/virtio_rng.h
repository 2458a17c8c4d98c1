/* SPDX-License-Identifier: MIT */
/* A physical source of entropy (virtio 1.2, 5.4): some at boot, and some now and then. */
#ifndef VESPER_DRIVERS_VIRTIO_RNG_H
#define VESPER_DRIVERS_VIRTIO_RNG_H

#include "drivers/virtio.h"

/* Who takes it, on any hart, with no lock held. Before probe_devices(). */
void virtio_rng_on_entropy(void (*take)(const void *data, size_t len));

bool virtio_rng_start(struct virtio_device *device);

#endif
