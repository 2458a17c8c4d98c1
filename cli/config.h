/* SPDX-License-Identifier: MIT */
/* The VM of `vesper run` as a configuration, so that it is built as any other is. */
#ifndef VESPER_CLI_CONFIG_H
#define VESPER_CLI_CONFIG_H

#include <stdio.h>

#include "cli/options.h"

/* What the kernel is told; ends the program if it is longer than a VM's arguments may be. */
char *config_bootargs(const struct options *options);

/* The device-tree source that config/vm_spec.c checks. */
void config_write(FILE *out, const struct options *options, const char *bootargs);

#endif
