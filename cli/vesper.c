/* SPDX-License-Identifier: MIT */
/* `vesper`, the command on the developer's machine. */
#include <stdio.h>
#include <string.h>

#include "cli/debug.h"
#include "cli/error.h"
#include "cli/options.h"
#include "cli/run.h"

#define VERSION "0.1"

static const char usage[] =
	"Vesper runs Linux programs in virtual machines of their own on RISC-V.\n"
	"\n"
	"  vesper run [OPTION...] [-- PROGRAM [ARGUMENT...]]\n"
	"  vesper debug [OPTION...] [--symbols FILE] [-- PROGRAM [ARGUMENT...]]\n"
	"  vesper help | --version\n"
	"\n"
	"`run` starts a machine (QEMU) with Vesper and one VM, and gives you the VM's root shell,\n"
	"or runs PROGRAM there. When that ends, so does the machine. What the VM wrote is gone "
	"then.\n"
	"`debug` starts the same machine halted, with gdb on it; docs/debugging.md shows what to "
	"do.\n"
	"\n"
	"Options\n"
	"  --memory SIZE      the VM's RAM: 512M (the default), 2G, or a plain number of MiB\n"
	"  --writable SIZE    how much the VM may write to its root (64M)\n"
	"  --image FOLDER     this folder becomes the VM's root; default: BusyBox\n"
	"  --kernel FILE      a RISC-V Linux Image; default: Debian's kernel\n"
	"  --append ARGUMENTS more arguments for the kernel, such as --append 'debug nokaslr'\n"
	"  --cpu MODEL        QEMU's CPU model (rv64,h=true)\n"
	"  --symbols FILE     debug only: an ELF file with the guest kernel's symbols\n"
	"  --verbose          show the kernel's messages\n"
	"  --help             show this\n"
	"\n"
	"Keys\n"
	"  Ctrl-A x           end the machine at once\n"
	"  Ctrl-A Ctrl-A      a Ctrl-A for the VM; every other key goes there as it is\n"
	"  Ctrl-D or `exit`   leave the shell: powers the VM off\n"
	"\n"
	"Exit status of `run`\n"
	"  PROGRAM's          of the program after `--`\n"
	"  0                  the VM powered off, or Ctrl-A x\n"
	"  1                  something failed: one line says what\n"
	"  2                  the command line is wrong\n"
	"  128+N              ended by signal N\n"
	"\n"
	"Examples\n"
	"  vesper run\n"
	"  vesper run --memory 2G --image ./rootfs\n"
	"  vesper run -- sh -c 'uname -a; df /'\n"
	"  echo 'cat /proc/cpuinfo' | vesper run\n"
	"  vesper run --cpu rv64,h=true,sstc=off --verbose\n";

static const struct {
	const char *name;
	int (*start)(const struct options *options);
} commands[] = {
	{"run", run},
	{"debug", debug},
};

static int show(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct options options;

	if (argc < 2)
		error_usage(
			"what is to be done? `vesper run` starts a VM, `vesper help` tells more");
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return show(usage);
	if (!strcmp(argv[1], "--version"))
		return show("vesper " VERSION "\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		options_read(&options, argv + 2, commands[i].start == debug);
		return options.help ? show(usage) : commands[i].start(&options);
	}
	error_usage("unknown command %s: there are run, debug and help", argv[1]);
}
