/* SPDX-License-Identifier: MIT */
/* What the files of the disk backend share: what a configuration names, found among the machine's disks; and its messages. */
#ifndef VESPER_BACKENDS_DISK_PARTS_H
#define VESPER_BACKENDS_DISK_PARTS_H

#include "backends/cow.h"
#include "backends/disk.h"

/* A line that is put together; what does not fit is cut. */
struct text {
	char *at;
	size_t room; /* with the NUL */
};

void text_begin(struct text *text, char *buffer, size_t size);
__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format, ...);

struct disk_piece {
	unsigned disk;
	uint64_t offset, size; /* bytes, multiples of the disk's block size */
};

/* The piece of a physical disk that `spec` names. ERR_NOT_FOUND, ERR_INVALID: `why` is said. */
MUST_CHECK enum status disk_find(
	const struct vm_disk *spec, struct disk_piece *out, struct text *why);

/* What `spec` names, in the configuration's terms. */
void disk_name(struct text *text, const struct vm_disk *spec);

#endif
