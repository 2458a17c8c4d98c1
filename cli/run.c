/* SPDX-License-Identifier: MIT */
/*
 * QEMU has the terminal itself: every key but Ctrl-A goes to Vesper. Where
 * standard input is no terminal, the VM in front is fed (cli/feed.h).
 */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/bundle.h"
#include "cli/error.h"
#include "cli/feed.h"
#include "cli/process.h"
#include "cli/qemu.h"
#include "cli/workdir.h"

static struct {
	bool saved;
	int flags;
	struct termios settings;
} terminal;

/* For exit() too: QEMU restores its terminal, but not where it was killed. */
static void restore_terminal(void)
{
	if (!terminal.saved)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.settings);
	fcntl(STDIN_FILENO, F_SETFL, terminal.flags);
}

static void save_terminal(void)
{
	terminal.flags = fcntl(STDIN_FILENO, F_GETFL);
	terminal.saved = !tcgetattr(STDIN_FILENO, &terminal.settings);
	atexit(restore_terminal);
}

/* Without a terminal: standard input and the console's output go through pipes. */
static int run_fed(struct command *qemu)
{
	int in[2], out[2], failed;
	pid_t child;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		error_exit("no pipe: %s", strerror(errno));
	qemu->input = in[0];
	qemu->output = out[1];
	child = process_start(qemu);
	close(in[0]);
	close(out[1]);
	failed = feed(in[1], out[0]);
	if (!failed)
		return process_wait(child);
	kill(child, SIGKILL); /* it would talk about any other; it has no terminal to restore */
	process_wait(child);
	if (failed != EPIPE)
		error_exit("the console's output cannot be written: %s", strerror(failed));
	return 128 + SIGPIPE; /* as for any program whose output nobody reads */
}

int run(const struct options *options)
{
	const bool on_terminal = isatty(STDIN_FILENO);
	struct built_bundle bundle;
	struct command qemu;
	int status;

	qemu_check(options);
	process_catch_signals();
	workdir_create();
	bundle = bundle_build(options);
	workdir_remove();
	qemu_command(&qemu, options, &bundle);
	command_add(&qemu, "-chardev");
	/* mux: Ctrl-A x ends QEMU. signal=off: Ctrl-C is the VM's. */
	command_add(&qemu, on_terminal ? "stdio,id=console,mux=on,signal=off" : "stdio,id=console");
	if (on_terminal)
		save_terminal();
	status = on_terminal ? process_wait(process_start(&qemu)) : run_fed(&qemu);
	if (status == 127)
		error_exit(
			"qemu-system-riscv64 cannot be run: `make` installs it (scripts/setup.sh)");
	return status;
}
