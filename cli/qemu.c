/* SPDX-License-Identifier: MIT */
#include "cli/qemu.h"

#include <inttypes.h>

#include "cli/parts.h"
#include "cli/text.h"

#define VESPER_MIB        64  /* firmware, Vesper, tables, and what 2 MiB steps leave over */
#define BESIDE_BUNDLE_MIB 8   /* the device tree that QEMU puts behind it */
#define BUNDLE_START_MIB  512 /* QEMU loads it at half of the RAM, but not above this */

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t qemu_memory_mib(const struct options *options, uint64_t bundle_size)
{
	const uint64_t bundle = (bundle_size >> 20) + 1 + BESIDE_BUNDLE_MIB;
	const uint64_t used = options->memory_mib + options->writable_mib + bundle + VESPER_MIB;
	const uint64_t placed = bundle < BUNDLE_START_MIB ? 2 * bundle : bundle + BUNDLE_START_MIB;

	return max(used, placed);
}

void qemu_command(
	struct command *command, const struct options *options, const struct built_bundle *bundle)
{
	command_begin(command, "qemu-system-riscv64");
	command_add(command, "-nodefaults");
	command_add(command, "-M");
	command_add(command, "virt");
	command_add(command, "-cpu");
	command_add(command, options->cpu);
	command_add(command, "-smp");
	command_add(command, "1");
	command_add(command, "-m");
	command_add(command, text_format("%" PRIu64 "M", qemu_memory_mib(options, bundle->size)));
	command_add(command, "-display");
	command_add(command, "none");
	command_add(command, "-kernel");
	command_add(command, parts_path("vesper.bin"));
	command_add(command, "-initrd");
	command_add(command, bundle->path);
	command_add(command, "-serial");
	command_add(command, "chardev:console");
}
