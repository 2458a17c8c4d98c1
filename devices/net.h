/* SPDX-License-Identifier: MIT */
/*
 * virtio-net (virtio 1.2, section 5.1): pairs of queues and a control queue. Frames that the guest sends stay where they are but for a copied
 * start, frames for it are written by the host into buffers that wait there. Checksums and segmentation are handed on as they were
 * asked for.
 */
#ifndef VESPER_DEVICES_NET_H
#define VESPER_DEVICES_NET_H

#include "devices/device.h"

#define NET_QUEUE_SIZE 256 /* entries that the queues for frames offer */

extern const struct device_ops net_ops;

size_t net_state_size(const struct vm_spec *vm, const struct vm_device *spec);

/* `mem` is net_state_size() bytes; there is no arena. */
MUST_CHECK enum status net_init(struct device *dev, void *mem, void *arena);

#endif
