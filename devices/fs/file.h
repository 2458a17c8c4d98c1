/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a regular file: blocks of the arena over the image's bytes over
 * zeros. A map of blocks, up to three levels of pages, says for each 4 KiB of
 * the file which block has it; only what was written has one. A file of one
 * block needs no page. Bytes past the end of the file are always zero.
 */
#ifndef VESPER_DEVICES_FS_FILE_H
#define VESPER_DEVICES_FS_FILE_H

#include "devices/fs/node.h"

#define FILE_SIZE_MAX (1ull << 42)
#define FILE_ROOM     7 /* blocks that one file_page() may take */

/* How many bytes from `offset` (below the file's size) on lie together, at *data; NULL: zeros.
 * 0: the image is corrupt. */
uint64_t file_run(
	const struct tree *t, const struct node *node, uint64_t offset, const uint8_t **data);

/* Has page `index` a block, or is there room for one? */
bool file_can_page(const struct tree *t, const struct node *node, uint64_t index);

/*
 * The block of the arena for page `index` of the file, made if it has none. After
 * file_can_page(). `whole`: the caller writes all of it, so its old bytes are not copied.
 * NULL: the image is corrupt there.
 */
uint8_t *file_page(struct tree *t, struct node *node, uint64_t index, bool whole);

/* Cuts or extends; the size is at most FILE_SIZE_MAX. */
void file_resize(struct tree *t, struct node *node, uint64_t size);

/* Makes [from, to) zeros and frees its blocks; 0, -ENOSPC or -EIO. */
int file_punch(struct tree *t, struct node *node, uint64_t from, uint64_t to);

/* Takes blocks for all of [from, to); 0, -ENOSPC (and none was taken) or -EIO. */
int file_reserve(struct tree *t, struct node *node, uint64_t from, uint64_t to);

/* The next byte from *offset (below the file's size) on that is data, or that is a hole. false: no
 * data. */
bool file_seek(const struct tree *t, const struct node *node, uint64_t *offset, bool data);

/* Frees all blocks. */
void file_clear(struct tree *t, struct node *node);

/* st_blocks. */
uint64_t file_sectors(const struct node *node);

#endif
