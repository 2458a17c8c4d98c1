/* SPDX-License-Identifier: MIT */
/* virtio-console (virtio 1.2, section 5.3): queue 0 receives, queue 1 transmits; one port. */
#ifndef VESPER_DEVICES_CONSOLE_H
#define VESPER_DEVICES_CONSOLE_H

#include "devices/device.h"

extern const struct device_ops console_ops;

/* Bytes of device memory for one console. */
size_t console_state_size(const struct vm_spec *vm, const struct vm_device *spec);

/* Sets up dev->state = `mem` (console_state_size() bytes, 4 KiB aligned, contents undefined). */
MUST_CHECK enum status console_init(struct device *dev, void *mem, void *arena);

#endif
