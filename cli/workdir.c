/* SPDX-License-Identifier: MIT */
#include "cli/workdir.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/text.h"

static char *workdir;

static int remove_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	(void)stat_of;
	(void)type;
	if (walk->level)
		remove(path);
	return 0;
}

void workdir_empty(void)
{
	/* Folders after what is in them, and no link is followed. */
	nftw(workdir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void workdir_remove(void)
{
	workdir_empty();
	rmdir(workdir);
}

void workdir_create(void)
{
	const char *parent = getenv("TMPDIR");

	workdir = text_format("%s/vesper-XXXXXX", parent && *parent == '/' ? parent : "/tmp");
	if (!mkdtemp(workdir))
		error_exit("%s cannot be made (%s): set TMPDIR to a folder with room", workdir,
			strerror(errno));
	atexit(workdir_remove);
}

char *workdir_path(const char *name)
{
	return text_format("%s/%s", workdir, name);
}

FILE *workdir_open(const char *name)
{
	FILE *file = fopen(workdir_path(name), "w");

	if (!file)
		error_exit("%s cannot be written: %s", workdir_path(name), strerror(errno));
	return file;
}

void workdir_close(FILE *file, const char *name)
{
	int failed = ferror(file);

	if (fclose(file) || failed)
		error_exit("%s cannot be written (is the disk full?): set TMPDIR to a folder with "
			   "room",
			workdir_path(name));
}

void workdir_link(const char *name, const char *target)
{
	char *path = realpath(target, NULL);

	if (!path || symlink(path, workdir_path(name)))
		error_exit("%s: %s", target, strerror(errno));
	free(path);
}
