/* SPDX-License-Identifier: MIT */
/* What the machine takes from this computer: ports and disk files, read from the command line, looked at, and given to QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cli/disks.h"
#include "cli/ports.h"
#include "cli/text.h"
#include "tests/unit/cli_folder.h"

/* What a function that ends the program says; its status is `*status`, 0 if it returns. */
static char *said(void (*function)(const void *), const void *argument, int *status)
{
	static char text[1024];
	char *path = text_format("%s/errors", cli_folder);
	const pid_t child = fork();
	FILE *file;

	if (!child) {
		freopen(path, "w", stderr);
		function(argument);
		_exit(0);
	}
	assert_int_equal(waitpid(child, status, 0), child);
	*status = WEXITSTATUS(*status);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	unlink(path);
	free(path);
	return text;
}

/* ---- ports ---- */

static void ports_are_read(void **state)
{
	static const struct {
		const char *text, *forward; /* NULL: refused */
	} cases[] = {
		{"8080:80", ",hostfwd=tcp:127.0.0.1:8080-:80"},
		{"8080:80/tcp", ",hostfwd=tcp:127.0.0.1:8080-:80"},
		{"5353:53/udp", ",hostfwd=udp:127.0.0.1:5353-:53"},
		{"0.0.0.0:65535:1", ",hostfwd=tcp:0.0.0.0:65535-:1"},
		{"8080:10.0.2.20:80", ",hostfwd=tcp:127.0.0.1:8080-10.0.2.20:80"},
		{"192.168.1.2:22:10.0.2.16:22/udp", ",hostfwd=udp:192.168.1.2:22-10.0.2.16:22"},
		{"", NULL},
		{"80", NULL},
		{":80", NULL},
		{"80:", NULL},
		{"0:80", NULL},
		{"80:0", NULL},
		{"65536:80", NULL},
		{"80:65536", NULL},
		{"8080:80:", NULL},
		{"8080:80:90", NULL},
		{"8080:80/sctp", NULL},
		{"8080/udp:80", NULL},
		{"8080:80/udp/udp", NULL},
		{"1.2.3:80:80", NULL},
		{"1.2.3.4:80", NULL},
		{"1.2.3.4:1.2.3.4:80:80", NULL},
		{"1.2.3.4:80:1.2.3.4:80:80", NULL},
		{"1.2.3.4:80:1.2.3.4", NULL},
		{"localhost:80:80", NULL},
		{"80:80,hostfwd=tcp::1-:1", NULL},
		{" 80:80", NULL},
		{"-80:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct port port;
		const bool good = ports_read(cases[i].text, &port);

		if (good != (cases[i].forward != NULL))
			fail_msg("\"%s\" gave %d", cases[i].text, good);
		if (good) {
			char *forward = ports_forward(&port);

			assert_string_equal(forward, cases[i].forward);
			free(forward);
		}
	}
}

static void ports_that_clash(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"80:1", "80:2", true},
		{"80:1", "81:1", false},
		{"80:1", "80:1/udp", false},
		{"0.0.0.0:80:1", "80:1", true},
		{"127.0.0.2:80:1", "80:1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct port a, b;

		assert_true(ports_read(cases[i].a, &a) && ports_read(cases[i].b, &b));
		assert_int_equal(ports_same(&a, &b), cases[i].same);
		assert_int_equal(ports_same(&b, &a), cases[i].same);
	}
}

static void check_port(const void *port)
{
	ports_check(port, 1);
}

/* A socket that has a port of this computer. */
static int take_port(int type, unsigned *number)
{
	struct sockaddr_in place = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(place);
	const int fd = socket(AF_INET, type, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&place, size), 0);
	assert_true(type == SOCK_DGRAM || !listen(fd, 1));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	*number = ntohs(place.sin_port);
	return fd;
}

