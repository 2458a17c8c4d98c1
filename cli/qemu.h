/* SPDX-License-Identifier: MIT */
/* The machine that Vesper runs on here: QEMU's command line, as far as `run` and `debug` share it. */
#ifndef VESPER_CLI_QEMU_H
#define VESPER_CLI_QEMU_H

#include "cli/bundle.h"
#include "cli/options.h"
#include "cli/process.h"

/* MiB of RAM so that the VM and its bundle fit. */
uint64_t qemu_memory_mib(const struct options *options, uint64_t bundle_size);

/* Everything but the console, which is `-serial chardev:console` and the caller's to define. */
void qemu_command(
	struct command *command, const struct options *options, const struct built_bundle *bundle);

#endif
