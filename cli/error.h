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

#define error_exit(...)  error_end(EXIT_FAILED, __VA_ARGS__)
#define error_usage(...) error_end(EXIT_USAGE, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) _Noreturn void error_end(
	enum exit_status status, const char *format, ...);

#endif
