/* SPDX-License-Identifier: MIT */
/* Builds the one file that Vesper boots with, in the work folder. */
#ifndef VESPER_CLI_BUNDLE_H
#define VESPER_CLI_BUNDLE_H

#include <stdint.h>

#include "cli/options.h"

struct built_bundle {
	char *path;
	uint64_t size; /* bytes */
};

struct built_bundle bundle_build(const struct options *options);

#endif
