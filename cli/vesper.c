/* SPDX-License-Identifier: MIT */
/* `vesper`, the command on the developer's machine. */
#include <stdio.h>
#include <string.h>

#include "cli/bundle.h"
#include "cli/debug.h"
#include "cli/error.h"
#include "cli/options.h"
#include "cli/run.h"

#define VERSION "0.1"

static const char usage[] =
	"Vesper runs Linux programs in virtual machines of their own on RISC-V.\n"
	"\n"
	"  vesper run [OPTION...] [-- PROGRAM [ARGUMENT...]]\n"
	"  vesper up FILE.dts [OPTION...]\n"
	"  vesper bundle FILE.dts OUT.fit\n"
	"  vesper debug [OPTION...] [--symbols FILE] [-- PROGRAM [ARGUMENT...]]\n"
	"  vesper help | --version\n"
	"\n"
	"`run` starts a machine (QEMU) with Vesper and one VM, and gives you the VM's root shell,\n"
	"or runs PROGRAM there. When that ends, so does the machine. What the VM wrote is gone "
	"then.\n"
	"`up` starts the VMs of a configuration (docs/config.md) on such a machine.\n"
	"`bundle` packs a configuration and its images for a real machine.\n"
	"`debug` starts the machine of `run` halted, with gdb on it; docs/debugging.md shows what "
	"to do.\n"
	"\n"
	"The VM of run and debug\n"
	"  --memory SIZE      the VM's RAM: 512M (the default), 2G, or a plain number of MiB\n"
	"  --writable SIZE    how much the VM may write to its root (64M)\n"
	"  --cpus NUMBER      its CPUs (1)\n"
	"  --image FOLDER     this folder, or EROFS image, becomes the VM's root; default: "
	"BusyBox\n"
	"  --kernel FILE      a RISC-V Linux Image; default: Debian's kernel\n"
	"  --transport pci|mmio\n"
	"                     what its devices are on (pci)\n"
	"  --append ARGUMENTS more arguments for the kernel, such as --append 'debug nokaslr'\n"
	"  --verbose          show the kernel's messages\n"
	"  --symbols FILE     debug only: an ELF file with the guest kernel's symbols\n"
	"\n"
	"The machine of run, up and debug\n"
	"  --machine NAME     default, or like a real one: p550, k3, or all that QEMU can: all\n"
	"  -p PORT:VM-PORT    leads a port of this computer to the VM; also ADDRESS:PORT:VM-PORT, "
	"and\n"
	"                     /udp behind it; may be given several times, as --disk\n"
	"  --disk FILE[,ro]   this file becomes a disk of the machine, and with run and debug one "
	"of\n"
	"                     the VM's, where the first is /dev/vda; ro: it is only read\n"
	"  --no-net           no network\n"
	"  --harts NUMBER     its harts; default: as many as the VMs' CPUs, for `up` at most those "
	"of\n"
	"                     this computer\n"
	"  --memory SIZE      up only: its RAM; default: what the VMs need, and some more\n"
	"  --cpu MODEL        QEMU's CPU model instead of the machine's (rv64,h=true)\n"
	"\n"
	"FILE.dts names kernels and images by their paths from its folder, or as debian (the "
	"kernel),\n"
	"debian-init, debian-initramfs and debian-root (BusyBox): what `run` uses.\n"
	"\n"
	"Keys\n"
	"  Ctrl-]             the next key is for Vesper: ? lists those that it knows\n"
	"  Ctrl-A x           end the machine at once\n"
	"  Ctrl-A Ctrl-A      a Ctrl-A for the VM; every other key goes there as it is\n"
	"  Ctrl-D or `exit`   leave the shell: powers the VM off\n"
	"\n"
	"Exit status of `run` and `up`\n"
	"  PROGRAM's          of the program after `--`\n"
	"  0                  the VMs powered off, or Ctrl-A x\n"
	"  1                  something failed: one line says what\n"
	"  2                  the command line is wrong\n"
	"  128+N              ended by signal N\n"
	"\n"
	"Examples\n"
	"  vesper run\n"
	"  vesper run --memory 2G --cpus 4 --image ./rootfs\n"
	"  vesper run -- sh -c 'uname -a; df /'\n"
	"  echo 'cat /proc/cpuinfo' | vesper run\n"
	"  vesper run -p 8080:80 --disk data.img\n"
	"  vesper run --machine p550 --verbose\n"
	"  vesper up config/examples/vms.dts --harts 2\n";

static int (*const start[COMMANDS])(const struct options *options) = {
	[COMMAND_RUN] = run,
	[COMMAND_DEBUG] = debug,
	[COMMAND_UP] = run, /* of a configuration */
	[COMMAND_BUNDLE] = bundle,
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
	for (enum options_command command = 0; command < COMMANDS; command++) {
		if (strcmp(argv[1], options_command(command)) != 0)
			continue;
		options_read(&options, argv + 2, command);
		return options.help ? show(usage) : start[command](&options);
	}
	error_usage("unknown command %s: there are run, up, bundle, debug and help", argv[1]);
}
