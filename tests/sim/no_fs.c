/* SPDX-License-Identifier: MIT */
/* Stands in for the file server where a test has only consoles: it never comes to life. */
#include "devices/fs/fs.h"

const struct device_ops fs_ops;

size_t fs_state_size(const struct vm_device *spec)
{
	(void)spec;
	return 0;
}

enum status fs_init(struct device *dev, void *mem, void *arena)
{
	(void)dev;
	(void)mem;
	(void)arena;
	return ERR_INVALID;
}
