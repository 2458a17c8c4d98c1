/* SPDX-License-Identifier: MIT */
/*
 * An entry is a header of thirteen 8-digit hexadecimal fields after the magic,
 * the name with its NUL, and the data; name and data are padded to 4 bytes. An
 * entry called TRAILER!!! ends the archive.
 */
#include "cli/cpio.h"

#include <string.h>
#include <sys/stat.h>

void cpio_begin(struct cpio *cpio, FILE *out)
{
	*cpio = (struct cpio){.out = out};
}

static void put(struct cpio *cpio, const void *data, size_t size)
{
	fwrite(data, 1, size, cpio->out);
	cpio->written += size;
}

static void pad(struct cpio *cpio)
{
	put(cpio, "\0\0\0", (size_t)(-cpio->written & 3));
}

static void add(struct cpio *cpio, const char *name, unsigned mode, const void *data, size_t size)
{
	const unsigned ino = ++cpio->entries;
	const unsigned links = S_ISDIR(mode) ? 2 : 1;
	const unsigned name_size = (unsigned)strlen(name) + 1;
	const unsigned fields[13] = {
		ino, mode, 0, 0, links, 0, (unsigned)size, 0, 0, 0, 0, name_size, 0};

	put(cpio, "070701", 6);
	for (size_t i = 0; i < 13; i++) {
		char digits[9];
		snprintf(digits, sizeof(digits), "%08X", fields[i]);
		put(cpio, digits, 8);
	}
	put(cpio, name, name_size);
	pad(cpio);
	put(cpio, data, size);
	pad(cpio);
}

void cpio_add_dir(struct cpio *cpio, const char *name)
{
	add(cpio, name, S_IFDIR | 0755, "", 0);
}

void cpio_add_file(
	struct cpio *cpio, const char *name, unsigned permissions, const void *data, size_t size)
{
	add(cpio, name, S_IFREG | permissions, data, size);
}

void cpio_add_link(struct cpio *cpio, const char *name, const char *target)
{
	add(cpio, name, S_IFLNK | 0777, target, strlen(target));
}

void cpio_end(struct cpio *cpio)
{
	add(cpio, "TRAILER!!!", 0, "", 0);
}
