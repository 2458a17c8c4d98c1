/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk (virtio 1.2, section 5.2): reads, writes, flushes, discards and zeroes on what host_disk() describes. Data stays where
 * the guest has it: the host gets its addresses. Up to BLK_REQUESTS are in flight; what
 * comes beyond waits in the queues.
 */
#ifndef VESPER_DEVICES_BLK_H
#define VESPER_DEVICES_BLK_H

#include "devices/device.h"

#define BLK_REQUESTS   64
#define BLK_QUEUE_SIZE 256 /* entries: the longest request fits without an indirect table */

extern const struct device_ops blk_ops;

size_t blk_state_size(const struct vm_spec *vm, const struct vm_device *spec);

/* `mem` is blk_state_size() bytes; there is no arena. ERR_INVALID: what host_disk() says makes no sense. */
MUST_CHECK enum status blk_init(struct device *dev, void *mem, void *arena);

#endif
