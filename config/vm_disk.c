/* SPDX-License-Identifier: MIT */
/*
 * A disk's node: which data is behind it. That follows from the properties
 * that are there, and each must fit the others; what the machine has, only
 * backends/disk.c can tell.
 */
#include <libfdt.h>

#include "config/vm_parts.h"
#include "lib/addr.h"

#define PARTITION_MAX 1024
#define LAYER_MIB_MAX 1048576 /* no VM has more memory either */
#define SECTOR        512

#define FIELD(field) offsetof(struct vm_device, field)

const struct vm_rule vm_disk_rules[VM_DISK_RULES] = {
	{"disk", vm_rules_text, FIELD(disk.disk), false, 1, VM_LABEL_MAX - 1, 0, NULL},
	{"partition", vm_rules_text, FIELD(disk.partition), false, 1, VM_LABEL_MAX - 1, 0, NULL},
	{"partition-number", vm_rules_number, FIELD(disk.number), false, 1, PARTITION_MAX, 1, NULL},
	{"offset-mib", vm_rules_mib, FIELD(disk.offset), false, 0, UINT32_MAX, 1, NULL},
	{"size-mib", vm_rules_mib, FIELD(disk.size), false, 1, UINT32_MAX, 1, NULL},
	{"image", vm_rules_image, FIELD(image), false, 1, VM_PARTS_IMAGE_NAME_MAX, 0, NULL},
	{"writable-mib", vm_rules_mib, FIELD(arena_size), false, 1, LAYER_MIB_MAX, 1, NULL},
	{"read-only", vm_rules_flag, FIELD(disk.read_only), false, 0, 0, 0, NULL},
	{"serial", vm_rules_text, FIELD(disk.serial), false, 1,
		sizeof(((struct vm_disk *)0)->serial), 0, NULL},
	{"queues", vm_rules_number, FIELD(disk.queues), false, 1, VM_QUEUES_MAX, 1, NULL},
};

static bool has(const struct vm_node *n, const char *property)
{
	return fdt_getprop(n->bundle->config.data, n->offset, property, NULL) != NULL;
}

/* A property that is there needs another one, or forbids it. */
static const struct {
	const char *property, *other;
	bool needs;
	const char *way_out;
} pairs[] = {
	{"image", "disk", false, "a disk is one or the other"},
	{"partition", "disk", true, "say which one: disk = \"disk0\""},
	{"partition-number", "disk", true, "say which one: disk = \"disk0\""},
	{"offset-mib", "disk", true, "say which one: disk = \"disk0\""},
	{"size-mib", "disk", true, "say which one: disk = \"disk0\""},
	{"partition", "partition-number", false, "give the name or the number"},
	{"partition", "size-mib", false, "give a partition or a range"},
	{"partition-number", "size-mib", false, "give a partition or a range"},
	{"offset-mib", "size-mib", true, "say how long the range is: size-mib = <1024>"},
	{"size-mib", "offset-mib", true, "say where the range begins: offset-mib = <0>"},
	{"writable-mib", "image", true, "what is written to a real disk goes there"},
	{"writable-mib", "read-only", false, "nothing is written then"},
};

static bool check_pairs(const struct vm_node *n)
{
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (has(n, pairs[i].property) && has(n, pairs[i].other) != pairs[i].needs)
			return vm_rules_fail(n, "%s %s %s: %s", pairs[i].property,
				pairs[i].needs ? "needs" : "cannot stand beside", pairs[i].other,
				pairs[i].way_out);
	return true;
}

static bool check_image(const struct vm_node *n, const struct vm_device *d)
{
	if (d->image.size % SECTOR)
		return vm_rules_fail(n,
			"image has %lu bytes, no multiple of 512: lengthen it with truncate",
			(unsigned long)d->image.size);
	if (!d->arena_size && !d->disk.read_only)
		return vm_rules_fail(n,
			"image needs writable-mib = <64>, room for what is written, or read-only");
	return true;
}

bool vm_disk_finish(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	struct vm_disk *disk = &d->disk;

	(void)spec;
	if (!check_pairs(n))
		return false;
	if (d->image.size) {
		disk->source = VM_DISK_IMAGE;
		return check_image(n, d);
	}
	if (!disk->disk[0])
		return vm_rules_fail(n, "disk is missing: disk = \"disk0\", or image = \"...\" for "
					"one of the bundle");
	if (disk->partition[0] || disk->number)
		disk->source = VM_DISK_PARTITION;
	else
		disk->source = disk->size ? VM_DISK_RANGE : VM_DISK_WHOLE;
	return true;
}
