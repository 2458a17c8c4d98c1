/* SPDX-License-Identifier: MIT */
/* The kinds of devices where a test has a file server and a console beside it. */
#include "devices/console.h"
#include "devices/fs/fs.h"
#include "devices/kinds.h"

const struct kind kinds[] = {
	[VM_DEVICE_CONSOLE] = {&console_ops, console_state_size, console_init, false},
	[VM_DEVICE_FS] = {&fs_ops, fs_state_size, fs_init, true},
};

const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);
