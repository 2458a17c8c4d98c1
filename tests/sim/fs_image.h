/* SPDX-License-Identifier: MIT */
/* The images that fs_image.sh makes, linked into the test program. */
#ifndef VESPER_TESTS_SIM_FS_IMAGE_H
#define VESPER_TESTS_SIM_FS_IMAGE_H

#include "include/vm_spec.h"

#define FS_IMAGE_BIG  300000 /* bytes of "big" */
#define FS_IMAGE_MANY 300    /* files in "many" */

struct blob fs_image(void);
struct blob fs_image_chunked(void);

/* Byte i of "big". */
static inline uint8_t fs_image_big(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

#endif
