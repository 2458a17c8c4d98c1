/* SPDX-License-Identifier: MIT */
/* Bundles made in memory for tests: the tree in front, the images behind it, as mkimage -E lays them out. */
#ifndef VESPER_TESTS_UNIT_FIT_H
#define VESPER_TESTS_UNIT_FIT_H

#include <stddef.h>

struct fit_image {
	const char *name;
	const void *data;
	size_t size;
};

/*
 * A FIT whose default configuration's fdt is "config", with external data at multiples of 8.
 * The caller frees. `position`: data-position instead of data-offset.
 */
void *fit_make(const struct fit_image *images, unsigned n, int position, size_t *size);

#endif
