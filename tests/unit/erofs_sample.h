/* SPDX-License-Identifier: MIT */
/*
 * A directory tree with one of everything, and images of it made by
 * mkfs.erofs, for tests of the EROFS reader.
 */
#ifndef VESPER_TESTS_UNIT_EROFS_SAMPLE_H
#define VESPER_TESTS_UNIT_EROFS_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#define SAMPLE_ENTRIES    3000    /* files in the directory "many" */
#define SAMPLE_HOLE_START 131072  /* in the file "sparse", up to SAMPLE_HOLE_END */
#define SAMPLE_HOLE_END   1048576 /* a multiple of every chunk size the tests use */

struct sample {
	char dir[64]; /* the tree's root on the host */
	char image[80];
	bool devices, xattrs; /* what the host let us make */
};

struct sample_image {
	void *data; /* allocated: a byte past its end is a sanitizer's report */
	size_t size;
};

void sample_create(struct sample *sample);
void sample_remove(const struct sample *sample);

/* Makes an image with these mkfs.erofs options; aborts where that fails. */
struct sample_image sample_image(const struct sample *sample, const char *options);

#endif
