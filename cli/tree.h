/* SPDX-License-Identifier: MIT */
/*
 * The compiled configuration (a device tree, docs/config.md) as the command
 * sees it: a text to take names and numbers from and to put names into. What a
 * configuration may say is Vesper's to check (config/vm_spec.c), not ours.
 */
#ifndef VESPER_CLI_TREE_H
#define VESPER_CLI_TREE_H

#include <stdint.h>

struct tree {
	void *fdt;
	const char *file; /* the source, for messages */
};

/* What the VMs together ask of the machine. */
struct tree_needs {
	unsigned vms;
	uint64_t memory_mib; /* RAM, and room for what they write */
	uint64_t cpus;
	unsigned harts; /* so that each hart exists that a VM is bound to; 0: none is */
};

/* Reads what dtc made of `file`. */
void tree_load(struct tree *tree, const char *path, const char *file);
void tree_free(struct tree *tree);

/* Writes it to `name` in the work folder. */
void tree_save(const struct tree *tree, const char *name);

struct tree_needs tree_needs(const struct tree *tree);

/* The property's only string; NULL: there is no such property. Ends the program if it is anything else. */
const char *tree_string(const struct tree *tree, int node, const char *property);

/* Sets a property of the node; offsets of nodes behind it change. */
void tree_set_string(struct tree *tree, int node, const char *property, const char *value);

/* Says in the root's `source` where the configuration comes from; Vesper's errors begin with it. */
void tree_set_source(struct tree *tree);

/* "FILE: /NODE: PROPERTY", to begin a message with. */
char *tree_place(const struct tree *tree, int node, const char *property);

#endif
