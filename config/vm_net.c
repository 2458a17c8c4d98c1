/* SPDX-License-Identifier: MIT */
/*
 * Networks, which are nodes beside the VMs, and the VMs' devices on them. The
 * network "default" is there without a node; its uplink is then the machine's
 * first interface.
 */
#include <libfdt.h>
#include <string.h>

#include "config/dt.h"
#include "config/vm_config.h"
#include "config/vm_parts.h"

#define DEFAULT_NAME   "default"
#define DEFAULT_UPLINK "nic0"
#define NETWORK        "vesper,network"

static bool parse_mac(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	static const uint8_t none[6];
	int len;
	const uint8_t *mac = fdt_getprop(n->bundle->config.data, n->offset, rule->name, &len);

	if (!mac || len != 6)
		return vm_rules_fail(n, "%s must be six bytes: %s = [52 54 00 00 00 01]",
			rule->name, rule->name);
	if (!memcmp(mac, none, 6))
		return vm_rules_fail(
			n, "%s is all zero: give another, or none to have one chosen", rule->name);
	if (mac[0] & 1)
		return vm_rules_fail(n,
			"%s = [%02x ...] is a multicast address: its first byte must be even, such "
			"as 52",
			rule->name, mac[0]);
	memcpy(field, mac, 6);
	return true;
}

#define FIELD(field) offsetof(struct vm_device, net.field)

const struct vm_rule vm_net_rules[VM_NET_RULES] = {
	{"network", vm_rules_text, FIELD(network), false, 1, VM_LABEL_MAX - 1, 0, NULL},
	{"mac", parse_mac, FIELD(mac), false, 0, 0, 0, NULL},
	{"queues", vm_rules_number, FIELD(queues), false, 1, VM_QUEUES_MAX, 1, NULL},
};

bool vm_net_is_network(const struct vm_node *n)
{
	const char *compatible = dt_string(n->bundle->config.data, n->offset, "compatible");

	return compatible && !strcmp(compatible, NETWORK);
}

struct vm_node vm_net_find(const struct vm_node *any, const char *name)
{
	const void *tree = any->bundle->config.data;
	struct vm_node root = *any, found;
	int child;

	root.path[1] = 0;
	fdt_for_each_subnode(child, tree, 0)
	{
		found = vm_rules_child(&root, child);
		if (vm_net_is_network(&found) && !strcmp(fdt_get_name(tree, child, NULL), name))
			return found;
	}
	found.offset = -1;
	return found;
}

bool vm_net_finish(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	static const uint8_t none[6];
	struct vm_net *net = &d->net;

	if (!net->network[0])
		memcpy(net->network, DEFAULT_NAME, sizeof(DEFAULT_NAME));
	if (!memcmp(net->mac, none, 6))
		vm_devices_mac(n->vm, spec->n_devices, net->mac);
	if (!strcmp(net->network, DEFAULT_NAME) || vm_net_find(n, net->network).offset >= 0)
		return true;
	return vm_rules_fail(n,
		"network = \"%.40s\" is unknown: add a node %.40s { compatible = \"" NETWORK
		"\"; } beside the VMs",
		net->network, net->network);
}

/* ---- the networks themselves ---- */

static const struct vm_rule network_rules[] = {
	{"uplink", vm_rules_text, offsetof(struct vm_network, uplink), false, 1, VM_LABEL_MAX - 1,
		0, NULL},
};

static bool check_name(const struct vm_node *n, const char *name)
{
	if (!*name || strlen(name) >= VM_LABEL_MAX)
		return vm_rules_fail(
			n, "the name of a network has 1 to %u characters", VM_LABEL_MAX - 1);
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return vm_rules_fail(n, "the name holds a character that is not printable");
	return true;
}

bool vm_net_read(const struct vm_node *n, struct vm_network *out)
{
	const char *name = fdt_get_name(n->bundle->config.data, n->offset, NULL);
	struct vm_node below = *n;

	memset(out, 0, sizeof(*out));
	if (!check_name(n, name) || !vm_rules_apply(n, network_rules, 1, out))
		return false;
	memcpy(out->name, name, strlen(name) + 1);
	below.offset = fdt_first_subnode(n->bundle->config.data, n->offset);
	if (below.offset < 0)
		return true;
	return vm_rules_fail(
		n, "unknown node \"%s\"", fdt_get_name(n->bundle->config.data, below.offset, NULL));
}

/* Without a node it takes the first interface, unless another network does. */
void vm_net_default(const struct vm_node *root, struct vm_network *out)
{
	const void *tree = root->bundle->config.data;
	int child;

	*out = (struct vm_network){
		.name = DEFAULT_NAME, .uplink = DEFAULT_UPLINK, .uplink_optional = true};
	fdt_for_each_subnode(child, tree, root->offset)
	{
		struct vm_node node = vm_rules_child(root, child);
		const char *uplink = dt_string(tree, child, "uplink");

		if (vm_net_is_network(&node) && uplink && !strcmp(uplink, DEFAULT_UPLINK))
			out->uplink[0] = 0;
	}
}
