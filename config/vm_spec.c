/* SPDX-License-Identifier: MIT */
/*
 * A VM's node. A node's `compatible` says what it is and so which table of
 * properties applies; an unknown node or property is an error, because a
 * misspelt setting that is quietly ignored costs an evening.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/vm_parts.h"
#include "lib/addr.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

#define MEMORY_MIB_MAX 1048576 /* 1 TiB: what config/vm_layout.c can count with */
#define WEIGHT_MAX     10000
#define WORD_MAX       31 /* characters of a word that is one of several */

/* What the rules fill: the spec, and what is not in it as it is written. */
struct vm_reading {
	struct vm_spec spec;
	bool raw;
};

static bool parse_harts(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	struct vm_spec *spec = field;
	unsigned count;
	const fdt32_t *list = vm_rules_list(n, rule, &count);

	for (unsigned i = 0; list && i < count; i++) {
		spec->harts[i] = fdt32_ld(list + i);
		for (unsigned j = 0; j < i; j++)
			if (spec->harts[j] == spec->harts[i])
				return vm_rules_fail(
					n, "%s names hart %u twice", rule->name, spec->harts[i]);
	}
	spec->n_harts = count;
	return list != NULL;
}

/* A word that stands for true or false. */
static bool parse_bool(const struct vm_node *n, const struct vm_rule *rule, void *field)
{
	unsigned value = 0;

	if (!vm_rules_choice(n, rule, &value))
		return false;
	*(bool *)field = value;
	return true;
}

static const struct vm_choice kernel_types[] = {{"raw", true}, {0}};
static const struct vm_choice starts[] = {{"boot", false}, {"manual", true}, {0}};
static const struct vm_choice irqchips[] = {
	{"best", VM_IRQCHIP_BEST}, {"plic", VM_IRQCHIP_PLIC}, {"aia", VM_IRQCHIP_AIA}, {0}};

static const struct vm_choice transports[] = {
	{"pci", VM_TRANSPORT_PCI}, {"mmio", VM_TRANSPORT_MMIO}, {0}};

_Static_assert(sizeof(enum vm_irqchip) == sizeof(unsigned), "vm_rules_choice fills it");
_Static_assert(sizeof(enum vm_transport) == sizeof(unsigned), "vm_rules_choice fills it");

#define SPEC(field) offsetof(struct vm_reading, spec.field)

static const struct vm_rule vm_rules[] = {
	{"memory-mib", vm_rules_mib, SPEC(memory), true, 2, MEMORY_MIB_MAX, 2, NULL},
	{"cpus", vm_rules_number, SPEC(vcpus), true, 1, VM_VCPUS_MAX, 1, NULL},
	{"kernel", vm_rules_image, SPEC(kernel), true, 1, VM_PARTS_IMAGE_NAME_MAX, 0, NULL},
	{"kernel-type", parse_bool, offsetof(struct vm_reading, raw), false, 1, WORD_MAX, 0,
		kernel_types},
	{"initrd", vm_rules_image, SPEC(initrd), false, 1, VM_PARTS_IMAGE_NAME_MAX, 0, NULL},
	{"bootargs", vm_rules_text, SPEC(bootargs), false, 0, VM_BOOTARGS_MAX - 1, 0, NULL},
	{"weight", vm_rules_number, SPEC(weight), false, 1, WEIGHT_MAX, 1, NULL},
	{"harts", parse_harts, offsetof(struct vm_reading, spec), false, 1, VM_HARTS_MAX, 0, NULL},
	{"dedicated", vm_rules_flag, SPEC(dedicated), false, 0, 0, 0, NULL},
	{"start", parse_bool, SPEC(manual), false, 1, WORD_MAX, 0, starts},
	{"interrupt-controller", vm_rules_choice, SPEC(irqchip), false, 1, WORD_MAX, 0, irqchips},
	{"transport", vm_rules_choice, SPEC(transport), false, 1, WORD_MAX, 0, transports},
};

static bool set_name(const struct vm_node *n, struct vm_spec *spec)
{
	const char *name = fdt_get_name(n->bundle->config.data, n->offset, NULL);
	size_t len = strlen(name);

	if (!len)
		return vm_rules_fail(n, "a VM needs a name: its node's");
	if (len >= VM_NAME_MAX)
		return vm_rules_fail(
			n, "the name is too long (at most %u characters)", VM_NAME_MAX - 1);
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return vm_rules_fail(n, "the name holds a character that is not printable");
	memcpy(spec->name, name, len + 1);
	snprintf(spec->where, sizeof(spec->where), "%s%s%s", n->source ? n->source : "",
		n->source ? ": " : "", n->path);
	return true;
}

/* Checks across properties. */
static bool check_harts(const struct vm_node *n, const struct vm_spec *spec)
{
	if (!spec->dedicated)
		return true;
	if (!spec->n_harts)
		return vm_rules_fail(n, "dedicated needs harts: harts = <...>");
	if (spec->n_harts < spec->vcpus)
		return vm_rules_fail(n,
			"dedicated needs a hart for each of cpus = <%u>, but harts names %u",
			spec->vcpus, spec->n_harts);
	return true;
}

static bool read_devices(const struct vm_node *n, struct vm_spec *spec)
{
	int child;

	fdt_for_each_subnode(child, n->bundle->config.data, n->offset)
	{
		struct vm_node device = vm_rules_child(n, child);

		if (!vm_devices_add(&device, spec))
			return false;
	}
	return true;
}

bool vm_spec_read(const struct vm_node *n, struct vm_spec *spec)
{
	static const char *const names[] = {
		"vesper,vm", "vesper,network"}; /* what a user may have meant */
	struct vm_reading reading = {.spec.weight = VM_WEIGHT};

	if (vm_rules_compatible(n, names, 2) != 0 || !set_name(n, &reading.spec))
		return false;
	if (!vm_rules_apply(n, vm_rules, COUNT(vm_rules), &reading))
		return false;
	*spec = reading.spec;
	return check_harts(n, spec) && read_devices(n, spec) &&
	       vm_kernel_check(n, reading.raw, spec);
}
