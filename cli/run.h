/* SPDX-License-Identifier: MIT */
/* `vesper run` and `vesper up`: VMs on this terminal. */
#ifndef VESPER_CLI_RUN_H
#define VESPER_CLI_RUN_H

#include "cli/options.h"

/* Returns the exit status. */
int run(const struct options *options);

#endif
