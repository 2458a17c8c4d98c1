/* SPDX-License-Identifier: MIT */
/*
 * The machine that Vesper runs on here: QEMU's command line, as far as the
 * commands share it, with as many harts and as much RAM as the VMs need.
 */
#ifndef VESPER_CLI_QEMU_H
#define VESPER_CLI_QEMU_H

#include "cli/bundle.h"
#include "cli/options.h"
#include "cli/process.h"

/* The one of that name, or NULL. */
const struct qemu_machine *qemu_machine(const char *name);
/* "a, b, c" */
char *qemu_machine_names(void);

/* MiB of RAM: what --memory of `up` says, else so much that the VMs and their bundle fit. */
uint64_t qemu_memory_mib(const struct options *options, const struct built_bundle *bundle);

/* Harts: what --harts says, else one a vCPU, but for `up` no more than `host_cpus` unless a VM is bound to them. */
unsigned qemu_harts(
	const struct options *options, const struct built_bundle *bundle, long host_cpus);

/* Ends the program if a port or a file that the options name is not to be had: before much is done. */
void qemu_check(const struct options *options);

/* Everything but the console, which is `-serial chardev:console` and the caller's to define. */
void qemu_command(
	struct command *command, const struct options *options, const struct built_bundle *bundle);

#endif
