/* SPDX-License-Identifier: MIT */
/* virtio-vsock (virtio 1.2, section 5.10): streams between VMs, and to Vesper's monitor. */
#ifndef VESPER_DEVICES_VSOCK_H
#define VESPER_DEVICES_VSOCK_H

#include "devices/device.h"

extern const struct device_ops vsock_ops;

size_t vsock_state_size(const struct vm_spec *vm, const struct vm_device *spec);
enum status vsock_init(struct device *dev, void *mem, void *arena);

#endif
