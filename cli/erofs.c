/* SPDX-License-Identifier: MIT */
#include "cli/erofs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/process.h"

#define SHOW_AFTER_TICKS 5 /* a second: shorter steps say nothing */

static const char *packed; /* the image that is being written */

static void show_packing(void)
{
	static unsigned ticks;
	struct stat stat_of;
	const unsigned long long bytes =
		stat(packed, &stat_of) ? 0 : (unsigned long long)stat_of.st_size;

	if (++ticks > SHOW_AFTER_TICKS && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kvesper: packing the image: %llu MiB", bytes >> 20);
	else if (ticks == SHOW_AFTER_TICKS)
		fputs("vesper: packing the image\n", stderr);
}

void erofs_pack(const char *folder, const char *image)
{
	struct command mkfs;
	char *path = realpath(folder, NULL);

	if (!path)
		error_exit("%s cannot be read", folder);
	packed = image;
	command_begin(&mkfs, "mkfs.erofs");
	command_add(&mkfs, "--preserve-mtime");
	/* An ordinary user's folder becomes root's in the VM; root's may hold owners of its own. */
	if (geteuid())
		command_add(&mkfs, "--all-root");
	command_add(&mkfs, image);
	command_add(&mkfs, path);
	process_run(&mkfs, "mkfs.log", show_packing);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	free(path);
}
