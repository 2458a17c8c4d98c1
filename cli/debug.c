/* SPDX-License-Identifier: MIT */
/*
 * gdb has this terminal, so the console is a pseudo-terminal of its own, which
 * is also written to a file. QEMU ends with gdb.
 */
#include "cli/debug.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/bundle.h"
#include "cli/embedded.h"
#include "cli/error.h"
#include "cli/parts.h"
#include "cli/process.h"
#include "cli/qemu.h"
#include "cli/text.h"
#include "cli/workdir.h"

#define START_MS 5000

/* QEMU makes its sockets before it answers; a tenth of a second is typical. */
static void wait_for_start(pid_t qemu, const char *socket, const char *log)
{
	for (int waited = 0; access(socket, F_OK); waited += 100) {
		int status;

		if (process_wait_for(qemu, 100, &status)) {
			process_show(log);
			error_exit("QEMU ended with status %d before gdb could connect", status);
		}
		if (waited > START_MS)
			error_exit("QEMU did not open %s", socket);
	}
}

static pid_t start_qemu(const struct options *options, const char *socket, const char *console_log)
{
	const struct built_bundle bundle = bundle_build(options);
	const char *log = workdir_path("qemu.log");
	struct command qemu;
	pid_t child;

	qemu_command(&qemu, options, &bundle);
	command_add(&qemu, "-S");
	command_add(&qemu, "-chardev");
	command_add(&qemu, text_format("socket,id=gdb,server=on,wait=off,path=%s", socket));
	command_add(&qemu, "-gdb");
	command_add(&qemu, "chardev:gdb");
	command_add(&qemu, "-chardev");
	command_add(&qemu, text_format("pty,id=console,path=%s,logfile=%s", workdir_path("console"),
				   console_log));
	qemu.background = true;
	qemu.input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	qemu.output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	qemu.errors = qemu.output;
	child = process_start(&qemu);
	wait_for_start(child, socket, log);
	return child;
}

static void write_script(void)
{
	FILE *file = workdir_open("vesper-gdb.py");

	fwrite(embedded_gdb.data, 1, embedded_size(&embedded_gdb), file);
	workdir_close(file, "vesper-gdb.py");
}

static int run_gdb(const struct options *options, const char *socket)
{
	struct command gdb;

	command_begin(&gdb, "gdb-multiarch");
	command_add(&gdb, "-q");
	command_add(&gdb, "-ex");
	command_add(&gdb, "set confirm off");
	command_add(&gdb, "-ex");
	command_add(&gdb, text_format("source %s", workdir_path("vesper-gdb.py")));
	command_add(&gdb, "-ex");
	command_add(&gdb, text_format("target remote %s", socket));
	if (options->symbols) {
		/* A link, because gdb would split a path at its blanks. */
		workdir_link("symbols", options->symbols);
		command_add(&gdb, "-ex");
		command_add(&gdb, text_format("add-symbol-file %s", workdir_path("symbols")));
	}
	command_add(&gdb, parts_path("vesper.elf"));
	return process_wait(process_start(&gdb));
}

int debug(const struct options *options)
{
	char *socket, *console_log;
	char pty[PATH_MAX] = "";
	pid_t qemu;
	int status;

	qemu_check(options);
	process_catch_signals();
	workdir_create();
	socket = workdir_path("gdb.socket");
	console_log = text_format("%s.log", parts_path("vesper.elf"));
	qemu = start_qemu(options, socket, console_log);
	write_script();
	if (readlink(workdir_path("console"), pty, sizeof(pty) - 1) < 0)
		error_exit("QEMU made no console");
	printf("The console is %s (`screen %s` in another terminal) and is kept in %s.\n"
	       "`vesper world` says which world the hart is in, `vesper vm` shows the VM.\n",
		pty, pty, console_log);
	/* Ctrl-C is gdb's way to stop the machine. */
	signal(SIGINT, SIG_IGN);
	status = run_gdb(options, socket);
	process_stop(qemu);
	return status;
}
