/* SPDX-License-Identifier: MIT */
/* The kinds of devices where a test has only consoles; a file server has a size, but never comes to life. */
#include "devices/console.h"
#include "devices/kinds.h"

static const struct device_ops no_ops;

static size_t no_state(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return 0;
}

static enum status no_init(struct device *dev, void *mem, void *arena)
{
	(void)dev;
	(void)mem;
	(void)arena;
	return ERR_INVALID;
}

const struct kind kinds[] = {
	[VM_DEVICE_CONSOLE] = {&console_ops, console_state_size, console_init, false},
	[VM_DEVICE_FS] = {&no_ops, no_state, no_init, true},
};

const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);
