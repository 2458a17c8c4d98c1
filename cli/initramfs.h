/* SPDX-License-Identifier: MIT */
/* The initramfs that takes Debian's kernel to its root on virtio-fs (guest/init). */
#ifndef VESPER_CLI_INITRAMFS_H
#define VESPER_CLI_INITRAMFS_H

#include <stdio.h>

/* Writes it to `out`; `program` is what the VM runs, NULL-terminated words, or NULL for a shell. */
void initramfs_write(FILE *out, char *const *program);

#endif
