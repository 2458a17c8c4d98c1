/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/qemu.h"
#include "cli/text.h"
#include "include/abi/erofs.h"
#include "include/vm_spec.h"

#define MEMORY_MIB_MIN   96 /* Debian's kernel panics in 64 */
#define MEMORY_MIB_MAX   (1024 * 1024)
#define WRITABLE_MIB_MAX (64 * 1024)

struct option {
	const char *name;
	const char *value; /* what the user gives, for messages; NULL: it is a switch */
	void (*set)(struct options *options, const char *value);
	unsigned commands; /* bit COMMAND_x: it is an option of that one */
};

#define BIT(command)  (1u << (command))
#define VM_OF_OPTIONS (BIT(COMMAND_RUN) | BIT(COMMAND_DEBUG))
#define ON_QEMU       (VM_OF_OPTIONS | BIT(COMMAND_UP))

static const struct {
	const char *name;
	unsigned files;
	const char *missing; /* what to say if there are fewer */
} commands[COMMANDS] = {
	[COMMAND_RUN] = {"run", 0, NULL},
	[COMMAND_DEBUG] = {"debug", 0, NULL},
	[COMMAND_UP] = {"up", 1,
		"which VMs? `vesper up FILE.dts` starts those of a configuration; "
		"config/examples/vms.dts is one to begin with"},
	[COMMAND_BUNDLE] = {"bundle", 2,
		"of what, and where to? `vesper bundle FILE.dts OUT.fit` packs a configuration "
		"and its images"},
};

const char *options_command(enum options_command command)
{
	return commands[command].name;
}

static void set_memory(struct options *options, const char *value)
{
	if (!text_mib(value, MEMORY_MIB_MAX, &options->memory_mib) ||
		options->memory_mib < MEMORY_MIB_MIN || options->memory_mib % 2)
		error_usage("--memory %s: give an even number of MiB from %dM, such as 512M or 2G",
			value, MEMORY_MIB_MIN);
}

static void set_writable(struct options *options, const char *value)
{
	if (!text_mib(value, WRITABLE_MIB_MAX, &options->writable_mib) || !options->writable_mib)
		error_usage("--writable %s: give a number of MiB up to %dG, such as 64M or 1G",
			value, WRITABLE_MIB_MAX / 1024);
}

/* Is `path` there, readable and of that kind? */
static void check_path(const char *option, const char *path, mode_t kind)
{
	struct stat stat_of;

	if (stat(path, &stat_of) || access(path, R_OK))
		error_usage("%s %s: there is no such %s that can be read", option, path,
			kind == S_IFDIR ? "folder" : "file");
	if ((stat_of.st_mode & S_IFMT) != kind)
		error_usage("%s %s: it must be a %s", option, path,
			kind == S_IFDIR ? "folder" : "plain file");
}

static void set_kernel(struct options *options, const char *value)
{
	check_path("--kernel", value, S_IFREG);
	options->kernel = value;
}

static bool is_erofs(const char *path)
{
	FILE *file = fopen(path, "r");
	uint32_t magic = 0;
	bool is;

	if (!file)
		return false;
	is = !fseek(file, EROFS_SUPER_OFFSET, SEEK_SET) && fread(&magic, sizeof(magic), 1, file) &&
	     le32toh(magic) == EROFS_SUPER_MAGIC;
	fclose(file);
	return is;
}

static void set_image(struct options *options, const char *value)
{
	if (!is_erofs(value))
		check_path("--image", value, S_IFDIR);
	options->image = value;
}

static void set_append(struct options *options, const char *value)
{
	if (!text_is_plain(value))
		error_usage("--append: kernel arguments are printable ASCII on one line");
	options->append = value;
}

static void set_cpu(struct options *options, const char *value)
{
	if (!*value)
		error_usage("--cpu: give a QEMU CPU model, such as rv64,h=true");
	options->cpu = value;
}

static void set_machine(struct options *options, const char *value)
{
	options->machine = qemu_machine(value);
	if (!options->machine)
		error_usage("--machine %s: there are %s", value, qemu_machine_names());
}

/* From 1 to `max`. */
static unsigned count(const char *option, const char *value, unsigned max)
{
	uint64_t number;

	if (!text_number(value, max, &number) || !number)
		error_usage("%s %s: give a number from 1 to %u", option, value, max);
	return (unsigned)number;
}

static void set_cpus(struct options *options, const char *value)
{
	options->cpus = count("--cpus", value, VM_VCPUS_MAX);
}

static void set_harts(struct options *options, const char *value)
{
	options->harts = count("--harts", value, VM_HARTS_MAX);
}

static void set_machine_memory(struct options *options, const char *value)
{
	if (!text_mib(value, MEMORY_MIB_MAX, &options->machine_mib) || !options->machine_mib)
		error_usage(
			"--memory %s: give the machine's RAM, such as 2G, or leave it out", value);
}

static void set_transport(struct options *options, const char *value)
{
	options->mmio = !strcmp(value, "mmio");
	if (!options->mmio && strcmp(value, "pci") != 0)
		error_usage("--transport %s: there are pci and mmio", value);
}

static void set_publish(struct options *options, const char *value)
{
	struct port *port = &options->ports[options->n_ports];

	if (options->n_ports == PORTS_MAX)
		error_usage("-p %s: at most %d ports can be given", value, PORTS_MAX);
	if (!ports_read(value, port))
		error_usage("-p %s: give a port of this computer and one of the VM, such as -p "
			    "8080:80, -p "
			    "0.0.0.0:8080:80 or -p 5353:53/udp",
			value);
	for (unsigned i = 0; i < options->n_ports; i++)
		if (ports_same(&options->ports[i], port))
			error_usage("-p %s: port %u was given before: choose another", value,
				port->outer);
	options->n_ports++;
}

