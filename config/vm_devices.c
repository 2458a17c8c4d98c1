/* SPDX-License-Identifier: MIT */
/* The devices of a VM: its child nodes, in order. One table row a kind. */
#include <libfdt.h>
#include <string.h>

#include "config/vm_parts.h"
#include "include/abi/erofs.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

#define ARENA_MIB_MAX 32768 /* what devices/fs/arena.h can number */

static const struct vm_rule fs_rules[] = {
	{"tag", vm_rules_text, offsetof(struct vm_device, tag), true, 1, VM_TAG_MAX, 0, NULL},
	{"image", vm_rules_image, offsetof(struct vm_device, image), true, 1,
		VM_PARTS_IMAGE_NAME_MAX, 0, NULL},
	{"writable-mib", vm_rules_mib, offsetof(struct vm_device, arena_size), true, 1,
		ARENA_MIB_MAX, 1, NULL},
};

static bool finish_console(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	(void)d;
	for (unsigned i = 0; i < spec->n_devices; i++)
		if (spec->devices[i].kind == VM_DEVICE_CONSOLE)
			return vm_rules_fail(n, "a VM has one console at most");
	return true;
}

static bool finish_fs(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	uint32_t magic = 0;

	for (unsigned i = 0; i < spec->n_devices; i++) {
		const struct vm_device *other = &spec->devices[i];

		if (other->kind == VM_DEVICE_FS && !memcmp(other->tag, d->tag, VM_TAG_MAX))
			return vm_rules_fail(n, "tag = \"%.*s\" is taken by another vesper,fs",
				VM_TAG_MAX, d->tag);
	}
	if (d->image.size >= EROFS_SUPER_OFFSET + sizeof(magic))
		memcpy(&magic, (const char *)d->image.data + EROFS_SUPER_OFFSET, sizeof(magic));
	if (magic != EROFS_SUPER_MAGIC)
		return vm_rules_fail(n, "image is not an EROFS image: make it with mkfs.erofs");
	return true;
}

static const struct {
	const char *compatible;
	enum vm_device_kind kind;
	const struct vm_rule *rules;
	unsigned n_rules;
	/* Checks across properties and devices; spec holds the devices before this one. */
	bool (*finish)(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d);
} kinds[] = {
	{"vesper,console", VM_DEVICE_CONSOLE, NULL, 0, finish_console},
	{"vesper,fs", VM_DEVICE_FS, fs_rules, COUNT(fs_rules), finish_fs},
};

static bool no_children(const struct vm_node *n)
{
	const void *tree = n->bundle->config.data;
	int child = fdt_first_subnode(tree, n->offset);

	if (child < 0)
		return true;
	return vm_rules_fail(n, "unknown node \"%s\"", fdt_get_name(tree, child, NULL));
}

bool vm_devices_add(const struct vm_node *n, struct vm_spec *spec)
{
	const char *names[COUNT(kinds)];
	struct vm_device *d = &spec->devices[spec->n_devices];
	int kind;

	for (unsigned i = 0; i < COUNT(kinds); i++)
		names[i] = kinds[i].compatible;
	kind = vm_rules_compatible(n, names, COUNT(kinds));
	if (kind < 0)
		return false;
	if (spec->n_devices == VM_DEVICES_MAX)
		return vm_rules_fail(n, "a VM has at most %u devices", VM_DEVICES_MAX);
	d->kind = kinds[kind].kind;
	if (!vm_rules_apply(n, kinds[kind].rules, kinds[kind].n_rules, d) || !no_children(n))
		return false;
	if (!kinds[kind].finish(n, spec, d))
		return false;
	spec->n_devices++;
	return true;
}
