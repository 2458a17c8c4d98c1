/* SPDX-License-Identifier: MIT */
/* See dm_layout.h. A sum that an address cannot hold makes the spec invalid. */
#include "devices/dm_layout.h"

#include <string.h>

/* Appends `size` bytes at the next page; false: more than an address can hold. */
static bool reserve(struct dm_layout *layout, uint64_t size, size_t *at)
{
	uint64_t end;

	*at = layout->total;
	if (__builtin_add_overflow(size, DM_PAGE - 1, &end) ||
		__builtin_add_overflow(end / DM_PAGE * DM_PAGE, layout->total, &end) ||
		end > SIZE_MAX)
		return false;
	layout->total = (size_t)end;
	return true;
}

static bool reserve_device(struct dm_layout *layout, const struct vm_spec *vm, unsigned i)
{
	const struct vm_device *spec = &vm->devices[i];

	if ((unsigned)spec->kind >= kinds_n || !kinds[spec->kind].ops)
		return false;
	const struct kind *kind = &kinds[spec->kind];
	uint64_t arena = kind->has_arena ? spec->arena_size : 0;

	return arena % DM_PAGE == 0 &&
	       reserve(layout, kind->state_size(vm, spec), &layout->state[i]) &&
	       reserve(layout, arena, &layout->arena[i]);
}

bool dm_layout_make(struct dm_layout *layout, size_t dm_size, const struct vm_spec *spec)
{
	unsigned max = spec->transport == VM_TRANSPORT_MMIO ? VM_MMIO_MAX : VM_DEVICES_MAX;
	size_t at;

	memset(layout, 0, sizeof(*layout));
	if (spec->n_devices > max || !reserve(layout, dm_size, &at) ||
		!reserve(layout, sizeof(struct vq_chain), &layout->chain))
		return false;
	for (unsigned i = 0; i < spec->n_devices; i++) {
		if (!reserve_device(layout, spec, i))
			return false;
	}
	return true;
}
