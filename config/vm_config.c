/* SPDX-License-Identifier: MIT */
/*
 * The root of the configuration: VMs and networks, and the checks that concern
 * several VMs: no two have one name, and a hart that one has for itself is no
 * other's. What devices share is vm_shared.c's.
 */
#include "config/vm_config.h"

#include <libfdt.h>
#include <string.h>

#include "config/dt.h"
#include "config/vm_parts.h"

#define SOURCE_MAX   255
#define SOURCE_SHOWN 60 /* characters that a message has room for */

struct root {
	char source[SOURCE_MAX + 1];
};

static const struct vm_rule root_rules[] = {
	{"source", vm_rules_text, offsetof(struct root, source), false, 1, SOURCE_MAX, 0, NULL},
};

/* Of a long path the end says most. */
static const char *read_source(const void *tree)
{
	const char *source = dt_string(tree, 0, "source");
	size_t len = source ? strlen(source) : 0;

	if (!len)
		return NULL;
	return len > SOURCE_SHOWN ? source + len - SOURCE_SHOWN : source;
}

static enum status open_root(const struct bundle *b, struct vm_node *root, struct config_error *err)
{
	int broken = dt_check(b->config.data, b->config.size);

	*root = (struct vm_node){.bundle = b, .path = "/", .err = err};
	if (broken) {
		config_error_set(err, "not a compiled device tree (%s): compile it with dtc",
			fdt_strerror(broken));
		return ERR_INVALID;
	}
	root->source = read_source(b->config.data);
	return OK;
}

static bool check_root(const struct vm_node *root)
{
	static const char *const names[] = {"vesper,config"};
	struct root unused = {{0}};

	return vm_rules_compatible(root, names, 1) >= 0 &&
	       vm_rules_apply(root, root_rules, 1, &unused);
}

static const char *name_of(const struct vm_node *n)
{
	return fdt_get_name(n->bundle->config.data, n->offset, NULL);
}

/* The cells of a VM's `harts`; whether they are right is vm_spec.c's to check. */
static const fdt32_t *harts_of(const struct vm_node *n, unsigned *count)
{
	int len = 0;
	const fdt32_t *list = fdt_getprop(n->bundle->config.data, n->offset, "harts", &len);

	*count = list ? (unsigned)len / 4 : 0;
	if (*count > VM_HARTS_MAX)
		*count = VM_HARTS_MAX;
	return list;
}

static bool is_dedicated(const struct vm_node *n)
{
	return fdt_getprop(n->bundle->config.data, n->offset, "dedicated", NULL) != NULL;
}

static bool check_pair(const struct vm_node *a, const struct vm_node *b)
{
	unsigned n_a, n_b;
	const fdt32_t *harts_a = harts_of(a, &n_a), *harts_b = harts_of(b, &n_b);

	if (!strcmp(name_of(a), name_of(b)))
		return vm_rules_fail(
			b, "another %s has this name", vm_net_is_network(a) ? "network" : "VM");
	if (!is_dedicated(a) && !is_dedicated(b))
		return true;
	for (unsigned i = 0; i < n_a; i++)
		for (unsigned j = 0; j < n_b; j++)
			if (fdt32_ld(harts_a + i) == fdt32_ld(harts_b + j))
				return vm_rules_fail(b,
					"harts names hart %u, which is also %s's; one of "
					"them has it dedicated",
					fdt32_ld(harts_b + j), a->path);
	return true;
}

/* Each VM against those before it. */
static bool check_pairs(const struct vm_node *root)
{
	const void *tree = root->bundle->config.data;
	int a, b;

	fdt_for_each_subnode(b, tree, root->offset)
	{
		struct vm_node later = vm_rules_child(root, b);

		for (a = fdt_first_subnode(tree, root->offset); a != b;
			a = fdt_next_subnode(tree, a)) {
			struct vm_node earlier = vm_rules_child(root, a);

			if (!check_pair(&earlier, &later))
				return false;
		}
	}
	return true;
}

enum status vm_config_count(const struct bundle *b, unsigned *out, struct config_error *err)
{
	struct vm_node root;
	int vm;

	*out = 0;
	if (open_root(b, &root, err) != OK || !check_root(&root) || !check_pairs(&root) ||
		!vm_shared_check(&root))
		return ERR_INVALID;
	fdt_for_each_subnode(vm, b->config.data, root.offset)
	{
		struct vm_node node = vm_rules_child(&root, vm);

		*out += !vm_net_is_network(&node);
	}
	if (*out)
		return OK;
	vm_rules_fail(&root, "no VM: add a node with compatible = \"vesper,vm\"");
	return ERR_INVALID;
}

enum status vm_config_read(
	const struct bundle *b, unsigned i, struct vm_spec *out, struct config_error *err)
{
	struct vm_node root;
	unsigned n = 0;
	int vm;

	memset(out, 0, sizeof(*out));
	if (open_root(b, &root, err) != OK)
		return ERR_INVALID;
	fdt_for_each_subnode(vm, b->config.data, root.offset)
	{
		struct vm_node node = vm_rules_child(&root, vm);

		if (vm_net_is_network(&node))
			continue;
		node.vm = n;
		if (n++ == i)
			return vm_spec_read(&node, out) ? OK : ERR_INVALID;
	}
	vm_rules_fail(&root, "there are only %u VMs", n);
	return ERR_INVALID;
}

enum status vm_config_network(
	const struct bundle *b, unsigned i, struct vm_network *out, struct config_error *err)
{
	struct vm_node root, node;
	unsigned n = 0;
	int child;

	if (open_root(b, &root, err) != OK)
		return ERR_INVALID;
	vm_net_default(&root, out);
	node = vm_net_find(&root, out->name);
	if (!i)
		return node.offset < 0 || vm_net_read(&node, out) ? OK : ERR_INVALID;
	fdt_for_each_subnode(child, b->config.data, root.offset)
	{
		struct vm_node other = vm_rules_child(&root, child);

		if (vm_net_is_network(&other) && child != node.offset && ++n == i)
			return vm_net_read(&other, out) ? OK : ERR_INVALID;
	}
	return ERR_NOT_FOUND;
}
