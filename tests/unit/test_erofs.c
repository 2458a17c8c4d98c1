/* SPDX-License-Identifier: MIT */
/*
 * The EROFS reader against mkfs.erofs: images of one tree in every layout the
 * reader knows, compared with the host's files attribute by attribute and byte
 * by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "devices/fs/erofs.h"
#include "tests/unit/erofs_compare.h"
#include "tests/unit/erofs_sample.h"

static struct sample sample;

static int setup(void **state)
{
	(void)state;
	sample_create(&sample);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sample_remove(&sample);
	return 0;
}

static struct erofs_compare compare_loaded(const struct sample_image *image, bool mtimes)
{
	struct erofs fs;
	struct erofs_compare c = {.fs = &fs, .mtimes = mtimes};

	assert_int_equal(erofs_open(&fs, image->data, image->size), OK);
	erofs_compare(&c, sample.dir, fs.root_nid);
	assert_true(c.files > SAMPLE_ENTRIES);
	assert_true(!sample.xattrs || c.xattrs >= 9);
	return c;
}

static void compare_image(const char *options, bool mtimes)
{
	struct sample_image image = sample_image(&sample, options);

	assert_int_equal(compare_loaded(&image, mtimes).holes, 0);
	free(image.data);
}

static void default_image(void **state)
{
	(void)state;
	compare_image("", true);
}

static void extended_inodes(void **state)
{
	(void)state;
	compare_image("-Eforce-inode-extended", true);
}

/* Compact inodes hold no mtime and 16-bit owners: deep's owner is made small. */
static void compact_inodes(void **state)
{
	char deep[80];

	(void)state;
	snprintf(deep, sizeof(deep), "%s/deep", sample.dir);
	assert_int_equal(chown(deep, getuid(), getgid()), 0);
	compare_image("-Eforce-inode-compact --ignore-mtime", false);
	if (sample.devices)
		assert_int_equal(chown(deep, 100000, 70000), 0);
}

static void no_inline_data(void **state)
{
	(void)state;
	compare_image("-Enoinline_data", true);
}

static void shared_xattrs(void **state)
{
	(void)state;
	compare_image("-x0", true);
	compare_image("-x1000", true);
}

/* mkfs.erofs 1.5 writes a hole as chunks of zeros: makes them holes in the chunk table. */
static void punch_holes(const struct sample_image *image, unsigned chunk_size)
{
	const unsigned first = SAMPLE_HOLE_START / chunk_size, end = SAMPLE_HOLE_END / chunk_size;
	struct erofs_inode inode;
	struct erofs_dirent found;
	struct erofs fs;
	uint8_t *table;

	assert_int_equal(erofs_open(&fs, image->data, image->size), OK);
	assert_int_equal(erofs_inode(&fs, fs.root_nid, &inode), OK);
	assert_int_equal(erofs_lookup(&fs, &inode, "sparse", 6, &found), OK);
	assert_int_equal(erofs_inode(&fs, found.nid, &inode), OK);
	assert_true(inode.chunk_entry == 4 || inode.chunk_entry == 8);
	table = (uint8_t *)image->data + inode.meta_start;
	for (unsigned i = first; i < end; i++)
		memset(table + (i + 1) * inode.chunk_entry - 4, 0xff, 4);
}

static void compare_chunks(const char *options, unsigned chunk_size)
{
	struct sample_image image = sample_image(&sample, options);
	struct erofs_compare c = compare_loaded(&image, true);

	assert_int_equal(c.holes, 0);
	punch_holes(&image, chunk_size);
	c = compare_loaded(&image, true);
	assert_true(c.hole_bytes >= SAMPLE_HOLE_END - SAMPLE_HOLE_START);
	free(image.data);
}

static void chunk_maps(void **state)
{
	(void)state;
	compare_chunks("--chunksize=65536", 65536);
	compare_chunks("--chunksize=4096", 4096);
}

static void chunk_indexes(void **state)
{
	(void)state;
	compare_chunks("--chunksize=65536 -Eforce-chunk-indexes", 65536);
}

/* By the super block where that says so, else file by file. */
static void compressed_images_are_refused(void **state)
{
	struct sample_image image = sample_image(&sample, "-zlz4");
	struct erofs_dirent found;
	struct erofs_inode inode;
	struct erofs fs;

	(void)state;
	assert_int_equal(erofs_open(&fs, image.data, image.size), ERR_INVALID);
	free(image.data);
	image = sample_image(&sample, "-zlz4 -Elegacy-compress");
	assert_int_equal(erofs_open(&fs, image.data, image.size), OK);
	assert_int_equal(erofs_inode(&fs, fs.root_nid, &inode), OK);
	assert_int_equal(erofs_lookup(&fs, &inode, "sparse", 6, &found), OK);
	assert_int_equal(erofs_inode(&fs, found.nid, &inode), ERR_INVALID);
	free(image.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_image),
		cmocka_unit_test(extended_inodes),
		cmocka_unit_test(compact_inodes),
		cmocka_unit_test(no_inline_data),
		cmocka_unit_test(shared_xattrs),
		cmocka_unit_test(chunk_maps),
		cmocka_unit_test(chunk_indexes),
		cmocka_unit_test(compressed_images_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
