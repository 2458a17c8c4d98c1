/* SPDX-License-Identifier: MIT */
/*
 * The virtio-mmio transport, modern only (virtio 1.2, section 4.2): a window
 * of registers that records what the driver wants, and the one place where a
 * device's queues are run and its interrupt is raised.
 */
#ifndef VESPER_DEVICES_VIRTIO_MMIO_H
#define VESPER_DEVICES_VIRTIO_MMIO_H

#include "devices/device.h"

/* `offset` is inside the window and aligned to size (1, 2, 4 or 8). */
uint64_t virtio_mmio_read(const struct device *dev, unsigned offset, unsigned size);
void virtio_mmio_write(struct device *dev, unsigned offset, unsigned size, uint64_t value);

/* Runs each kicked queue once. true: there is more. `chain` is scratch. */
MUST_CHECK bool virtio_mmio_run(struct device *dev, struct vq_chain *chain);

/* As at power-on; the interrupt line falls. */
void virtio_mmio_reset(struct device *dev);

#endif
