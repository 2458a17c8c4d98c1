/* SPDX-License-Identifier: MIT */
/* The images as data; where they are is the Makefile's to say. */
#include "tests/sim/fs_image.h"

#define EMBED(name, path)                                             \
	__asm__(".section .rodata\n.balign 4096\n" #name "_start:\n"  \
		".incbin \"" path "\"\n" #name "_end:\n.previous\n"); \
	extern const uint8_t name##_start[], name##_end[]

EMBED(fs_image_plain, FS_IMAGES "/fs.img");
EMBED(fs_image_chunk, FS_IMAGES "/fs_chunk.img");

static struct blob blob(const uint8_t *start, const uint8_t *end)
{
	return (struct blob){start, (size_t)(end - start)};
}

struct blob fs_image(void)
{
	return blob(fs_image_plain_start, fs_image_plain_end);
}

struct blob fs_image_chunked(void)
{
	return blob(fs_image_chunk_start, fs_image_chunk_end);
}
