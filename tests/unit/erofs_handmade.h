/* SPDX-License-Identifier: MIT */
/*
 * A tiny EROFS image made by hand, for tests that break one thing in it. Block
 * 1: inodes. Block 2: the root directory with ".", "..", 255 times 'a', and
 * "b". Block 3: data. Include after cmocka.h.
 */
#ifndef VESPER_TESTS_UNIT_EROFS_HANDMADE_H
#define VESPER_TESTS_UNIT_EROFS_HANDMADE_H

#include <stdint.h>

#include "devices/fs/erofs.h"
#include "include/abi/erofs.h"

#define BLOCK        4096
#define NAMES        (4 * sizeof(struct erofs_disk_dirent))
#define FILE_NID     4
#define COMPACT(nid) ((struct erofs_disk_compact *)(void *)(handmade.bytes + BLOCK + (nid)*32))
#define DIRENTS      ((struct erofs_disk_dirent *)(void *)(handmade.bytes + 2 * BLOCK))
#define SUPER        ((struct erofs_disk_super *)(void *)(handmade.bytes + EROFS_SUPER_OFFSET))

extern struct handmade {
	uint8_t bytes[4 * BLOCK];
} __attribute__((aligned(8))) handmade;

extern struct erofs fs;
extern struct erofs_inode root, file;

/* A setup function: the image is good again. */
int handmade_fresh(void **state);
#define HANDMADE_TEST(name) cmocka_unit_test_setup(name, handmade_fresh)

void handmade_inode(unsigned nid, unsigned layout, unsigned mode, uint32_t size, uint32_t u);

MUST_CHECK enum status handmade_open(void);

/* Opens it and reads `root`; the answer is that for `file`. */
MUST_CHECK enum status handmade_read(void);

#endif
