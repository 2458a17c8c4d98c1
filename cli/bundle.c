/* SPDX-License-Identifier: MIT */
#include "cli/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/error.h"
#include "cli/images.h"
#include "cli/process.h"
#include "cli/text.h"
#include "cli/workdir.h"

/* Returns its path. */
static const char *write_config(const struct options *options)
{
	FILE *file = workdir_open("config.dts");

	config_write(file, options, config_bootargs(options));
	workdir_close(file, "config.dts");
	return workdir_path("config.dts");
}

/* dtc runs in the user's folder, so that it names the file as the user does. */
static void compile_config(const char *source, const char *output)
{
	struct command dtc;

	command_begin(&dtc, "dtc");
	command_add(&dtc, "-q");
	command_add(&dtc, "-Idts");
	command_add(&dtc, "-Odtb");
	command_add(&dtc, "-o");
	command_add(&dtc, output);
	command_add(&dtc, source);
	dtc.talks = true;
	process_run(&dtc, "dtc.log", NULL);
}

/* Paths in the configuration are relative to its folder. */
static void provide(const struct images *images, const char *source, const struct options *options)
{
	char *path = text_format("%s", source);

	images_provide(images, dirname(path), options->program);
	free(path);
}

/* -E -B 1000: components outside of the tree, each at a multiple of 4 KiB, so usable in place. */
static void compile_fit(const struct images *images)
{
	struct command mkimage;
	FILE *file = workdir_open("bundle.its");

	images_write_fit(images, file);
	workdir_close(file, "bundle.its");
	command_begin(&mkimage, "mkimage");
	command_add(&mkimage, "-E");
	command_add(&mkimage, "-B");
	command_add(&mkimage, "1000");
	command_add(&mkimage, "-f");
	command_add(&mkimage, "bundle.its");
	command_add(&mkimage, "bundle.fit");
	mkimage.folder = workdir_path("");
	process_run(&mkimage, "mkimage.log", NULL);
}

/* The finished bundle; the folder is emptied. */
static void take(struct built_bundle *bundle, const char *path)
{
	const int fd = open(path, O_RDONLY); /* not O_CLOEXEC: QEMU reads it */
	struct stat stat_of;

	if (fd < 0 || fstat(fd, &stat_of))
		error_exit("%s cannot be read: %s", path, strerror(errno));
	workdir_empty();
	bundle->path = text_format("/proc/self/fd/%d", fd);
	bundle->size = (uint64_t)stat_of.st_size;
}

struct built_bundle bundle_build(const struct options *options)
{
	const char *source = options->files[0] ? options->files[0] : write_config(options);
	struct built_bundle built;
	struct images images;
	struct tree tree;

	compile_config(source, workdir_path("source.dtb"));
	tree_load(&tree, workdir_path("source.dtb"), source);
	if (options->files[0])
		tree_set_source(&tree);
	images_collect(&images, &tree);
	provide(&images, source, options);
	tree_save(&tree, "config.dtb");
	compile_fit(&images);
	built.needs = tree_needs(&tree);
	take(&built, workdir_path("bundle.fit"));
	images_free(&images);
	tree_free(&tree);
	return built;
}

/* ---- vesper bundle ---- */

/* A configuration is quickly overwritten by swapping two words, and hard to write again. */
static void check_output(const char *source, const char *output)
{
	struct stat a, b;

	if (!stat(source, &a) && !stat(output, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		error_usage("%s would be overwritten: `vesper bundle FILE.dts OUT.fit`", source);
}

/* 0, or an errno. */
static int copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = in ? fopen(to, "w") : NULL;
	static char bytes[1 << 16];
	size_t count;
	int failed;

	if (!out)
		return errno;
	while ((count = fread(bytes, 1, sizeof(bytes), in)) > 0)
		if (fwrite(bytes, 1, count, out) != count)
			break;
	failed = ferror(in) || ferror(out) ? errno : 0;
	fclose(in);
	return fclose(out) && !failed ? errno : failed;
}

int bundle(const struct options *options)
{
	const char *output = options->files[1];
	struct built_bundle built;
	int failed;

	check_output(options->files[0], output);
	process_catch_signals();
	workdir_create();
	built = bundle_build(options);
	failed = copy(built.path, output);
	if (failed)
		error_exit("%s cannot be written: %s", output, strerror(failed));
	printf("%s: %u VM%s, %llu MiB\n", output, built.needs.vms, built.needs.vms == 1 ? "" : "s",
		(unsigned long long)(built.size >> 20));
	return fflush(stdout) ? EXIT_FAILED : 0;
}
