/* SPDX-License-Identifier: MIT */
#include "cli/tree.h"

#include <libfdt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"
#include "cli/text.h"
#include "cli/workdir.h"
#include "include/vm_spec.h"

#define NODE_PATH_MAX 256
#define SOURCE_MAX    64 /* characters: an error line of Vesper has 200 in all */

/* Moves the tree to `size` bytes, of which it may use all. */
static void resize(struct tree *tree, const void *from, size_t size)
{
	void *to = malloc(size);

	if (!to || fdt_open_into(from, to, (int)size))
		error_exit("%s: the compiled configuration cannot be edited", tree->file);
	free(tree->fdt);
	tree->fdt = to;
}

void tree_load(struct tree *tree, const char *path, const char *file)
{
	FILE *in = fopen(path, "r");
	char *data = NULL;
	size_t size = 0;

	*tree = (struct tree){.file = file};
	while (in && !feof(in) && !ferror(in)) {
		data = realloc(data, size + 4096);
		if (!data)
			error_exit("out of memory");
		size += fread(data + size, 1, 4096, in);
	}
	if (!size || ferror(in) || fdt_check_full(data, size))
		error_exit("%s: what dtc made of it cannot be read", file);
	fclose(in);
	resize(tree, data, size + 4096);
	free(data);
}

void tree_free(struct tree *tree)
{
	free(tree->fdt);
	tree->fdt = NULL;
}

void tree_save(const struct tree *tree, const char *name)
{
	FILE *out = workdir_open(name);

	fdt_pack(tree->fdt);
	fwrite(tree->fdt, 1, fdt_totalsize(tree->fdt), out);
	workdir_close(out, name);
}

/* ---- reading ---- */

/* Cell `index` of the property; 0 if there is none. */
static uint32_t cell(const struct tree *tree, int node, const char *property, int index)
{
	int size;
	const fdt32_t *value = fdt_getprop(tree->fdt, node, property, &size);

	return value && size / 4 > index ? fdt32_ld(value + index) : 0;
}

/* The highest of the harts that the VM is bound to, plus 1. */
static unsigned harts_of(const struct tree *tree, int vm)
{
	unsigned harts = 0;
	int size = 0;

	fdt_getprop(tree->fdt, vm, "harts", &size);
	for (int i = 0; i < size / 4; i++) {
		const uint32_t hart = cell(tree, vm, "harts", i);

		if (hart >= harts && hart < VM_HARTS_MAX)
			harts = hart + 1;
	}
	return harts;
}

struct tree_needs tree_needs(const struct tree *tree)
{
	struct tree_needs needs = {0};
	int vm, device;

	fdt_for_each_subnode(vm, tree->fdt, 0)
	{
		const unsigned harts = harts_of(tree, vm);

		needs.vms++;
		needs.memory_mib += cell(tree, vm, "memory-mib", 0);
		needs.cpus += cell(tree, vm, "cpus", 0);
		needs.harts = harts > needs.harts ? harts : needs.harts;
		fdt_for_each_subnode(device, tree->fdt, vm) needs.memory_mib +=
			cell(tree, device, "writable-mib", 0);
	}
	return needs;
}

char *tree_place(const struct tree *tree, int node, const char *property)
{
	char path[NODE_PATH_MAX];

	if (fdt_get_path(tree->fdt, node, path, sizeof(path)))
		snprintf(path, sizeof(path), "%s", fdt_get_name(tree->fdt, node, NULL));
	return text_format("%s: %s: %s", tree->file, path, property);
}

const char *tree_string(const struct tree *tree, int node, const char *property)
{
	int size;
	const char *value = fdt_getprop(tree->fdt, node, property, &size);

	if (!value)
		return NULL;
	if (size < 2 || memchr(value, 0, (size_t)size) != value + size - 1)
		error_exit("%s must be one string: %s = \"...\"", tree_place(tree, node, property),
			property);
	return value;
}

/* ---- writing ---- */

void tree_set_string(struct tree *tree, int node, const char *property, const char *value)
{
	const int size = (int)strlen(value) + 1;
	int failed;

	while ((failed = fdt_setprop(tree->fdt, node, property, value, size)) == -FDT_ERR_NOSPACE)
		resize(tree, tree->fdt, 2 * (size_t)fdt_totalsize(tree->fdt));
	if (failed)
		error_exit("%s cannot be set: %s", tree_place(tree, node, property),
			fdt_strerror(failed));
}

void tree_set_source(struct tree *tree)
{
	char *path = text_format("%s", tree->file);
	char *source =
		text_format("%.*s", SOURCE_MAX, strlen(path) > SOURCE_MAX ? basename(path) : path);

	for (char *c = source; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	tree_set_string(tree, 0, "source", source);
	free(source);
	free(path);
}
