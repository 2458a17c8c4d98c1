/* SPDX-License-Identifier: MIT */
#include "cli/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "cli/embedded.h"
#include "cli/error.h"
#include "cli/parts.h"
#include "cli/text.h"

static void add_part(struct cpio *cpio, const char *name, unsigned permissions, const char *part)
{
	const char *path = parts_path(part);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat_of;
	void *data = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &stat_of) && stat_of.st_size > 0)
		data = mmap(NULL, (size_t)stat_of.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		error_exit("%s cannot be read: build it again with `make`", path);
	cpio_add_file(cpio, name, permissions, data, (size_t)stat_of.st_size);
	munmap(data, (size_t)stat_of.st_size);
	close(fd);
}

static void add_embedded(
	struct cpio *cpio, const char *name, unsigned permissions, const struct embedded *file)
{
	cpio_add_file(cpio, name, permissions, file->data, embedded_size(file));
}

/* The words as one line of shell, which keeps them apart whatever they hold. */
static void add_program(struct cpio *cpio, char *const *program)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		error_exit("out of memory");
	fputs("set --", out);
	for (; *program; program++) {
		fputc(' ', out);
		text_shell_word(out, *program);
	}
	fputc('\n', out);
	fclose(out);
	cpio_add_file(cpio, "program", 0644, line, size);
	free(line);
}

void initramfs_write(FILE *out, char *const *program)
{
	static const char *const folders[] = {"bin", "dev", "newroot", "proc", "run", "sys"};
	struct cpio cpio;

	cpio_begin(&cpio, out);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		cpio_add_dir(&cpio, folders[i]);
	add_part(&cpio, "bin/busybox", 0755, "debian/busybox");
	add_part(&cpio, "virtio_mmio.ko", 0644, "debian/virtio_mmio.ko");
	add_embedded(&cpio, "init", 0755, &embedded_init);
	add_embedded(&cpio, "session", 0644, &embedded_session);
	if (program)
		add_program(&cpio, program);
	cpio_end(&cpio);
}
