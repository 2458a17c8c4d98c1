/* SPDX-License-Identifier: MIT */
/*
 * Every check of the configuration. A node's `compatible` says what it is and
 * so which table of properties applies; an unknown node or property is an
 * error, because a misspelt setting that is quietly ignored costs an evening.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/dt.h"
#include "config/guest_fdt.h"
#include "config/vm_config.h"
#include "config/vm_rules.h"
#include "include/abi/erofs.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

#define IMAGE_NAME_MAX 63
#define MEMORY_MIB_MAX 1048576 /* 1 TiB: inside what Sv39x4 can map */
#define ARENA_MIB_MAX  32768   /* what devices/fs/arena.h can number */

static const struct vm_rule vm_rules[] = {
	{"memory-mib", vm_rules_mib, offsetof(struct vm_spec, memory), true, 2, MEMORY_MIB_MAX, 2},
	{"cpus", vm_rules_number, offsetof(struct vm_spec, vcpus), true, 1, VM_VCPUS_MAX, 1},
	{"kernel", vm_rules_image, offsetof(struct vm_spec, kernel), true, 1, IMAGE_NAME_MAX, 0},
	{"initrd", vm_rules_image, offsetof(struct vm_spec, initrd), false, 1, IMAGE_NAME_MAX, 0},
	{"bootargs", vm_rules_text, offsetof(struct vm_spec, bootargs), false, 0,
		VM_BOOTARGS_MAX - 1, 0},
};

static const struct vm_rule fs_rules[] = {
	{"tag", vm_rules_text, offsetof(struct vm_device, tag), true, 1, VM_TAG_MAX, 0},
	{"image", vm_rules_image, offsetof(struct vm_device, image), true, 1, IMAGE_NAME_MAX, 0},
	{"writable-mib", vm_rules_mib, offsetof(struct vm_device, arena_size), true, 1,
		ARENA_MIB_MAX, 1},
};

/* ---- devices ---- */

static bool finish_console(const struct vm_node *n, const struct vm_spec *spec, struct vm_device *d)
{
	(void)d;
	for (unsigned i = 0; i < spec->n_devices; i++)
		if (spec->devices[i].kind == VM_DEVICE_CONSOLE)
			return vm_rules_fail(n, "only one console is supported for now");
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

/* The index in `names` of the node's compatible; -1: err says which names are known. */
static int which(const struct vm_node *n, const char *const *names, unsigned n_names)
{
	const char *given = dt_string(n->bundle->config.data, n->offset, "compatible");
	const char *similar;

	if (!given) {
		vm_rules_fail(n, "compatible = \"%s\"%s is missing", names[0],
			n_names > 1 ? " or the like" : "");
		return -1;
	}
	for (unsigned i = 0; i < n_names; i++)
		if (!strcmp(given, names[i]))
			return (int)i;
	similar = vm_rules_similar(given, names, n_names);
	if (similar || n_names == 1)
		vm_rules_fail(n, "unknown compatible \"%s\" (did you mean \"%s\"?)", given,
			similar ? similar : names[0]);
	else
		vm_rules_fail(n, "unknown compatible \"%s\"", given);
	return -1;
}

static bool no_children(const struct vm_node *n)
{
	const void *tree = n->bundle->config.data;
	int child = fdt_first_subnode(tree, n->offset);

	if (child < 0)
		return true;
	return vm_rules_fail(n, "unknown node \"%s\"", fdt_get_name(tree, child, NULL));
}

static bool add_device(const struct vm_node *n, struct vm_spec *spec)
{
	const char *names[COUNT(kinds)];
	struct vm_device *d = &spec->devices[spec->n_devices];
	int kind;

	for (unsigned i = 0; i < COUNT(kinds); i++)
		names[i] = kinds[i].compatible;
	kind = which(n, names, COUNT(kinds));
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

/* ---- the kernel ---- */

/* Documentation/arch/riscv/boot-image-header.rst */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags;
	uint32_t version, reserved[3];
	uint64_t magic;
	uint32_t magic2, reserved3;
};

#define IMAGE_MAGIC2 0x05435352u /* "RSC\x05" */
#define IMAGE_ALIGN  4096u
#define PAGE         4096ull

_Static_assert(
	offsetof(struct image_header, magic2) == 0x38, "as the kernel's documentation has it");

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(PAGE - 1);
}

