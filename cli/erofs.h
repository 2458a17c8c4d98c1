/* SPDX-License-Identifier: MIT */
/* Makes a folder an EROFS image, uncompressed so that Vesper serves it in place. */
#ifndef VESPER_CLI_EROFS_H
#define VESPER_CLI_EROFS_H

/* Shows progress on a terminal, since a large folder takes its time. */
void erofs_pack(const char *folder, const char *image);

#endif
