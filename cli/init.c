/* SPDX-License-Identifier: MIT */
#include "cli/init.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "cli/error.h"
#include "cli/parts.h"
#include "cli/process.h"
#include "cli/text.h"

/* Writes the words as one line of shell, which keeps them apart whatever they hold. */
static void write_program(FILE *out, char *const *program)
{
	fputs("set --", out);
	for (; *program; program++) {
		fputc(' ', out);
		text_shell_word(out, *program);
	}
	fputc('\n', out);
}

/* ---- as a folder ---- */

void init_write_folder(const char *path, char *const *program)
{
	struct command copy;
	FILE *out;

	command_begin(&copy, "cp");
	command_add(&copy, "-R");
	command_add(&copy, parts_path("init"));
	command_add(&copy, path);
	process_run(&copy, "cp.log", NULL);
	if (!program)
		return;
	out = fopen(text_format("%s/program", path), "w");
	if (!out)
		error_exit("%s/program cannot be written: %s", path, strerror(errno));
	write_program(out, program);
	if (ferror(out) | fclose(out))
		error_exit("%s/program cannot be written: set TMPDIR to a folder with room", path);
}

/* ---- as an initramfs ---- */

/* nftw() has no argument to pass on. */
static struct {
	struct cpio *cpio;
	size_t prefix; /* bytes of a path that lead to the folder, with the slash */
} walked;

static void add_file(const char *name, const char *path, const struct stat *stat_of)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const size_t size = (size_t)stat_of->st_size;
	void *data = MAP_FAILED;

	if (fd >= 0 && size)
		data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd < 0 || (size && data == MAP_FAILED))
		error_exit("%s cannot be read: build it again with `make`", path);
	cpio_add_file(walked.cpio, name, stat_of->st_mode & 0777, size ? data : "", size);
	if (size)
		munmap(data, size);
	close(fd);
}

static void add_link(const char *name, const char *path)
{
	char target[PATH_MAX];
	const ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		error_exit("%s cannot be read: build it again with `make`", path);
	target[length] = 0;
	cpio_add_link(walked.cpio, name, target);
}

static int add_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	const char *name = path + walked.prefix;

	if (!walk->level)
		return 0;
	if (type == FTW_D)
		cpio_add_dir(walked.cpio, name);
	else if (type == FTW_F)
		add_file(name, path, stat_of);
	else if (type == FTW_SL)
		add_link(name, path);
	else
		error_exit("%s cannot be read: build it again with `make`", path);
	return 0;
}

static void add_program(struct cpio *cpio, char *const *program)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		error_exit("out of memory");
	write_program(out, program);
	fclose(out);
	cpio_add_file(cpio, "program", 0644, line, size);
	free(line);
}

void init_write_cpio(FILE *out, char *const *program)
{
	char *folder = parts_path("init");
	struct cpio cpio;

	cpio_begin(&cpio, out);
	walked.cpio = &cpio;
	walked.prefix = strlen(folder) + 1;
	if (nftw(folder, add_one, 8, FTW_PHYS))
		error_exit("%s cannot be read: build it again with `make`", folder);
	if (program)
		add_program(&cpio, program);
	cpio_end(&cpio);
	free(folder);
}
