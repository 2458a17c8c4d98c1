/* SPDX-License-Identifier: MIT */
/*
 * Makes the sample tree. A step that a host may forbid (device nodes without
 * root, attributes on some file systems) is skipped, and said so.
 */
#include "tests/unit/erofs_sample.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	abort();
}

static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

/* Bytes that differ from block to block and from file to file. */
static void put(int fd, size_t size, uint32_t seed)
{
	uint8_t buffer[4096];

	while (size) {
		size_t n = size < sizeof(buffer) ? size : sizeof(buffer);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			buffer[i] = (uint8_t)(seed >> 24);
		}
		if (write(fd, buffer, n) != (ssize_t)n)
			die("write");
		size -= n;
	}
}

static void make_file(const char *name, size_t size)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0640);

	if (fd < 0)
		die(name);
	put(fd, size, (uint32_t)size + 7);
	close(fd);
}

static void make_sizes(void)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8191, 65536, 65537, 1048577};
	char name[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(name, sizeof(name), "size-%zu", sizes[i]);
		make_file(name, sizes[i]);
	}
}

static void make_sparse(void)
{
	int fd = open("sparse", O_CREAT | O_WRONLY, 0600);

	if (fd < 0)
		die("sparse");
	put(fd, SAMPLE_HOLE_START, 1);
	lseek(fd, SAMPLE_HOLE_END, SEEK_SET);
	put(fd, 5000, 2);
	close(fd);
}

static void make_directories(void)
{
	char name[256];

	mkdir("many", 0755);
	for (int i = 0; i < SAMPLE_ENTRIES; i++) {
		snprintf(name, sizeof(name), "many/%d-%x", i * 7919 % 10007, i);
		make_file(name, (size_t)i % 3);
	}
	mkdir("empty", 01777);
	mkdir("long", 0700); /* mkfs.erofs 1.5 cuts names of 255 bytes: 254 */
	for (int i = 0; i < 40; i++) {
		memset(name, i < 20 ? 'x' : 0xc3, 254);
		name[250] = (char)('a' + i % 20);
		name[254] = 0;
		if (chdir("long") != 0)
			die("long");
		make_file(name, 3);
		if (chdir("..") != 0)
			die("..");
	}
	mkdir("deep", 0755);
	mkdir("deep/er", 0755);
	make_file("deep/er/file", 100);
	make_file("!before the dots", 1);
}

static void make_links(void)
{
	char target[4001];

	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = 0;
	if (symlink("size-1", "link") || symlink(target, "link-long") ||
		link("size-4097", "deep/hard") || chmod("size-1", 06755))
		die("links");
}

static void make_nodes(struct sample *sample)
{
	if (mkfifo("fifo", 0622))
		die("fifo");
	sample->devices = mknod("tty", S_IFCHR | 0620, makedev(204, 300)) == 0 &&
			  mknod("disk", S_IFBLK | 0660, makedev(259, 70000)) == 0 &&
			  mknod("socket", S_IFSOCK | 0755, 0) == 0 &&
			  chown("deep", 100000, 70000) == 0;
	if (!sample->devices)
		fprintf(stderr, "SKIPPED: device nodes and owners (not root)\n");
}

static void make_xattrs(struct sample *sample)
{
	char value[600], name[256] = "user.";

	memset(value, 'v', sizeof(value));
	memset(name + 5, 'n', 250);
	sample->xattrs = setxattr("size-1", "user.one", "1", 1, 0) == 0;
	if (!sample->xattrs) {
		fprintf(stderr, "SKIPPED: extended attributes (the file system has none)\n");
		return;
	}
	if (setxattr("size-1", "user.empty", "", 0, 0) || setxattr("size-1", name, "long", 4, 0) ||
		setxattr("deep", "user.big", value, sizeof(value), 0))
		die("setxattr");
	for (int i = 0; i < 5; i++) {
		static const char *const files[] = {
			"size-0", "size-1", "size-4095", "size-4097", "empty"};

		if (setxattr(files[i], "user.everywhere", "shared value", 12, 0))
			die("setxattr");
	}
	if (setxattr("size-4096", "trusted.t", "x", 1, 0) ||
		setxattr("size-4096", "security.s", "y", 1, 0))
		fprintf(stderr, "SKIPPED: trusted.* and security.* attributes (not root)\n");
}

void sample_create(struct sample *sample)
{
	char cwd[1024];

	*sample = (struct sample){0};
	strcpy(sample->dir, "/tmp/test-erofs-XXXXXX");
	if (!mkdtemp(sample->dir) || !getcwd(cwd, sizeof(cwd)) || chdir(sample->dir))
		die("mkdtemp");
	snprintf(sample->image, sizeof(sample->image), "%s.img", sample->dir);
	umask(0);
	make_sizes();
	make_sparse();
	make_directories();
	make_links();
	make_nodes(sample);
	make_xattrs(sample);
	if (chdir(cwd))
		die(cwd);
}

void sample_remove(const struct sample *sample)
{
	run("rm -rf %s %s", sample->dir, sample->image);
}

struct sample_image sample_image(const struct sample *sample, const char *options)
{
	struct sample_image image;
	struct stat st;
	int fd;

	unlink(sample->image);
	run("mkfs.erofs --quiet %s %s %s >/dev/null 2>&1", options, sample->image, sample->dir);
	fd = open(sample->image, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die(sample->image);
	image.size = (size_t)st.st_size;
	image.data = malloc(image.size);
	if (!image.data || read(fd, image.data, image.size) != st.st_size)
		die(sample->image);
	close(fd);
	return image;
}
