/* SPDX-License-Identifier: MIT */
#include "cli/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/error.h"
#include "cli/initramfs.h"
#include "cli/parts.h"
#include "cli/process.h"
#include "cli/text.h"
#include "cli/workdir.h"

#define SHOW_AFTER_TICKS 5 /* a second: shorter steps say nothing */

static const char *packed; /* the image that is being written */

static uint64_t size_of(const char *path)
{
	struct stat stat_of;

	return stat(path, &stat_of) ? 0 : (uint64_t)stat_of.st_size;
}

static void show_packing(void)
{
	static unsigned ticks;

	if (++ticks > SHOW_AFTER_TICKS && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kvesper: packing the image: %llu MiB",
			(unsigned long long)(size_of(packed) >> 20));
	else if (ticks == SHOW_AFTER_TICKS)
		fputs("vesper: packing the image\n", stderr);
}

/* Makes the folder an EROFS image, uncompressed so that Vesper serves it in place. */
static void pack_image(const char *folder)
{
	struct command mkfs;
	char *path = realpath(folder, NULL);

	if (!path)
		error_exit("--image %s cannot be read", folder);
	packed = workdir_path("root");
	command_begin(&mkfs, "mkfs.erofs");
	command_add(&mkfs, "--preserve-mtime");
	/* An ordinary user's folder becomes root's in the VM; root's may hold owners of its own. */
	if (geteuid())
		command_add(&mkfs, "--all-root");
	command_add(&mkfs, packed);
	command_add(&mkfs, path);
	process_run(&mkfs, "mkfs.log", show_packing);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	free(path);
}

static void write_sources(const struct options *options)
{
	FILE *file = workdir_open("initramfs");

	initramfs_write(file, options->program);
	workdir_close(file, "initramfs");

	file = workdir_open("config.dts");
	config_write(file, options, config_bootargs(options));
	workdir_close(file, "config.dts");

	file = workdir_open("bundle.its");
	config_write_fit(file);
	workdir_close(file, "bundle.its");
}

static void compile_config(void)
{
	struct command dtc;

	command_begin(&dtc, "dtc");
	command_add(&dtc, "-q");
	command_add(&dtc, "-Odtb");
	command_add(&dtc, "-oconfig.dtb");
	command_add(&dtc, "config.dts");
	dtc.folder = workdir_path("");
	process_run(&dtc, "dtc.log", NULL);
}

/* -E -B 1000: components outside of the tree, each at a multiple of 4 KiB, so usable in place. */
static void compile_fit(void)
{
	struct command mkimage;

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
static struct built_bundle take(const char *path)
{
	const int fd = open(path, O_RDONLY); /* not O_CLOEXEC: QEMU reads it */

	if (fd < 0)
		error_exit("%s cannot be read: %s", path, strerror(errno));
	workdir_empty();
	return (struct built_bundle){
		.path = text_format("/proc/self/fd/%d", fd),
		.size = size_of(text_format("/proc/self/fd/%d", fd)),
	};
}

struct built_bundle bundle_build(const struct options *options)
{
	write_sources(options);
	workdir_link("kernel", options->kernel ? options->kernel : parts_path("debian/vmlinuz"));
	if (options->image)
		pack_image(options->image);
	else
		workdir_link("root", parts_path("root.erofs"));
	compile_config();
	compile_fit();
	return take(workdir_path("bundle.fit"));
}
