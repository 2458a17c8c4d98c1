/* SPDX-License-Identifier: MIT */
/* From the configuration device tree to a checked struct vm_spec; all checks of it are in
 * vm_spec.c. */
#ifndef VESPER_CONFIG_VM_CONFIG_H
#define VESPER_CONFIG_VM_CONFIG_H

#include "config/bundle.h"

/*
 * Reads the one VM of the bundle's configuration. ERR_INVALID with err->text naming the node and
 * the property: a missing or unknown property or node, a value out of range, an image that is not
 * in the bundle.
 */
MUST_CHECK enum status vm_config_read(
	const struct bundle *b, struct vm_spec *out, struct config_error *err);

#endif
