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

void config_write(FILE *out, const struct options *options, const char *bootargs)
{
	fprintf(out,
		"/dts-v1/;\n"
		"/ {\n"
		"\tcompatible = \"vesper,config\";\n"
		"\tdebian {\n"
		"\t\tcompatible = \"vesper,vm\";\n"
		"\t\tmemory-mib = <%" PRIu64 ">;\n"
		"\t\tcpus = <1>;\n"
		"\t\tkernel = \"kernel\";\n"
		"\t\tinitrd = \"initramfs\";\n"
		"\t\tbootargs = ",
		options->memory_mib);
	text_dts_string(out, bootargs);
	fprintf(out,
		";\n"
		"\t\tconsole {\n"
		"\t\t\tcompatible = \"vesper,console\";\n"
		"\t\t};\n"
		"\t\troot {\n"
		"\t\t\tcompatible = \"vesper,fs\";\n"
		"\t\t\ttag = \"root\";\n"
		"\t\t\timage = \"root\";\n"
		"\t\t\twritable-mib = <%" PRIu64 ">;\n"
		"\t\t};\n"
		"\t};\n"
		"};\n",
		options->writable_mib);
}

void config_write_fit(FILE *out)
{
	/* mkimage wants a load address and an entry of a kernel; Vesper chooses its own. */
	static const struct {
		const char *name, *file, *type, *more;
	} images[] = {
		{"config", "config.dtb", "flat_dt", ""},
		{"kernel", "kernel", "kernel", " os = \"linux\"; load = <0>; entry = <0>;"},
		{"initramfs", "initramfs", "ramdisk", " os = \"linux\";"},
		{"root", "root", "filesystem", ""},
	};

	fputs("/dts-v1/;\n/ {\n\tdescription = \"vesper\";\n\t#address-cells = <1>;\n\timages {\n",
		out);
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		fprintf(out,
			"\t\t%s { data = /incbin/(\"%s\"); type = \"%s\"; arch = \"riscv\"; "
			"compression = \"none\";%s };\n",
			images[i].name, images[i].file, images[i].type, images[i].more);
	fputs("\t};\n"
	      "\tconfigurations {\n"
	      "\t\tdefault = \"vm\";\n"
	      "\t\tvm { fdt = \"config\"; };\n"
	      "\t};\n"
	      "};\n",
		out);
}
