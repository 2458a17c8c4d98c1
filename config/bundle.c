/* SPDX-License-Identifier: MIT */
/*
 * FIT layout (u-boot doc/usage/fit): /images/NAME holds `data`, or says where
 * it lies outside of the tree: `data-offset` counts from the end of the tree
 * (rounded up to 4), `data-position` from the start of the file.
 * Components are used in place, so they must be uncompressed and aligned.
 */
#include "config/bundle.h"

#include <libfdt.h>
#include <string.h>

#include "config/dt.h"
#include "lib/addr.h"

#define COMPONENT_ALIGN 8 /* what libfdt and the Image header want */

static enum status fail(struct config_error *err, const char *text)
{
	config_error_set(err, "%s", text);
	return ERR_INVALID;
}

static enum status check_tree(const void *data, size_t size, struct config_error *err)
{
	int broken;

	if (!data || !size)
		return fail(err, "empty");
	if ((uintptr_t)data % COMPONENT_ALIGN)
		return fail(err, "not at an address that is a multiple of 8");
	if (size < sizeof(struct fdt_header) || fdt_magic(data) != FDT_MAGIC)
		return fail(err, "not a FIT: make it with mkimage -E -B 1000 -f bundle.its FILE");
	if (fdt_totalsize(data) > size)
		return fail(err, "cut short: write or load the whole file again");
	broken = dt_check(data, size);
	if (broken) {
		config_error_set(err, "damaged (%s): build it again", fdt_strerror(broken));
		return ERR_INVALID;
	}
	return OK;
}

/* The name of the image that the default configuration gives as `fdt`. */
static const char *config_name(const void *fit, struct config_error *err)
{
	int configurations = fdt_path_offset(fit, "/configurations");
	const char *name = NULL, *image;
	int node;

	if (configurations >= 0)
		name = dt_string(fit, configurations, "default");
	if (!name) {
		(void)fail(err, "no default configuration: its /configurations needs `default`");
		return NULL;
	}
	node = fdt_subnode_offset(fit, configurations, name);
	if (node < 0) {
		config_error_set(err, "the default configuration \"%s\" does not exist", name);
		return NULL;
	}
	image = dt_string(fit, node, "fdt");
	if (!image)
		config_error_set(err,
			"configuration \"%s\" needs fdt = \"IMAGE\", the VM configuration", name);
	return image;
}

enum status bundle_open(struct bundle *b, const void *data, size_t size, struct config_error *err)
{
	enum status status = check_tree(data, size, err);
	const char *name;

	if (status != OK)
		return status;
	*b = (struct bundle){.fit = data, .size = size};
	name = config_name(data, err);
	if (!name)
		return ERR_INVALID;
	return bundle_find(b, name, &b->config, err) == OK ? OK : ERR_INVALID;
}

/* Where the component lies in the file; false: nowhere. */
static bool locate(const struct bundle *b, int node, uint64_t *offset, uint64_t *size)
{
	int len;
	const char *data = fdt_getprop(b->fit, node, "data", &len);
	uint64_t tree_end = ((uint64_t)fdt_totalsize(b->fit) + 3) & ~3ull;

	if (data) {
		*offset = (uint64_t)(data - (const char *)b->fit);
		*size = (uint64_t)len;
		return true;
	}
	if (!dt_number(b->fit, node, "data-size", size))
		return false;
	if (dt_number(b->fit, node, "data-position", offset))
		return true;
	if (!dt_number(b->fit, node, "data-offset", offset) || *offset > b->size)
		return false;
	*offset += tree_end;
	return true;
}

/* NULL: usable. */
static const char *problem(const struct bundle *b, int node, uint64_t *offset, uint64_t *size)
{
	const char *compression = dt_string(b->fit, node, "compression");

	if (compression && strcmp(compression, "none") != 0)
		return "is compressed, but is used in place: set compression = \"none\"";
	if (!locate(b, node, offset, size))
		return "has no data: build the bundle again";
	if (!*size)
		return "is empty";
	if (!range_inside(*offset, *size, 0, b->size))
		return "reaches past the end: the bundle is cut short, load the whole file";
	if (*offset % COMPONENT_ALIGN)
		return "is not aligned to 8: build the bundle with mkimage -E -B 1000";
	return NULL;
}

enum status bundle_find(
	const struct bundle *b, const char *name, struct blob *out, struct config_error *err)
{
	int images = fdt_path_offset(b->fit, "/images");
	int node = images < 0 ? images : fdt_subnode_offset(b->fit, images, name);
	uint64_t offset, size;
	const char *text;

	if (node < 0) {
		config_error_set(err, "image \"%s\" is not in the bundle", name);
		return ERR_NOT_FOUND;
	}
	text = problem(b, node, &offset, &size);
	if (text) {
		config_error_set(err, "image \"%s\" %s", name, text);
		return ERR_INVALID;
	}
	*out = (struct blob){.data = (const char *)b->fit + offset, .size = (size_t)size};
	return OK;
}
