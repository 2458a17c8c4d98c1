/* SPDX-License-Identifier: MIT */
/*
 * Writes a cpio archive of the "newc" kind, the form that Linux unpacks an
 * initramfs from (Documentation/driver-api/early-userspace/buffer-format.rst).
 * Everything belongs to root and bears no time, so equal contents give equal
 * bytes. Write errors stay in the stream: check ferror() after cpio_end().
 */
#ifndef VESPER_CLI_CPIO_H
#define VESPER_CLI_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cpio {
	FILE *out;
	uint32_t entries;
	uint64_t written; /* bytes so far */
};

void cpio_begin(struct cpio *cpio, FILE *out);

/* Names have no leading slash; a file's folder must have been added before. size < 4 GiB. */
void cpio_add_dir(struct cpio *cpio, const char *name);
void cpio_add_file(
	struct cpio *cpio, const char *name, unsigned permissions, const void *data, size_t size);

void cpio_add_link(struct cpio *cpio, const char *name, const char *target);

void cpio_end(struct cpio *cpio);

#endif
