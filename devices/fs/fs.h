/* SPDX-License-Identifier: MIT */
/*
 * The virtio-fs device (virtio 1.2, section 5.11): queue 0 is hiprio, queue 1
 * carries requests. The file server behind it: fuse.c speaks the protocol,
 * tree.c keeps the writable tree in the VM's arena, erofs.c reads the image.
 */
#ifndef VESPER_DEVICES_FS_FS_H
#define VESPER_DEVICES_FS_FS_H

#include "devices/device.h"

extern const struct device_ops fs_ops;

/* Bytes of device memory for one file server without its arena. */
size_t fs_state_size(const struct vm_spec *vm, const struct vm_device *spec);

/*
 * Sets up dev->state = `mem` (fs_state_size() bytes, 4 KiB aligned, contents undefined) followed by
 * spec->arena_size bytes of arena (4 KiB aligned, contents undefined). ERR_INVALID: not a usable
 * image.
 */
MUST_CHECK enum status fs_init(struct device *dev, void *mem, void *arena);

#endif
