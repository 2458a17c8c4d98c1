/* SPDX-License-Identifier: MIT */
/* See kinds.h. */
#include "devices/kinds.h"

#include "devices/balloon.h"
#include "devices/blk.h"
#include "devices/console.h"
#include "devices/fs/fs.h"
#include "devices/net.h"
#include "devices/rng.h"
#include "devices/vsock.h"

const struct kind kinds[] = {
	[VM_DEVICE_CONSOLE] = {&console_ops, console_state_size, console_init, false},
	[VM_DEVICE_FS] = {&fs_ops, fs_state_size, fs_init, true},
	[VM_DEVICE_DISK] = {&blk_ops, blk_state_size, blk_init, false},
	[VM_DEVICE_NET] = {&net_ops, net_state_size, net_init, false},
	[VM_DEVICE_RNG] = {&rng_ops, rng_state_size, rng_init, false},
	[VM_DEVICE_BALLOON] = {&balloon_ops, balloon_state_size, balloon_init, false},
	[VM_DEVICE_VSOCK] = {&vsock_ops, vsock_state_size, vsock_init, false},
};

const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);
