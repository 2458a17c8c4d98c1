/* SPDX-License-Identifier: MIT */
/*
 * The folder for what one run makes. It is made once and removed, with all in
 * it, when the command ends: by exit(), or by a signal that asks it to end.
 */
#ifndef VESPER_CLI_WORKDIR_H
#define VESPER_CLI_WORKDIR_H

#include <stdio.h>

/* Makes the folder below TMPDIR or /tmp. */
void workdir_create(void);

/* The path of `name` in it. */
char *workdir_path(const char *name);

/* A file in it, opened for writing; workdir_close() checks that all of it was written. */
FILE *workdir_open(const char *name);
void workdir_close(FILE *file, const char *name);

/* Makes `name` a link to `target`, which may be a path from the current folder. */
void workdir_link(const char *name, const char *target);

/* Removes all that is in it. */
void workdir_empty(void);

/* Removes it earlier than at the end, so that not even SIGKILL leaves it behind. */
void workdir_remove(void);

#endif
