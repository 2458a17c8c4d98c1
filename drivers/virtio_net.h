/* SPDX-License-Identifier: MIT */
/* Physical virtio network interfaces (virtio 1.2, 5.1), which include/nic.h is the contract for. */
#ifndef VESPER_DRIVERS_VIRTIO_NET_H
#define VESPER_DRIVERS_VIRTIO_NET_H

#include "drivers/virtio.h"

/* Takes the device for an interface, for good. false: it is not usable (which was said). */
bool virtio_net_start(struct virtio_device *device);

#endif
