/* SPDX-License-Identifier: MIT */
/* The handmade image and the reader's view of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/erofs_handmade.h"

struct handmade handmade;
struct erofs fs;
struct erofs_inode root, file;

void handmade_inode(unsigned nid, unsigned layout, unsigned mode, uint32_t size, uint32_t u)
{
	*COMPACT(nid) = (struct erofs_disk_compact){
		.format = (uint16_t)(layout << EROFS_FORMAT_LAYOUT_SHIFT),
		.mode = (uint16_t)mode,
		.nlink = 1,
		.size = size,
		.u = u,
	};
}

static void put_dirent(unsigned i, unsigned nid, unsigned offset, unsigned type, const char *name)
{
	DIRENTS[i] = (struct erofs_disk_dirent){
		.nid = nid,
		.name_offset = (uint16_t)offset,
		.type = (uint8_t)type,
	};
	memcpy((uint8_t *)DIRENTS + offset, name, strlen(name));
}

/* Entries ".", "..", 255 times 'a', "b". */
int handmade_fresh(void **state)
{
	char name[256] = "";

	(void)state;
	memset(&handmade, 0, sizeof(handmade));
	*SUPER = (struct erofs_disk_super){
		.magic = EROFS_SUPER_MAGIC,
		.block_bits = 12,
		.meta_block = 1,
		.xattr_block = 3,
		.blocks = 4,
		.feature_incompat = EROFS_INCOMPAT_CHUNKED_FILE,
	};
	memset(name, 'a', 255);
	handmade_inode(0, EROFS_LAYOUT_PLAIN, 0040755, BLOCK, 2);
	handmade_inode(FILE_NID, EROFS_LAYOUT_INLINE, 0100644, BLOCK + 10, 3);
	put_dirent(0, 0, NAMES, EROFS_FT_DIR, ".");
	put_dirent(1, 0, NAMES + 1, EROFS_FT_DIR, "..");
	put_dirent(2, FILE_NID, NAMES + 3, EROFS_FT_REG, name);
	put_dirent(3, FILE_NID, NAMES + 258, EROFS_FT_REG, "b");
	return 0;
}

enum status handmade_open(void)
{
	return erofs_open(&fs, handmade.bytes, sizeof(handmade.bytes));
}

enum status handmade_read(void)
{
	assert_int_equal(handmade_open(), OK);
	assert_int_equal(erofs_inode(&fs, 0, &root), OK);
	return erofs_inode(&fs, FILE_NID, &file);
}
