/* SPDX-License-Identifier: MIT */
#include "cli/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "cli/error.h"
#include "cli/text.h"

#define SECTOR 512

/* Bytes of a file on which a QEMU that has it open holds locks: it writes; it suffers no other writer. */
#define LOCK_WRITES     101
#define LOCK_NO_WRITERS 201

/* The file's name as far as a disk's serial can say it. */
static void make_serial(const char *path, char *serial)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	strncpy(serial, name, DISKS_SERIAL_SIZE - 1);
	serial[DISKS_SERIAL_SIZE - 1] = 0;
	for (char *c = serial; *c; c++)
		if (!strchr(allowed, *c))
			*c = '_';
}

void disks_read(const char *text, struct disk_file *disk)
{
	size_t length = strlen(text);

	*disk = (struct disk_file){.path = text_format("%s", text)};
	if (length > 3 && !strcmp(text + length - 3, ",ro")) {
		disk->path[length - 3] = 0;
		disk->read_only = true;
	}
	make_serial(disk->path, disk->serial);
}

static uint64_t size_of(int fd, const struct stat *stat_of)
{
	uint64_t size = 0;

	if (S_ISBLK(stat_of->st_mode))
		return ioctl(fd, BLKGETSIZE64, &size) ? 0 : size;
	return (uint64_t)stat_of->st_size;
}

static void check_size(int fd, const struct disk_file *disk, const struct stat *stat_of)
{
	uint64_t size = size_of(fd, stat_of);

	if (!S_ISREG(stat_of->st_mode) && !S_ISBLK(stat_of->st_mode))
		error_exit("--disk %s: it must be a plain file", disk->path);
	if (!size || size % SECTOR)
		error_exit("--disk %s: it has %llu bytes, and a disk a multiple of 512: `truncate "
			   "-s 1G %s` makes it one",
			disk->path, (unsigned long long)size, disk->path);
}

static bool is_locked(int fd, off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

static void check_lock(int fd, const struct disk_file *disk)
{
	if (is_locked(fd, LOCK_WRITES) || (!disk->read_only && is_locked(fd, LOCK_NO_WRITERS)))
		error_exit("--disk %s: another QEMU has it open: end that one, or give a copy of "
			   "the file",
			disk->path);
}

static void check(const struct disk_file *disk, struct stat *stat_of)
{
	const int fd = open(disk->path, (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		error_exit(
			"--disk %s: there is no such file: `truncate -s 1G %s` makes an empty disk",
			disk->path, disk->path);
	if (fd < 0 && errno == EISDIR)
		error_exit("--disk %s: it must be a plain file", disk->path);
	if (fd < 0 && (errno == EACCES || errno == EROFS) && !disk->read_only &&
		!access(disk->path, R_OK))
		error_exit("--disk %s: you may not write to it: --disk %s,ro only reads",
			disk->path, disk->path);
	if (fd < 0 || fstat(fd, stat_of))
		error_exit("--disk %s cannot be opened: %s", disk->path, strerror(errno));
	check_size(fd, disk, stat_of);
	check_lock(fd, disk);
	close(fd);
}

void disks_check(const struct disk_file *disks, unsigned n)
{
	struct stat stats[DISKS_MAX];

	for (unsigned i = 0; i < n; i++) {
		check(&disks[i], &stats[i]);
		for (unsigned j = 0; j < i; j++)
			if (stats[i].st_dev == stats[j].st_dev &&
				stats[i].st_ino == stats[j].st_ino)
				error_exit("--disk %s: the same file as --disk %s: give each disk "
					   "a file of its own",
					disks[i].path, disks[j].path);
	}
}

/* QEMU takes a comma as the end of a value unless there are two. */
static char *escaped(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out;

	if (!out)
		error_exit("out of memory");
	for (; *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	*to = 0;
	return out;
}

char *disks_drive(const struct disk_file *disk, unsigned i)
{
	char *path = escaped(disk->path);
	/* file.filename: a path is a path, even one like nbd:... */
	char *text = text_format(
		"if=none,id=disk%u,format=raw,cache=writeback,discard=unmap%s,file.driver=file,"
		"file.filename=%s",
		i, disk->read_only ? ",readonly=on" : "", path);

	free(path);
	return text;
}

char *disks_device(const struct disk_file *disk, unsigned i)
{
	return text_format(
		"virtio-blk-pci,drive=disk%u,serial=%s,disable-legacy=on", i, disk->serial);
}
