/* SPDX-License-Identifier: MIT */
/*
 * virtio-balloon (virtio 1.2, section 5.5): the guest gives memory back that the host asks for, or that it has no use
 * for at the moment (free page reporting), and tells how much it has.
 */
#ifndef VESPER_DEVICES_BALLOON_H
#define VESPER_DEVICES_BALLOON_H

#include "devices/device.h"

extern const struct device_ops balloon_ops;

size_t balloon_state_size(const struct vm_spec *vm, const struct vm_device *spec);
enum status balloon_init(struct device *dev, void *mem, void *arena);

#endif
