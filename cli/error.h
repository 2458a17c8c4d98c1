/* SPDX-License-Identifier: MIT */
/*
 * How the command ends when it cannot go on: one line that says what is wrong
 * and the way out. Cleaning up is atexit()'s work.
 */
#ifndef VESPER_CLI_ERROR_H
#define VESPER_CLI_ERROR_H

enum exit_status {
	EXIT_FAILED = 1, /* something that was needed failed or is missing */
	EXIT_USAGE = 2,  /* the command line is wrong */
};

__attribute__((format(printf, 1, 2))) _Noreturn void error_exit(const char *format, ...);
__attribute__((format(printf, 1, 2))) _Noreturn void error_usage(const char *format, ...);

#endif
