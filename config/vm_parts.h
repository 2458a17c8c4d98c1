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

/* The address of a network device that is given none. */
void vm_devices_mac(unsigned vm, unsigned device, uint8_t mac[6]);
/* The context ID of a VM that is given none. */
uint32_t vm_devices_cid(unsigned vm);

/* vesper,disk: which data the properties name. */
#define VM_DISK_RULES 10
extern const struct vm_rule vm_disk_rules[VM_DISK_RULES];
MUST_CHECK bool vm_disk_finish(
	const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d);

/* vesper,net */
#define VM_NET_RULES 3
extern const struct vm_rule vm_net_rules[VM_NET_RULES];
MUST_CHECK bool vm_net_finish(
	const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d);

struct vm_network;
MUST_CHECK bool vm_net_read(const struct vm_node *n, struct vm_network *out);
/* The one that is there without a node. */
void vm_net_default(const struct vm_node *root, struct vm_network *out);

/* Is the child of the root a network, not a VM? */
bool vm_net_is_network(const struct vm_node *n);

/* The child of the root that is the network of that name; the offset is -1: it is not declared. */
struct vm_node vm_net_find(const struct vm_node *any, const char *name);

/* Two devices, of one VM or of two: what both cannot have, as far as the text tells. */
MUST_CHECK bool vm_shared_check(const struct vm_node *root);

/*
 * What the kernel is (raw: the configuration says that it is), and whether there is memory enough
 * for it and all that is put beside it. The rest of `spec` was read.
 */
MUST_CHECK bool vm_kernel_check(const struct vm_node *n, bool raw, struct vm_spec *spec);

#endif
