/* SPDX-License-Identifier: MIT */
/*
 * The images that a configuration names. A name is one of a few that are built
 * in (`debian`, ...) or a path from the configuration's folder. In the bundle an
 * image is a node of a device tree, whose name has less freedom than a path: a
 * path that could not be one gets another name there, and so in the tree.
 */
#ifndef VESPER_CLI_IMAGES_H
#define VESPER_CLI_IMAGES_H

#include <stddef.h>
#include <stdio.h>

#include "cli/tree.h"

struct image_use;

struct image {
	char *name;                  /* as the configuration has it */
	char *node;                  /* in the bundle */
	char *file;                  /* in the work folder, also safe to write into a source */
	char *place;                 /* where the configuration names it first, for messages */
	const struct image_use *use; /* as what */
};

struct images {
	struct image *list;
	size_t count;
};

/* Lists each image once, and has the tree name all of them as the bundle will. */
void images_collect(struct images *images, struct tree *tree);
void images_free(struct images *images);

/*
 * Puts them into the work folder; `folder` is what paths are relative to. Where the initramfs
 * or the init that is built in is among them, `program` (or NULL) is what it runs.
 */
void images_provide(const struct images *images, const char *folder, char *const *program);

/* The source of the FIT; its files are beside it: config.dtb and the images. */
void images_write_fit(const struct images *images, FILE *out);

#endif
