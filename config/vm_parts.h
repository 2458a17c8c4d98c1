/* SPDX-License-Identifier: MIT */
/* The parts of reading a VM's node; each returns false with err set. */
#ifndef VESPER_CONFIG_VM_PARTS_H
#define VESPER_CONFIG_VM_PARTS_H

#include "config/vm_rules.h"
#include "include/vm_spec.h"

#define VM_PARTS_IMAGE_NAME_MAX 63 /* characters */

/* The node of a VM, with all below it, into the zeroed `spec`. */
MUST_CHECK bool vm_spec_read(const struct vm_node *n, struct vm_spec *spec);

/* The node of a device: appended to those of `spec`. */
MUST_CHECK bool vm_devices_add(const struct vm_node *n, struct vm_spec *spec);

/*
 * What the kernel is (raw: the configuration says that it is), and whether there is memory enough
 * for it and all that is put beside it. The rest of `spec` was read.
 */
MUST_CHECK bool vm_kernel_check(const struct vm_node *n, bool raw, struct vm_spec *spec);

#endif
