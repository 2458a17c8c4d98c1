/* SPDX-License-Identifier: MIT */
/* The files that stand beside this program in the build folder. */
#ifndef VESPER_CLI_PARTS_H
#define VESPER_CLI_PARTS_H

/* The path of `name`; ends the program with a message if it is not there. */
char *parts_path(const char *name);

#endif
