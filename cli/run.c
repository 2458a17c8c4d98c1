/* SPDX-License-Identifier: MIT */
/*
 * QEMU has the terminal itself: every key but Ctrl-A goes to the VM. Where
 * standard input is no terminal, it is fed through a pipe, and its end becomes
 * the Ctrl-D that ends a shell's input.
 */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/bundle.h"
#include "cli/error.h"
#include "cli/process.h"
#include "cli/qemu.h"
#include "cli/workdir.h"

#define END_EVERY_MS 1000 /* a program may be in the way of the first one */

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

/* Passes on what can be read. false: that was all there is. */
static bool pass_on(int to)
{
	char bytes[4096];
	const ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (count < 0)
		return errno == EINTR;
	return count > 0 && write(to, bytes, (size_t)count) == count;
}

/* Feeds QEMU until it closes its end. */
static void feed(int to)
{
	bool more = true;

	for (;;) {
		struct pollfd fds[2] = {
			{.fd = to, .events = 0},
			{.fd = more ? STDIN_FILENO : -1, .events = POLLIN},
		};
		const int ready = poll(fds, 2, more ? -1 : END_EVERY_MS);

		if (fds[0].revents || (ready < 0 && errno != EINTR))
			return;
		if (ready < 0)
			continue; /* QEMU has been told to end */
		if (more && fds[1].revents)
			more = pass_on(to);
		else if (!more && write(to, "\4", 1) != 1)
			return;
	}
}

static int run_fed(struct command *qemu)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		error_exit("no pipe: %s", strerror(errno));
	qemu->input = ends[0];
	child = process_start(qemu);
	close(ends[0]);
	feed(ends[1]);
	close(ends[1]);
	return process_wait(child);
}

int run(const struct options *options)
{
	const bool on_terminal = isatty(STDIN_FILENO);
	struct built_bundle bundle;
	struct command qemu;
	int status;

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
