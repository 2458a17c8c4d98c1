/* SPDX-License-Identifier: MIT */
#include "cli/images.h"

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/erofs.h"
#include "cli/error.h"
#include "cli/init.h"
#include "cli/parts.h"
#include "cli/text.h"
#include "cli/workdir.h"

#define NODE_NAME_MAX  31   /* Devicetree Specification, 2.2.1 */
#define BUNDLE_MIB_MAX 2047 /* mkimage counts bytes in an int */

/* A property that names an image. */
struct image_use {
	const char *property;
	bool folder;      /* may it be a folder, which becomes an EROFS image? */
	const char *type; /* in the FIT; Vesper goes by the configuration alone */
};

static const struct image_use uses[] = {
	/* mkimage wants a load address and an entry of a kernel; Vesper chooses its own. */
	{"kernel", false, "type = \"kernel\"; os = \"linux\"; load = <0>; entry = <0>;"},
	{"initrd", false, "type = \"ramdisk\"; os = \"linux\";"},
	{"image", true, "type = \"filesystem\";"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- names ---- */

/* image-... and config are ours to give. */
static bool is_node_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789,._+-";

	return strspn(name, allowed) == strlen(name) && strlen(name) <= NODE_NAME_MAX &&
	       strncmp(name, "image-", 6) != 0 && strcmp(name, "config") != 0;
}

static const struct image *find(const struct images *images, const char *name)
{
	for (size_t i = 0; i < images->count; i++)
		if (!strcmp(images->list[i].name, name))
			return &images->list[i];
	return NULL;
}

static const struct image *add(
	struct images *images, const char *name, char *place, const struct image_use *use)
{
	struct image *image;

	images->list = reallocarray(images->list, images->count + 1, sizeof(*image));
	if (!images->list)
		error_exit("out of memory");
	image = &images->list[images->count++];
	*image = (struct image){
		.name = text_format("%s", name),
		.file = text_format("image-%zu", images->count),
		.place = place,
		.use = use,
	};
	image->node = text_format("%s", is_node_name(name) ? name : image->file);
	return image;
}

/* The property is of this node, if it has it. */
static void collect(struct images *images, struct tree *tree, int node, const struct image_use *use)
{
	const char *name = tree_string(tree, node, use->property);
	const struct image *image = name ? find(images, name) : NULL;

	if (!name)
		return;
	if (!image)
		image = add(images, name, tree_place(tree, node, use->property), use);
	if (strcmp(image->node, image->name) != 0)
		tree_set_string(tree, node, use->property, image->node);
}

void images_collect(struct images *images, struct tree *tree)
{
	int depth = 0;

	*images = (struct images){0};
	/* A node's own offset stays as it is when its properties change. */
	for (int node = fdt_next_node(tree->fdt, 0, &depth); node >= 0 && depth > 0;
		node = fdt_next_node(tree->fdt, node, &depth))
		for (size_t i = 0; i < COUNT(uses); i++)
			collect(images, tree, node, &uses[i]);
}

void images_free(struct images *images)
{
	for (size_t i = 0; i < images->count; i++) {
		free(images->list[i].name);
		free(images->list[i].node);
		free(images->list[i].file);
		free(images->list[i].place);
	}
	free(images->list);
	*images = (struct images){0};
}

/* ---- files ---- */

static void provide_kernel(const char *file, char *const *program)
{
	(void)program;
	workdir_link(file, parts_path("debian/vmlinuz"));
}

static void provide_initramfs(const char *file, char *const *program)
{
	FILE *out = workdir_open(file);

	init_write_cpio(out, program);
	workdir_close(out, file);
}

static void provide_init(const char *file, char *const *program)
{
	char *folder = text_format("%s.tree", file);

	init_write_folder(workdir_path(folder), program);
	erofs_pack(workdir_path(folder), workdir_path(file));
	free(folder);
}

static void provide_root(const char *file, char *const *program)
{
	(void)program;
	workdir_link(file, parts_path("root.erofs"));
}

static const struct {
	const char *name;
	void (*provide)(const char *file, char *const *program);
} built_in[] = {
	{"debian", provide_kernel},
	{"debian-initramfs", provide_initramfs},
	{"debian-init", provide_init},
	{"debian-root", provide_root},
};

static char *built_in_names(void)
{
	char *names = NULL;

	for (size_t i = 0; i < COUNT(built_in); i++)
		names = text_list(names, built_in[i].name);
	return names;
}

static bool provide_built_in(const struct image *image, char *const *program)
{
	for (size_t i = 0; i < COUNT(built_in); i++) {
		if (strcmp(image->name, built_in[i].name) != 0)
			continue;
		built_in[i].provide(image->file, program);
		return true;
	}
	return false;
}

static void provide_path(const struct image *image, const char *folder)
{
	char *path = *image->name == '/' ? text_format("%s", image->name)
					 : text_format("%s/%s", folder, image->name);
	struct stat stat_of;

	if (stat(path, &stat_of) || access(path, R_OK))
		error_exit("%s = \"%s\": there is no such file that can be read (built in are "
			   "%s)",
			image->place, image->name, built_in_names());
	if (S_ISREG(stat_of.st_mode))
		workdir_link(image->file, path);
	else if (S_ISDIR(stat_of.st_mode) && image->use->folder)
		erofs_pack(path, workdir_path(image->file));
	else
		error_exit("%s = \"%s\" must be a plain file%s", image->place, image->name,
			image->use->folder ? " or a folder" : "");
	free(path);
}

static uint64_t mib_of(const char *path)
{
	struct stat stat_of;

	return stat(path, &stat_of) ? 0 : ((uint64_t)stat_of.st_size >> 20) + 1;
}

void images_provide(const struct images *images, const char *folder, char *const *program)
{
	uint64_t mib = 0;

	for (size_t i = 0; i < images->count; i++) {
		const struct image *image = &images->list[i];

		if (!provide_built_in(image, program))
			provide_path(image, folder);
		mib += mib_of(workdir_path(image->file));
		if (mib > BUNDLE_MIB_MAX)
			error_exit("%s = \"%s\": with it the images have %llu MiB; a bundle holds "
				   "%u MiB",
				image->place, image->name, (unsigned long long)mib, BUNDLE_MIB_MAX);
	}
}

void images_write_fit(const struct images *images, FILE *out)
{
	fputs("/dts-v1/;\n/ {\n\tdescription = \"vesper\";\n\t#address-cells = <1>;\n\timages {\n"
	      "\t\tconfig { data = /incbin/(\"config.dtb\"); type = \"flat_dt\"; "
	      "arch = \"riscv\"; compression = \"none\"; };\n",
		out);
	for (size_t i = 0; i < images->count; i++)
		fprintf(out,
			"\t\t%s { data = /incbin/(\"%s\"); arch = \"riscv\"; "
			"compression = \"none\"; %s };\n",
			images->list[i].node, images->list[i].file, images->list[i].use->type);
	fputs("\t};\n"
	      "\tconfigurations {\n"
	      "\t\tdefault = \"vm\";\n"
	      "\t\tvm { fdt = \"config\"; };\n"
	      "\t};\n"
	      "};\n",
		out);
}
