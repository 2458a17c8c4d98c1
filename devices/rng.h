/* SPDX-License-Identifier: MIT */
/* virtio-rng (virtio 1.2, section 5.4): fills what the guest offers with random bytes. */
#ifndef VESPER_DEVICES_RNG_H
#define VESPER_DEVICES_RNG_H

#include "devices/device.h"

extern const struct device_ops rng_ops;

size_t rng_state_size(const struct vm_spec *vm, const struct vm_device *spec);
enum status rng_init(struct device *dev, void *mem, void *arena);

#endif
