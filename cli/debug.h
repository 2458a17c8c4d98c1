/* SPDX-License-Identifier: MIT */
/* `vesper debug`: the machine halted at its first instruction, and gdb on it. */
#ifndef VESPER_CLI_DEBUG_H
#define VESPER_CLI_DEBUG_H

#include "cli/options.h"

/* Returns gdb's exit status. */
int debug(const struct options *options);

#endif
