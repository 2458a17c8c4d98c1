/* SPDX-License-Identifier: MIT */
/*
 * Programs that this one starts: by their words, never through a shell. One
 * that a signal tells to end takes the running child with it.
 */
#ifndef VESPER_CLI_PROCESS_H
#define VESPER_CLI_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define COMMAND_MAX 96

struct command {
	const char *words[COMMAND_MAX + 1]; /* NULL-terminated */
	unsigned count;
	const char *folder;        /* where it runs; NULL: here */
	int input, output, errors; /* descriptors for standard input, output and errors; -1: ours */
	bool background;           /* keys such as Ctrl-C do not reach it */
	bool talks; /* process_run() shows all it said if it fails, each line an error */
};

void command_begin(struct command *command, const char *program);
void command_add(struct command *command, const char *word);

/* SIGINT, SIGTERM and SIGHUP from now on end the child, and then exit(128 + signal) this program. */
void process_catch_signals(void);

pid_t process_start(const struct command *command);

/* Its exit status; 128 + the signal that ended it. Does not return if this program was told to end. */
int process_wait(pid_t child);

/* The same with a deadline: false if it has not ended within `milliseconds`. */
bool process_wait_for(pid_t child, int milliseconds, int *status);

/* Ends the child. */
void process_stop(pid_t child);

/*
 * Runs a command that has nothing to say to the user: what it says goes to `log` in the work
 * folder, and its last line there is the error if it fails (see `talks`). `patience`, unless NULL, is called
 * several times a second meanwhile.
 */
void process_run(struct command *command, const char *log, void (*patience)(void));

/* Copies what a program said to standard error. */
void process_show(const char *path);

#endif
