/* SPDX-License-Identifier: MIT */
/*
 * What makes a device of its kind: the one place that names all of them. Tests link a table of
 * their own with fewer.
 */
#ifndef VESPER_DEVICES_KINDS_H
#define VESPER_DEVICES_KINDS_H

#include "devices/device.h"

struct kind {
	const struct device_ops *ops; /* NULL: there is no such kind */
	/* Bytes for dev->state, without the arena. */
	size_t (*state_size)(const struct vm_spec *vm, const struct vm_device *spec);
	/*
	 * Sets up n_queues, the queues and dev->state = `mem` (4 KiB aligned, contents undefined); the
	 * rest of *dev is set already. `arena` has spec->arena_size bytes (the same), and is NULL for a kind that has none.
	 */
	enum status (*init)(struct device *dev, void *mem, void *arena);
	bool has_arena;
};

/* By enum vm_device_kind. */
extern const struct kind kinds[];
extern const unsigned kinds_n;

#endif
