/* SPDX-License-Identifier: MIT */
/* Physical virtio disks (virtio 1.2, 5.2), which include/block.h is the contract for. */
#ifndef VESPER_DRIVERS_VIRTIO_BLK_H
#define VESPER_DRIVERS_VIRTIO_BLK_H

#include "drivers/virtio.h"

/* Takes the device for a disk, for good. false: it is not usable (which was said). */
bool virtio_blk_start(struct virtio_device *device);

#endif
