/* SPDX-License-Identifier: MIT */
/* Compares an EROFS image with a directory of the host, in a cmocka test. */
#ifndef VESPER_TESTS_UNIT_EROFS_COMPARE_H
#define VESPER_TESTS_UNIT_EROFS_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/fs/erofs.h"

struct erofs_compare {
	const struct erofs *fs;
	bool mtimes; /* whether the image keeps them */
	/* What was found equal. */
	unsigned files, holes, xattrs;
	uint64_t hole_bytes;
};

/* Fails the test where the inode, or anything below it, differs from `path`. */
void erofs_compare(struct erofs_compare *c, const char *path, uint64_t nid);

#endif
