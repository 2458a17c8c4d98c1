/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/text.h"

#define MEMORY_MIB_MIN   96 /* Debian's kernel panics in 64 */
#define MEMORY_MIB_MAX   (1024 * 1024)
#define WRITABLE_MIB_MAX (64 * 1024)

struct option {
	const char *name;
	const char *value; /* what the user gives, for messages; NULL: it is a switch */
	void (*set)(struct options *options, const char *value);
	bool debug_only;
};

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

static void set_image(struct options *options, const char *value)
{
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
	{"--memory", "SIZE", set_memory, false},
	{"--writable", "SIZE", set_writable, false},
	{"--kernel", "FILE", set_kernel, false},
	{"--append", "ARGUMENTS", set_append, false},
	{"--image", "FOLDER", set_image, false},
	{"--cpu", "MODEL", set_cpu, false},
	{"--symbols", "FILE", set_symbols, true},
	{"--verbose", NULL, set_verbose, false},
	{"--help", NULL, set_help, false},
	{"-h", NULL, set_help, false},
};

/* `word` is the option's name, or NAME=VALUE; *value is then the VALUE. */
static const struct option *find(const char *word, const char **value)
{
	const size_t length = strcspn(word, "=");

	*value = word[length] ? word + length + 1 : NULL;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(table[i].name, word, length) && !table[i].name[length])
			return &table[i];
	return NULL;
}

/* Returns how many words the option took. */
static unsigned read_option(struct options *options, char **words, bool debug)
{
	const char *value;
	const struct option *option = find(words[0], &value);
	unsigned taken = 1;

	if (!option)
		error_usage(words[0][0] == '-' ? "unknown option %s: `vesper help` lists them"
					       : "%s is no option: a program to run follows `--`",
			words[0]);
	if (option->debug_only && !debug)
		error_usage("%s is an option of `vesper debug`", option->name);
	if (!option->value && value)
		error_usage("%s takes no value", option->name);
	if (option->value && !value) {
		value = words[taken++];
		if (!value)
			error_usage("%s needs a value: %s %s", option->name, option->name,
				option->value);
	}
	option->set(options, value);
	return taken;
}

void options_read(struct options *options, char **words, bool debug)
{
	*options = (struct options){
		.memory_mib = 512,
		.writable_mib = 64,
		.append = "",
		.cpu = "rv64,h=true",
	};
	while (*words && strcmp(*words, "--") != 0)
		words += read_option(options, words, debug);
	if (*words && !words[1])
		error_usage("-- must be followed by a program");
	if (*words)
		options->program = words + 1;
}
