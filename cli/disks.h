/* SPDX-License-Identifier: MIT */
/* Files of this computer that are disks of the machine, in the order given: disk0, disk1, ... */
#ifndef VESPER_CLI_DISKS_H
#define VESPER_CLI_DISKS_H

#include <stdbool.h>

#define DISKS_MAX         8
#define DISKS_SERIAL_SIZE 21 /* bytes, with the NUL (virtio 1.2, 5.2.6.1) */

struct disk_file {
	char *path;
	char serial[DISKS_SERIAL_SIZE]; /* of the file's name */
	bool read_only;
};

/* Reads FILE or FILE,ro; what the file is is disks_check()'s. */
void disks_read(const char *text, struct disk_file *disk);

/*
 * Ends the program, with the way out, if a file is not there, can't be read or written, is no disk's size, is given twice
 * or is another QEMU's.
 */
void disks_check(const struct disk_file *disks, unsigned n);

/* The values of QEMU's options -drive and -device for disk `i`. */
char *disks_drive(const struct disk_file *disk, unsigned i);
char *disks_device(const struct disk_file *disk, unsigned i);

#endif
