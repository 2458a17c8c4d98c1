/* SPDX-License-Identifier: MIT */
/*
 * Builds the one file that Vesper boots with: of the user's configuration, or
 * of the one that the options of `run` stand for. It has no name when it is
 * done, so nothing large stays behind however this program ends.
 */
#ifndef VESPER_CLI_BUNDLE_H
#define VESPER_CLI_BUNDLE_H

#include <stdint.h>

#include "cli/options.h"
#include "cli/tree.h"

struct built_bundle {
	char *path;    /* by a descriptor that child processes inherit */
	uint64_t size; /* bytes */
	struct tree_needs needs;
};

/* Empties the work folder. */
struct built_bundle bundle_build(const struct options *options);

/* `vesper bundle`: keeps it as the file that the options name. Returns the exit status. */
int bundle(const struct options *options);

#endif
