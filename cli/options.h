/* SPDX-License-Identifier: MIT */
/* The commands, and the command line of each, read and checked. */
#ifndef VESPER_CLI_OPTIONS_H
#define VESPER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/disks.h"
#include "cli/ports.h"

enum options_command {
	COMMAND_RUN,
	COMMAND_DEBUG,
	COMMAND_UP,
	COMMAND_BUNDLE,
	COMMANDS,
};

struct qemu_machine;

#define OPTIONS_FILES_MAX 2

struct options {
	/* The VM of `run` and `debug`. */
	uint64_t memory_mib, writable_mib;
	unsigned cpus;
	const char *kernel; /* NULL: Debian's */
	const char *
		image; /* a folder, or EROFS image, that becomes the root; NULL: the default root */
	const char *append; /* kernel arguments; "" if none */
	bool verbose;
	bool mmio;      /* its devices are on virtio-mmio, not PCI */
	char **program; /* the words after `--`, NULL-terminated; NULL: a login shell */

	/* `up` and `bundle`: the configuration, and the bundle; NULL for the others. */
	const char *files[OPTIONS_FILES_MAX];

	/* The machine that QEMU is. */
	const struct qemu_machine *machine;
	const char *cpu;      /* NULL: the machine's */
	unsigned harts;       /* 0: what the VMs need */
	uint64_t machine_mib; /* 0: what the VMs need */
	bool no_net;          /* it has no network interface, nor has the VM of `run` and `debug` */
	unsigned n_ports, n_disks;
	struct port ports[PORTS_MAX];
	struct disk_file disks[DISKS_MAX];

	const char *symbols; /* `debug`; NULL: none */
	bool help;
};

/* What the user calls it. */
const char *options_command(enum options_command command);

/* `words` are those after the command's name. Ends the program if one is wrong. */
void options_read(struct options *options, char **words, enum options_command command);

#endif
