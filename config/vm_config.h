/* SPDX-License-Identifier: MIT */
/* From the configuration device tree to a checked struct vm_spec; all checks of it are in
 * vm_spec.c. */
#ifndef VESPER_CONFIG_VM_CONFIG_H
#define VESPER_CONFIG_VM_CONFIG_H

#include "config/bundle.h"

/* A network that devices of VMs are on (backends/switch.h). */
struct vm_network {
	char name[VM_LABEL_MAX];
	char uplink
		[VM_LABEL_MAX]; /* the machine's interface that it reaches the world by, "nic0", ...; "": none */
	bool uplink_optional; /* it is no mistake if the machine has no such interface */
};

/*
 * How many VMs it has (1 or more), after the checks that concern all of them: the root node, names
 * that differ, harts that one has for itself, and what two devices cannot both have: addresses, disks.
 */
MUST_CHECK enum status vm_config_count(
	const struct bundle *b, unsigned *out, struct config_error *err);

/*
 * Reads VM `i` (0..count-1). ERR_INVALID with err->text naming the file (if the root's `source` gives
 * it), the node and the property: a missing or unknown property or node, a value out of range, an
 * image that is not in the bundle, a kernel that can't be booted, too little memory.
 */
MUST_CHECK enum status vm_config_read(
	const struct bundle *b, unsigned i, struct vm_spec *out, struct config_error *err);

/*
 * Reads network `i`: 0 is "default", which is always there, without a node of its own with the
 * uplink "nic0" unless another network has that. ERR_NOT_FOUND: there are only i of them. ERR_INVALID as above.
 */
MUST_CHECK enum status vm_config_network(
	const struct bundle *b, unsigned i, struct vm_network *out, struct config_error *err);

#endif
