/* SPDX-License-Identifier: MIT */
/* A folder for the files of a test of the command, as fixtures of a group. */
#ifndef VESPER_TESTS_CLI_FOLDER_H
#define VESPER_TESTS_CLI_FOLDER_H

extern char *cli_folder;

int cli_folder_make(void **state);
int cli_folder_remove(void **state);

#endif
