/* SPDX-License-Identifier: MIT */
/*
 * The partitions of a disk, from its GUID partition table. Anybody may have written the disk: what is returned
 * lies inside of it, and names hold no control characters.
 */
#ifndef VESPER_BACKENDS_GPT_H
#define VESPER_BACKENDS_GPT_H

#include <stdbool.h>

#include "include/abi/gpt.h"
#include "include/status.h"

#define GPT_PARTITIONS_MAX 128
#define GPT_NAME_MAX       (3 * GPT_NAME_UNITS + 1) /* bytes of UTF-8, with the NUL */

struct gpt_partition {
	uint64_t offset, size; /* bytes */
	unsigned number;       /* its place in the table, from 1 */
	char name[GPT_NAME_MAX];
};

struct gpt {
	bool backup; /* the copy at the disk's end was used: the first is damaged */
	unsigned n;
	struct gpt_partition partition[GPT_PARTITIONS_MAX]; /* by number */
};

/*
 * Reads the table of the machine's disk `disk`, at boot. ERR_NOT_FOUND: it has none; ERR_INVALID: both copies are damaged, or
 * larger than what is read; ERR_IO. Then `out` has no partitions.
 */
MUST_CHECK enum status gpt_read(unsigned disk, struct gpt *out);

#endif