static void set_disk(struct options *options, const char *value)
{
	if (options->n_disks == DISKS_MAX)
		error_usage("--disk %s: at most %d disks can be given", value, DISKS_MAX);
	disks_read(value, &options->disks[options->n_disks++]);
}

static void set_no_net(struct options *options, const char *value)
{
	(void)value;
	options->no_net = true;
}

static void set_symbols(struct options *options, const char *value)
{
	check_path("--symbols", value, S_IFREG);
	options->symbols = value;
}

static void set_verbose(struct options *options, const char *value)
{
	(void)value;
	options->verbose = true;
}

static void set_help(struct options *options, const char *value)
{
	(void)value;
	options->help = true;
}

static const struct option table[] = {
	{"--memory", "SIZE", set_memory, VM_OF_OPTIONS},
	{"--memory", "SIZE", set_machine_memory, BIT(COMMAND_UP)},
	{"--writable", "SIZE", set_writable, VM_OF_OPTIONS},
	{"--cpus", "NUMBER", set_cpus, VM_OF_OPTIONS},
	{"--kernel", "FILE", set_kernel, VM_OF_OPTIONS},
	{"--append", "ARGUMENTS", set_append, VM_OF_OPTIONS},
	{"--image", "FOLDER", set_image, VM_OF_OPTIONS},
	{"--verbose", NULL, set_verbose, VM_OF_OPTIONS},
	{"--transport", "pci|mmio", set_transport, VM_OF_OPTIONS},
	{"-p", "PORT:VM-PORT", set_publish, ON_QEMU},
	{"--publish", "PORT:VM-PORT", set_publish, ON_QEMU},
	{"--disk", "FILE[,ro]", set_disk, ON_QEMU},
	{"--no-net", NULL, set_no_net, ON_QEMU},
	{"--machine", "NAME", set_machine, ON_QEMU},
	{"--harts", "NUMBER", set_harts, ON_QEMU},
	{"--cpu", "MODEL", set_cpu, ON_QEMU},
	{"--symbols", "FILE", set_symbols, BIT(COMMAND_DEBUG)},
	{"--help", NULL, set_help, ~0u},
	{"-h", NULL, set_help, ~0u},
};

/* Is `word` the option's name, or NAME=VALUE? */
static bool names(const char *word, const struct option *option)
{
	const size_t length = strcspn(word, "=");

	return !strncmp(option->name, word, length) && !option->name[length];
}

/* NULL: no command has it. One of the command's own goes before one of another's. */
static const struct option *find(const char *word, enum options_command command)
{
	const struct option *found = NULL;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!names(word, &table[i]))
			continue;
		found = &table[i];
		if (found->commands & BIT(command))
			break;
	}
	return found;
}

/* Returns how many words the option took. */
static unsigned read_option(struct options *options, char **words, enum options_command command)
{
	const struct option *option = find(words[0], command);
	const char *value = strchr(words[0], '=');
	unsigned taken = 1;

	if (!option)
		error_usage("unknown option %s: `vesper help` lists them", words[0]);
	if (!(option->commands & BIT(command)))
		error_usage("%s is no option of `vesper %s`: `vesper help` lists them",
			option->name, commands[command].name);
	if (!option->value && value)
		error_usage("%s takes no value", option->name);
	value = value ? value + 1 : NULL;
	if (option->value && !value) {
		value = words[taken++];
		if (!value)
			error_usage("%s needs a value: %s %s", option->name, option->name,
				option->value);
	}
	option->set(options, value);
	return taken;
}

static unsigned n_files(const struct options *options)
{
	unsigned n = 0;

	while (n < OPTIONS_FILES_MAX && options->files[n])
		n++;
	return n;
}

static void read_file(struct options *options, const char *word, enum options_command command)
{
	const unsigned n = n_files(options);

	if (!commands[command].files)
		error_usage("%s is no option: a program to run follows `--`", word);
	if (n == commands[command].files)
		error_usage("%s is one word too many: `vesper help` shows the commands", word);
	options->files[n] = word;
}

/* After the last option, so that --help is not a mistake. */
static void check_files(const struct options *options, enum options_command command)
{
	if (options->help)
		return;
	if (n_files(options) < commands[command].files)
		error_usage("%s", commands[command].missing);
	if (options->files[0])
		check_path(commands[command].name, options->files[0], S_IFREG);
}

static void read_program(struct options *options, char **words, enum options_command command)
{
	if (!(BIT(command) & VM_OF_OPTIONS))
		error_usage("`--` and a program are for `vesper run`");
	if (!*words)
		error_usage("-- must be followed by a program");
	options->program = words;
}

void options_read(struct options *options, char **words, enum options_command command)
{
	*options = (struct options){
		.memory_mib = 512,
		.writable_mib = 64,
		.cpus = 1,
		.append = "",
		.machine = qemu_machine("default"),
	};
	while (*words && strcmp(*words, "--") != 0) {
		if (**words == '-')
			words += read_option(options, words, command);
		else
			read_file(options, *words++, command);
	}
	if (*words)
		read_program(options, words + 1, command);
	if (options->no_net && options->n_ports)
		error_usage(
			"-p %s needs the network that --no-net leaves out", options->ports[0].text);
	check_files(options, command);
}