static void port_in_use(void **state)
{
	static const struct {
		int type;
		const char *protocol;
	} cases[] = {{SOCK_STREAM, ""}, {SOCK_DGRAM, "/udp"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned number;
		const int fd = take_port(cases[i].type, &number);
		char *text = text_format("%u:80%s", number, cases[i].protocol);
		char *want = text_format("vesper: -p %s: port %u of this computer is in use: "
					 "choose another, such as -p ",
			text, number);
		struct port port;
		int status;

		assert_true(ports_read(text, &port));
		assert_memory_equal(said(check_port, &port, &status), want, strlen(want));
		assert_int_equal(status, 1);
		close(fd);
		assert_string_equal(said(check_port, &port, &status), "");
		assert_int_equal(status, 0);
		free(want);
		free(text);
	}
}

static void port_of_no_address(void **state)
{
	struct port port;
	int status;

	(void)state;
	assert_true(ports_read("192.0.2.1:8080:80", &port)); /* RFC 5737: nobody's */
	assert_string_equal(said(check_port, &port, &status),
		"vesper: -p 192.0.2.1:8080:80: this computer has no such address: leave it out, or "
		"0.0.0.0 for all\n");
	assert_int_equal(status, 1);
}

/* ---- disks ---- */

static char *make_file(const char *name, off_t size)
{
	char *path = text_format("%s/%s", cli_folder, name);
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	return path;
}

static void disks_are_read(void **state)
{
	struct disk_file disk;

	(void)state;
	disks_read("a/b/root fs.img", &disk);
	assert_string_equal(disk.path, "a/b/root fs.img");
	assert_string_equal(disk.serial, "root_fs.img");
	assert_false(disk.read_only);
	assert_string_equal(disks_drive(&disk, 0),
		"if=none,id=disk0,format=raw,cache=writeback,discard=unmap,file.driver=file,"
		"file.filename=a/b/root fs.img");
	assert_string_equal(disks_device(&disk, 0),
		"virtio-blk-pci,drive=disk0,serial=root_fs.img,disable-legacy=on");
	disks_read("x,y,ro", &disk);
	assert_string_equal(disk.path, "x,y");
	assert_true(disk.read_only);
	assert_string_equal(disks_drive(&disk, 7), "if=none,id=disk7,format=raw,cache=writeback,"
						   "discard=unmap,readonly=on,file.driver=file,"
						   "file.filename=x,,y");
	disks_read("/a-name-of-more-than-twenty-characters.img", &disk);
	assert_string_equal(disk.serial, "a-name-of-more-than-");
	disks_read(",ro", &disk);
	assert_string_equal(disk.path, ",ro");
}

static void check_disk(const void *disk)
{
	disks_check(disk, 1);
}

static void assert_said(const char *text, const char *want)
{
	struct disk_file disk;
	char *line =
		*want ? text_format("vesper: --disk %.*s%s\n", (int)strcspn(text, ","), text, want)
		      : strdup("");
	int status;

	disks_read(text, &disk);
	assert_string_equal(said(check_disk, &disk, &status), line);
	assert_int_equal(status, *want ? 1 : 0);
	free(line);
}

static void disk_files(void **state)
{
	char *good = make_file("good", 1 << 20), *odd = make_file("odd", 1000),
	     *none = text_format("%s/none", cli_folder);

	(void)state;
	assert_said(good, "");
	assert_said(odd, text_format(": it has 1000 bytes, and a disk a multiple of 512: `truncate "
				     "-s 1G %s` makes it one",
				 odd));
	assert_said(none,
		text_format(
			": there is no such file: `truncate -s 1G %s` makes an empty disk", none));
	assert_said(cli_folder, ": it must be a plain file");
	assert_said("/dev/null", ": it must be a plain file");
}

/* As QEMU does it: locks of its own on bytes that say what it does and what it lets others do. */
static void disk_of_another(void **state)
{
	char *path = make_file("locked", 1 << 20), *read_only = text_format("%s,ro", path);
	const char *refusal =
		": another QEMU has it open: end that one, or give a copy of the file";
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
	const int fd = open(path, O_RDWR);

	(void)state;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0); /* it reads, and nobody may write */
	assert_said(path, refusal);
	assert_said(read_only, "");
	lock.l_start = 101;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_said(path, refusal);
	assert_said(read_only, refusal);
	close(fd);
	assert_said(path, "");
}

static void check_two(const void *disks)
{
	disks_check(disks, 2);
}

static void disk_given_twice(void **state)
{
	char *path = make_file("twice", 512), *other = text_format("%s/./twice,ro", cli_folder);
	struct disk_file disks[2];
	int status;

	(void)state;
	disks_read(path, &disks[0]);
	disks_read(other, &disks[1]);
	assert_string_equal(said(check_two, disks, &status),
		text_format("vesper: --disk %s/./twice: the same file as --disk %s: give each disk "
			    "a file of its own\n",
			cli_folder, path));
	assert_int_equal(status, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(ports_that_clash),
		cmocka_unit_test(port_in_use),
		cmocka_unit_test(port_of_no_address),
		cmocka_unit_test(disks_are_read),
		cmocka_unit_test(disk_files),
		cmocka_unit_test(disk_of_another),
		cmocka_unit_test(disk_given_twice),
	};

	return cmocka_run_group_tests(tests, cli_folder_make, cli_folder_remove);
}
