/* SPDX-License-Identifier: MIT */
#include "tests/unit/fit.h"

#include <libfdt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TREE_SIZE 2048

static void check(int result)
{
	if (result)
		abort();
}

static void write_image(void *fit, const struct fit_image *image, const char *where, size_t offset)
{
	check(fdt_begin_node(fit, image->name));
	check(fdt_property_string(fit, "compression", "none"));
	check(fdt_property_u32(fit, where, (uint32_t)offset));
	check(fdt_property_u32(fit, "data-size", (uint32_t)image->size));
	check(fdt_end_node(fit));
}

static size_t up8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static void write_tree(void *fit, const struct fit_image *images, unsigned n, int position)
{
	size_t at = position ? TREE_SIZE : 0;

	check(fdt_create(fit, TREE_SIZE));
	check(fdt_finish_reservemap(fit));
	check(fdt_begin_node(fit, ""));
	check(fdt_begin_node(fit, "images"));
	for (unsigned i = 0; i < n; i++) {
		write_image(fit, &images[i], position ? "data-position" : "data-offset", at);
		at += up8(images[i].size);
	}
	check(fdt_end_node(fit));
	check(fdt_begin_node(fit, "configurations"));
	check(fdt_property_string(fit, "default", "conf"));
	check(fdt_begin_node(fit, "conf"));
	check(fdt_property_string(fit, "fdt", "config"));
	check(fdt_end_node(fit));
	check(fdt_end_node(fit));
	check(fdt_end_node(fit));
	check(fdt_finish(fit));
	fdt_set_totalsize(fit, TREE_SIZE);
}

void *fit_make(const struct fit_image *images, unsigned n, int position, size_t *size)
{
	size_t at = TREE_SIZE;
	char *fit;

	*size = TREE_SIZE;
	for (unsigned i = 0; i < n; i++)
		*size += up8(images[i].size);
	fit = calloc(1, *size);
	if (!fit)
		abort();
	write_tree(fit, images, n, position);
	for (unsigned i = 0; i < n; i++) {
		memcpy(fit + at, images[i].data, images[i].size);
		at += up8(images[i].size);
	}
	return fit;
}
