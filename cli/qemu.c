/* SPDX-License-Identifier: MIT */
#include "cli/qemu.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/parts.h"
#include "cli/text.h"
#include "include/vm_spec.h"

#define VESPER_MIB        64  /* firmware, Vesper, tables, and what 2 MiB steps leave over */
#define VESPER_UP_MIB     128 /* the same where there may be many vCPUs */
#define BESIDE_BUNDLE_MIB 8   /* the device tree that QEMU puts behind it */
#define BUNDLE_START_MIB  512 /* QEMU loads it at half of the RAM, but not above this */

struct qemu_machine {
	const char *name, *machine, *cpu;
};

/* Stand-ins for real boards: docs/machines.md says what each is like. */
static const struct qemu_machine machines[] = {
	{"default", "virt", "rv64,h=true"},
	{"p550", "virt",
		"rv64,h=on,v=off,sstc=off,svadu=off,svade=on,svpbmt=off,sscofpmf=on,sv57=off,"
		"sv48=on"},
	{"k3", "virt,aia=aplic-imsic,aia-guests=7",
		"rva23s64,sv39=on,sv48=off,sv57=off,smaia=on,ssaia=on"},
	{"all", "virt,aia=aplic-imsic,aia-guests=7,iommu-sys=on",
		"max,zicfiss=on,zicfilp=on,ssdbltrp=on,smctr=on,ssctr=on,svadu=on"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct qemu_machine *qemu_machine(const char *name)
{
	for (size_t i = 0; i < COUNT(machines); i++)
		if (!strcmp(machines[i].name, name))
			return &machines[i];
	return NULL;
}

char *qemu_machine_names(void)
{
	char *names = NULL;

	for (size_t i = 0; i < COUNT(machines); i++)
		names = text_list(names, machines[i].name);
	return names;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The least with which QEMU can place the bundle. */
static uint64_t placed_mib(uint64_t bundle_mib)
{
	return bundle_mib < BUNDLE_START_MIB ? 2 * bundle_mib : bundle_mib + BUNDLE_START_MIB;
}

uint64_t qemu_memory_mib(const struct options *options, const struct built_bundle *bundle)
{
	const uint64_t bundle_mib = (bundle->size >> 20) + 1 + BESIDE_BUNDLE_MIB;
	const uint64_t placed = placed_mib(bundle_mib);
	const uint64_t used = bundle->needs.memory_mib + bundle_mib;
	/* A VM of one's own configuration may be of any kind, so it gets some more. */
	const uint64_t spare = options->files[0] ? used / 4 + VESPER_UP_MIB : VESPER_MIB;

	if (!options->machine_mib)
		return max(used + spare, placed);
	if (options->machine_mib < placed)
		error_usage("--memory %" PRIu64 "M is too little for the bundle: give %" PRIu64
			    "M or more",
			options->machine_mib, placed);
	return options->machine_mib;
}

unsigned qemu_harts(
	const struct options *options, const struct built_bundle *bundle, long host_cpus)
{
	uint64_t harts = bundle->needs.cpus;

	if (options->harts)
		return options->harts;
	if (options->files[0] && host_cpus > 0 && harts > (uint64_t)host_cpus)
		harts = (uint64_t)host_cpus;
	harts = max(max(harts, bundle->needs.harts), 1);
	return harts < VM_HARTS_MAX ? (unsigned)harts : VM_HARTS_MAX;
}

void qemu_check(const struct options *options)
{
	ports_check(options->ports, options->n_ports);
	disks_check(options->disks, options->n_disks);
}

static void add(struct command *command, const char *option, const char *value)
{
	command_add(command, option);
	command_add(command, value);
}

/* QEMU's own network gives addresses by DHCP and leads to the world. */
static void add_network(struct command *command, const struct options *options)
{
	char *netdev = text_format("user,id=net0");

	for (unsigned i = 0; i < options->n_ports; i++) {
		char *forward = ports_forward(&options->ports[i]);
		char *longer = text_format("%s%s", netdev, forward);

		free(forward);
		free(netdev);
		netdev = longer;
	}
	add(command, "-netdev", netdev);
	add(command, "-device", "virtio-net-pci,netdev=net0,romfile=,disable-legacy=on");
}

static void add_devices(struct command *command, const struct options *options)
{
	add(command, "-device", "virtio-rng-pci,disable-legacy=on");
	if (!options->no_net)
		add_network(command, options);
	for (unsigned i = 0; i < options->n_disks; i++) {
		add(command, "-drive", disks_drive(&options->disks[i], i));
		add(command, "-device", disks_device(&options->disks[i], i));
	}
}

void qemu_command(
	struct command *command, const struct options *options, const struct built_bundle *bundle)
{
	const unsigned harts = qemu_harts(options, bundle, sysconf(_SC_NPROCESSORS_ONLN));

	command_begin(command, "qemu-system-riscv64");
	command_add(command, "-nodefaults");
	add(command, "-M", options->machine->machine);
	add(command, "-cpu", options->cpu ? options->cpu : options->machine->cpu);
	add(command, "-smp", text_format("%u", harts));
	add(command, "-m", text_format("%" PRIu64 "M", qemu_memory_mib(options, bundle)));
	add(command, "-display", "none");
	add(command, "-kernel", parts_path("vesper.bin"));
	add(command, "-initrd", bundle->path);
	add_devices(command, options);
	add(command, "-serial", "chardev:console");
}
