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

char *config_bootargs(const struct options *options)
{
	char *terminal = terminal_arguments();
	/*
	 * earlycon: what goes wrong before the console's module is loaded is seen too. It must
	 * follow quiet, and 3 hides the complaint that there is no console yet.
	 */
	char *all = text_format("console=hvc0 %s earlycon=sbi panic=-1%s%s%s",
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
		"\t\tinitrd = \"debian-initramfs\";\n"
		"\t\tbootargs = ",
		options->memory_mib, options->cpus);
	text_dts_string(out, bootargs);
	fputs(";\n\t\t", out);
	image_property(out, "kernel", options->kernel, "debian");
	fprintf(out,
		"\t\tconsole {\n"
		"\t\t\tcompatible = \"vesper,console\";\n"
		"\t\t};\n"
		"\t\troot {\n"
		"\t\t\tcompatible = \"vesper,fs\";\n"
		"\t\t\ttag = \"root\";\n"
		"\t\t\twritable-mib = <%" PRIu64 ">;\n"
		"\t\t\t",
		options->writable_mib);
	image_property(out, "image", options->image, "debian-root");
	fputs("\t\t};\n\t};\n};\n", out);
}
