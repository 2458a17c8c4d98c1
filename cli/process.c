/* SPDX-License-Identifier: MIT */
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/workdir.h"

#define NOT_STARTED 127 /* as shells have it */
#define TICK_MS     20

static volatile sig_atomic_t caught;
static volatile pid_t running; /* the child that a signal ends; 0: none */

void command_begin(struct command *command, const char *program)
{
	*command = (struct command){
		.words = {program}, .count = 1, .input = -1, .output = -1, .errors = -1};
}

void command_add(struct command *command, const char *word)
{
	if (command->count == COMMAND_MAX)
		error_exit("%s would get more than %d words", command->words[0], COMMAND_MAX);
	command->words[command->count++] = word;
}

static void on_signal(int signal)
{
	caught = signal;
	if (running)
		kill(running, SIGTERM);
}

void process_catch_signals(void)
{
	/* Without SA_RESTART: a wait ends too. */
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void end_if_told(void)
{
	if (caught)
		exit(128 + caught);
}

static _Noreturn void become(const struct command *command)
{
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (command->background)
		setpgid(0, 0);
	if (command->input >= 0)
		dup2(command->input, STDIN_FILENO);
	if (command->output >= 0)
		dup2(command->output, STDOUT_FILENO);
	if (command->errors >= 0)
		dup2(command->errors, STDERR_FILENO);
	if (!command->folder || !chdir(command->folder))
		execvp(command->words[0], (char *const *)command->words);
	_exit(NOT_STARTED);
}

pid_t process_start(const struct command *command)
{
	pid_t child;

	end_if_told();
	fflush(NULL);
	child = fork();
	if (child < 0)
		error_exit("%s cannot be started: %s", command->words[0], strerror(errno));
	if (!child)
		become(command);
	running = child;
	end_if_told();
	return child;
}

static int ended(int status)
{
	running = 0;
	end_if_told();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_wait(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			error_exit("waiting for a program failed: %s", strerror(errno));
	return ended(status);
}

bool process_wait_for(pid_t child, int milliseconds, int *status)
{
	const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};

	for (int waited = 0;; waited += TICK_MS) {
		int raw = 0;

		if (waitpid(child, &raw, WNOHANG) == child) {
			*status = ended(raw);
			return true;
		}
		if (waited >= milliseconds)
			return false;
		nanosleep(&tick, NULL);
	}
}

void process_stop(pid_t child)
{
	int status;

	kill(child, SIGTERM);
	if (!process_wait_for(child, 2000, &status)) {
		kill(child, SIGKILL);
		process_wait(child);
	}
}

/* The last line that is not empty, without its newline; "" if there is none. */
static void last_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "r");
	char text[512];

	line[0] = 0;
	if (!file)
		return;
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = 0;
		if (*text)
			snprintf(line, size, "%.200s", text);
	}
	fclose(file);
}

void process_show(const char *path)
{
	FILE *file = fopen(path, "r");
	int c;

	while (file && (c = getc(file)) != EOF)
		putc(c, stderr);
	if (file)
		fclose(file);
}

void process_run(struct command *command, const char *log, void (*patience)(void))
{
	char *path = workdir_path(log);
	char line[256];
	pid_t child;
	int status;

	command->output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	command->errors = command->output;
	child = process_start(command);
	while (!process_wait_for(child, 200, &status))
		if (patience)
			patience();
	close(command->output);
	if (status == NOT_STARTED)
		error_exit("%s cannot be run: `make` installs it (scripts/setup.sh)",
			command->words[0]);
	if (status && command->talks) {
		process_show(path);
		error_exit("%s failed with status %d: its messages are above", command->words[0],
			status);
	}
	if (status) {
		last_line(path, line, sizeof(line));
		error_exit("%s failed with status %d: %s", command->words[0], status, line);
	}
	free(path);
}