/* The bytes of RAM that core/vm_load.c fills: kernel, bss, device tree, initrd. 0: too many to count. */
static uint64_t memory_needed(const struct image_header *header, const struct vm_spec *spec)
{
	uint64_t max = MIB(MEMORY_MIB_MAX);
	uint64_t size =
		header->image_size > spec->kernel.size ? header->image_size : spec->kernel.size;

	if (header->text_offset > max || size > max || spec->initrd.size > max)
		return 0;
	return page_up(header->text_offset + size) + page_up(GUEST_FDT_MAX) +
	       page_up(spec->initrd.size);
}

static bool check_kernel(const struct vm_node *n, const struct vm_spec *spec)
{
	struct image_header header = {0};
	uint64_t needed;

	if (spec->kernel.size >= sizeof(header))
		memcpy(&header, spec->kernel.data, sizeof(header));
	if (header.magic2 != IMAGE_MAGIC2)
		return vm_rules_fail(n, "kernel is not a RISC-V Linux Image: give the uncompressed "
					"one, for Debian /boot/vmlinux-*");
	needed = memory_needed(&header, spec);
	if (!needed || header.text_offset % IMAGE_ALIGN)
		return vm_rules_fail(n, "the header of kernel is damaged: install it again");
	if (needed <= spec->memory)
		return true;
	/* 2 MiB steps, as memory-mib wants. */
	return vm_rules_fail(n,
		"memory-mib = <%lu> is too little: the kernel%s %lu MiB; raise --memory",
		(unsigned long)(spec->memory / MIB(1)),
		spec->initrd.size ? " and its initrd need" : " needs",
		(unsigned long)((needed + MIB(2) - 1) / MIB(2) * 2));
}

/* ---- the VM and the root ---- */

static bool set_name(const struct vm_node *n, struct vm_spec *spec)
{
	const char *name = fdt_get_name(n->bundle->config.data, n->offset, NULL);
	size_t len = strlen(name);

	if (len >= VM_NAME_MAX)
		return vm_rules_fail(
			n, "the name is too long (at most %u characters)", VM_NAME_MAX - 1);
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return vm_rules_fail(n, "the name holds a character that is not printable");
	memcpy(spec->name, name, len + 1);
	return true;
}

static struct vm_node child_of(const struct vm_node *parent, int offset)
{
	struct vm_node n = {.bundle = parent->bundle, .offset = offset, .err = parent->err};
	const char *name = fdt_get_name(n.bundle->config.data, offset, NULL);

	/* Only the root's own path ends in a slash. */
	snprintf(n.path, sizeof(n.path), "%.38s/%.38s", parent->path[1] ? parent->path : "", name);
	return n;
}

static bool read_vm(const struct vm_node *n, struct vm_spec *spec)
{
	static const char *const names[] = {"vesper,vm"};
	int child;

	if (which(n, names, 1) < 0 || !set_name(n, spec))
		return false;
	if (!vm_rules_apply(n, vm_rules, COUNT(vm_rules), spec))
		return false;
	fdt_for_each_subnode(child, n->bundle->config.data, n->offset)
	{
		struct vm_node device = child_of(n, child);

		if (!add_device(&device, spec))
			return false;
	}
	return check_kernel(n, spec);
}

static bool read_root(const struct vm_node *n, struct vm_spec *spec)
{
	static const char *const names[] = {"vesper,config"};
	const void *tree = n->bundle->config.data;
	int vm = -1, child;

	if (which(n, names, 1) < 0 || !vm_rules_apply(n, NULL, 0, NULL))
		return false;
	fdt_for_each_subnode(child, tree, n->offset)
	{
		if (vm >= 0)
			return vm_rules_fail(n,
				"only one VM is supported for now, but \"%s\" follows \"%s\"",
				fdt_get_name(tree, child, NULL), fdt_get_name(tree, vm, NULL));
		vm = child;
	}
	if (vm < 0)
		return vm_rules_fail(n, "no VM: add a node with compatible = \"vesper,vm\"");
	struct vm_node node = child_of(n, vm);

	return read_vm(&node, spec);
}

enum status vm_config_read(const struct bundle *b, struct vm_spec *out, struct config_error *err)
{
	struct vm_node root = {.bundle = b, .path = "/", .err = err};
	const void *tree = b->config.data;
	int broken = dt_check(tree, b->config.size);

	memset(out, 0, sizeof(*out));
	if (broken) {
		config_error_set(err, "not a compiled device tree (%s): compile it with dtc",
			fdt_strerror(broken));
		return ERR_INVALID;
	}
	return read_root(&root, out) ? OK : ERR_INVALID;
}
