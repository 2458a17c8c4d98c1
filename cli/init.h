/* SPDX-License-Identifier: MIT */
/*
 * What takes Debian's kernel to its root (guest/init): the folder `init` that was built, and the program
 * that the VM is to run. It is a file system of its own, over virtio-fs, or an initramfs.
 * `program` is NULL-terminated words, or NULL for a shell.
 */
#ifndef VESPER_CLI_INIT_H
#define VESPER_CLI_INIT_H

#include <stdio.h>

/* An initramfs. */
void init_write_cpio(FILE *out, char *const *program);

/* The folder to make an image of, at `path`, which is not there yet. */
void init_write_folder(const char *path, char *const *program);

#endif
