/* SPDX-License-Identifier: MIT */
/* A device behind a window of virtio-mmio registers (virtio 1.2, 4.2). */
#ifndef VESPER_DRIVERS_VIRTIO_MMIO_H
#define VESPER_DRIVERS_VIRTIO_MMIO_H

#include "drivers/virtio.h"

/* Maps the window. false: there is no device in it, or one that Vesper can't drive (it says so). */
bool virtio_mmio_find(const struct host_mmio *window, struct virtio_device *out);

#endif
