/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/text.h"
#include "include/vm_spec.h"

/* What the VM's terminal should be like (guest/session); "" where there is none. */
static char *terminal_arguments(void)
{
	const char *term = getenv("TERM");
	struct winsize size = {0};
	char *type, *arguments;

	if (!isatty(STDIN_FILENO))
		return text_format(" vesper.term=dumb");
	type = term && text_is_token(term) ? text_format(" vesper.term=%s", term)
					   : text_format("%s", "");
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return type;
	arguments =
		text_format("%s vesper.rows=%u vesper.columns=%u", type, size.ws_row, size.ws_col);
	free(type);
	return arguments;
}

/* A kernel of the user's may lack what is built into Debian's, and of virtio-mmio that is a module. */
static bool needs_initramfs(const struct options *options)
{
	return options->mmio || options->kernel;
}

char *config_bootargs(const struct options *options)
{
	char *terminal = terminal_arguments();
	/*
	 * earlycon: what goes wrong before the console's module is loaded is seen too. It must
	 * follow quiet, and 3 hides the complaint that there is no console yet.
	 */
	char *all = text_format("console=hvc0%s %s earlycon=sbi panic=-1%s%s%s",
		needs_initramfs(options) ? "" : " root=vesper rootfstype=virtiofs",
		options->verbose ? "loglevel=7" : "quiet loglevel=3", terminal,
		*options->append ? " " : "", options->append);

	if (strlen(all) >= VM_BOOTARGS_MAX)
		error_usage("--append is too long: there is room for %zu characters",
			strlen(options->append) - (strlen(all) - (VM_BOOTARGS_MAX - 1)));
	free(terminal);
	return all;
}

/* Writes `NAME = "...";`: the file, by a path that holds wherever the configuration is, or `built_in`. */
static void image_property(FILE *out, const char *name, const char *file, const char *built_in)
{
	char *path = file ? realpath(file, NULL) : NULL;

	if (file && !path)
		error_exit("%s cannot be read", file);
	fprintf(out, "%s = ", name);
	text_dts_string(out, path ? path : built_in);
	fputs(";\n", out);
	free(path);
}

static void write_fs(FILE *out, const char *node, const char *tag, uint64_t writable_mib)
{
	fprintf(out,
		"\t\t%s {\n"
		"\t\t\tcompatible = \"vesper,fs\";\n"
		"\t\t\ttag = \"%s\";\n"
		"\t\t\twritable-mib = <%" PRIu64 ">;\n"
		"\t\t\t",
		node, tag, writable_mib);
}

/* Each machine's disk that the options name is one of the VM's. */
static void write_disks(FILE *out, const struct options *options)
{
	for (unsigned i = 0; i < options->n_disks; i++) {
		fprintf(out,
			"\t\tdisk%u { compatible = \"vesper,disk\"; disk = \"disk%u\"; %sserial = ",
			i, i, options->disks[i].read_only ? "read-only; " : "");
		text_dts_string(out, options->disks[i].serial);
		fputs("; };\n", out);
	}
}

static void write_devices(FILE *out, const struct options *options)
{
	fputs("\t\tconsole { compatible = \"vesper,console\"; };\n", out);
	if (!needs_initramfs(options)) {
		write_fs(out, "init", "vesper", 1);
		fputs("image = \"debian-init\";\n\t\t};\n", out);
	}
	write_fs(out, "root", "root", options->writable_mib);
	image_property(out, "image", options->image, "debian-root");
	fputs("\t\t};\n", out);
	if (!options->no_net)
		fputs("\t\tnet { compatible = \"vesper,net\"; };\n", out);
	fputs("\t\trng { compatible = \"vesper,rng\"; };\n"
	      "\t\tballoon { compatible = \"vesper,balloon\"; };\n"
	      "\t\tvsock { compatible = \"vesper,vsock\"; };\n",
		out);
	write_disks(out, options);
}

void config_write(FILE *out, const struct options *options, const char *bootargs)
{
	fprintf(out,
		"/dts-v1/;\n"
		"/ {\n"
		"\tcompatible = \"vesper,config\";\n"
		"\tdebian {\n"
		"\t\tcompatible = \"vesper,vm\";\n"
		"\t\tmemory-mib = <%" PRIu64 ">;\n"
		"\t\tcpus = <%u>;\n"
		"\t\ttransport = \"%s\";\n"
		"\t\tbootargs = ",
		options->memory_mib, options->cpus, options->mmio ? "mmio" : "pci");
	text_dts_string(out, bootargs);
	fputs(";\n\t\t", out);
	if (needs_initramfs(options))
		fputs("initrd = \"debian-initramfs\";\n\t\t", out);
	image_property(out, "kernel", options->kernel, "debian");
	write_devices(out, options);
	fputs("\t};\n};\n", out);
}
