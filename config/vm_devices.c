/* SPDX-License-Identifier: MIT */
/*
 * The devices of a VM: its child nodes, in order. One table row a kind; what a
 * disk and a network may be is in vm_disk.c and vm_net.c.
 */
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

#define CID_FIRST 3 /* 0 to 2 are reserved (virtio 1.2, 5.10.4) */

static const struct vm_rule vsock_rules[] = {
	{"cid", vm_rules_number, offsetof(struct vm_device, cid), false, CID_FIRST, UINT32_MAX - 1,
		1, NULL},
	{"monitor", vm_rules_flag, offsetof(struct vm_device, monitor), false, 0, 0, 0, NULL},
};

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

static bool finish_vsock(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	(void)spec;
	if (!d->cid)
		d->cid = vm_devices_cid(n->vm);
	return true;
}

static const struct {
	const char *compatible;
	enum vm_device_kind kind;
	const struct vm_rule *rules;
	unsigned n_rules;
	bool once; /* of a VM's devices one at most is of this kind */
	/* Checks across properties and devices; spec holds the devices before this one. NULL: none. */
	bool (*finish)(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d);
} kinds[] = {
	{"vesper,console", VM_DEVICE_CONSOLE, NULL, 0, true, NULL},
	{"vesper,fs", VM_DEVICE_FS, fs_rules, COUNT(fs_rules), false, finish_fs},
	{"vesper,disk", VM_DEVICE_DISK, vm_disk_rules, VM_DISK_RULES, false, vm_disk_finish},
	{"vesper,net", VM_DEVICE_NET, vm_net_rules, VM_NET_RULES, false, vm_net_finish},
	{"vesper,rng", VM_DEVICE_RNG, NULL, 0, true, NULL},
	{"vesper,balloon", VM_DEVICE_BALLOON, NULL, 0, true, NULL},
	{"vesper,vsock", VM_DEVICE_VSOCK, vsock_rules, COUNT(vsock_rules), true, finish_vsock},
};

/* The numbers are 52:54:00, then bytes that no tool gives: of a VM's position and its device's. */
void vm_devices_mac(unsigned vm, unsigned device, uint8_t mac[6])
{
	const uint8_t bytes[6] = {
		0x52, 0x54, 0x00, (uint8_t)(0x80 | vm >> 8), (uint8_t)vm, (uint8_t)device};

	for (unsigned i = 0; i < 6; i++)
		mac[i] = bytes[i];
}

uint32_t vm_devices_cid(unsigned vm)
{
	return CID_FIRST + vm;
}

static bool check_once(const struct vm_node *n, const struct vm_spec *spec,
	enum vm_device_kind kind, const char *compatible)
{
	for (unsigned i = 0; i < spec->n_devices; i++)
		if (spec->devices[i].kind == kind)
			return vm_rules_fail(
				n, "a VM has one %s at most", compatible + sizeof("vesper,") - 1);
	return true;
}

static bool check_room(const struct vm_node *n, const struct vm_spec *spec)
{
	if (spec->n_devices == VM_DEVICES_MAX)
		return vm_rules_fail(n, "a VM has at most %u devices", VM_DEVICES_MAX);
	if (spec->transport == VM_TRANSPORT_MMIO && spec->n_devices == VM_MMIO_MAX)
		return vm_rules_fail(n,
			"a VM with transport = \"mmio\" has at most %u devices, with \"pci\" %u",
			VM_MMIO_MAX, VM_DEVICES_MAX);
	return true;
}

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
	if (!check_room(n, spec))
		return false;
	d->kind = kinds[kind].kind;
	d->port = d->kind == VM_DEVICE_CONSOLE ? GUEST_UART_PORT : 1 + spec->n_devices;
	if (!vm_rules_apply(n, kinds[kind].rules, kinds[kind].n_rules, d) || !no_children(n))
		return false;
	if (kinds[kind].once && !check_once(n, spec, d->kind, kinds[kind].compatible))
		return false;
	if (kinds[kind].finish && !kinds[kind].finish(n, spec, d))
		return false;
	spec->n_devices++;
	return true;
}
