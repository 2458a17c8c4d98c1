/* SPDX-License-Identifier: MIT */
/* The virtio-mmio transport, modern only (virtio 1.2, section 4.2): a window of registers. */
#ifndef VESPER_DEVICES_VIRTIO_MMIO_H
#define VESPER_DEVICES_VIRTIO_MMIO_H

#include "devices/device.h"

/* `offset` is inside the window and aligned to size (1, 2, 4 or 8). */
uint64_t virtio_mmio_read(const struct device *dev, unsigned offset, unsigned size);

/* false: a reset that waits for requests which are lent: write it again later. */
MUST_CHECK bool virtio_mmio_write(
	struct device *dev, unsigned offset, unsigned size, uint64_t value);

/* For device.c. */
void virtio_mmio_set_isr(struct device *dev, uint32_t isr);

#endif
