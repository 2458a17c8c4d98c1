/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the memory that dm_create() gets, each at a page: struct dm, the scratch chain,
 * then every device's state and arena.
 */
#ifndef VESPER_DEVICES_DM_LAYOUT_H
#define VESPER_DEVICES_DM_LAYOUT_H

#include "devices/kinds.h"

#define DM_PAGE 4096u

/* Offsets; all are multiples of DM_PAGE. */
struct dm_layout {
	size_t total;
	size_t chain;
	size_t state[VM_DEVICES_MAX];
	size_t arena[VM_DEVICES_MAX];
};

/* struct dm has `dm_size` bytes. false: the spec is invalid. */
MUST_CHECK bool dm_layout_make(
	struct dm_layout *layout, size_t dm_size, const struct vm_spec *spec);

#endif
