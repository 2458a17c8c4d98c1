/* SPDX-License-Identifier: MIT */
/* Pieces of disks: how they are found, who may have them, what requests may do, and the line that says why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/disk.h"
#include "lib/log.h"
#include "tests/unit/block_mock.h"

#define DISK_SIZE (1024 * 512)

static char why[400], logged[2000];
static struct disk *opened[200];
static unsigned n_opened;
static unsigned finished;
static enum status finished_with;

static void log_sink(const char *data, size_t len)
{
	strncat(logged, data, len);
}

static void log_nowhere(const char *data, size_t len)
{
	(void)data;
	(void)len;
}

/* disk0 "SER-A" has the partitions "root" and "data" (7); disk1 has no serial and none. */
static int setup(void **state)
{
	(void)state;
	mock_clear();
	struct mock_disk *disk = mock_add("SER-A", DISK_SIZE, 512);

	mock_gpt(disk, 128, 128);
	mock_partition(disk, 0, "root", 100, 199);
	mock_partition(disk, 6, "data", 200, 299);
	mock_add("", DISK_SIZE, 4096);
	logged[0] = '\0';
	log_set_sink(log_sink);
	finished = 0;
	disk_init();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (n_opened > 0)
		disk_close(opened[--n_opened]);
	mock_clear();
	log_set_sink(log_nowhere);
	return 0;
}

static struct vm_device whole(const char *name)
{
	struct vm_device spec = {.kind = VM_DEVICE_DISK, .port = 1};

	spec.disk.source = VM_DISK_WHOLE;
	snprintf(spec.disk.disk, sizeof(spec.disk.disk), "%s", name);
	return spec;
}

static struct vm_device partition(const char *name, const char *part, unsigned number)
{
	struct vm_device spec = whole(name);

	spec.disk.source = VM_DISK_PARTITION;
	snprintf(spec.disk.partition, sizeof(spec.disk.partition), "%s", part);
	spec.disk.number = number;
	return spec;
}

static struct vm_device range(const char *name, uint64_t offset, uint64_t size)
{
	struct vm_device spec = whole(name);

	spec.disk.source = VM_DISK_RANGE;
	spec.disk.offset = offset;
	spec.disk.size = size;
	return spec;
}

static struct vm_device reading(struct vm_device spec)
{
	spec.disk.read_only = true;
	return spec;
}

static enum status try_open(struct vm_device spec, const char *owner)
{
	struct disk *disk = NULL;
	enum status status = disk_open(&spec, owner, NULL, &disk, why, sizeof(why));

	assert_int_equal(disk != NULL, status == OK);
	if (disk)
		opened[n_opened++] = disk;
	return status;
}

static struct disk *must_open(struct vm_device spec)
{
	assert_int_equal(try_open(spec, "vm"), OK);
	return opened[n_opened - 1];
}

static void on_done(struct block_request *request, enum status status)
{
	(void)request;
	finished++;
	finished_with = status;
}

/* ---- finding ---- */

static uint64_t size_of(struct vm_device spec)
{
	struct dm_disk about;
	struct disk *disk = must_open(spec);

	disk_describe(disk, &about);
	disk_close(disk);
	n_opened--;
	return about.size;
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(size_of(whole("disk0")), DISK_SIZE);
	assert_int_equal(size_of(whole("SER-A")), DISK_SIZE);
	assert_int_equal(size_of(whole("disk1")), DISK_SIZE);
	assert_int_equal(size_of(partition("SER-A", "data", 0)), 100 * 512);
	assert_int_equal(size_of(partition("disk0", "", 7)), 100 * 512);
	assert_int_equal(size_of(range("disk0", 512, 1024)), 1024);
	assert_int_equal(size_of(range("disk1", 4096, DISK_SIZE - 4096)), DISK_SIZE - 4096);
	assert_string_equal(logged, "");
}

static void expect_error(struct vm_device spec, enum status status, const char *text)
{
	assert_int_equal(try_open(spec, "vm"), status);
	assert_string_equal(why, text);
}

static void test_not_found(void **state)
{
	(void)state;
	expect_error(whole("sda"), ERR_NOT_FOUND,
		"disk = \"sda\": no such disk: use disk0 (serial \"SER-A\"), disk1");
	/* A disk without a serial is not the one whose serial is empty. */
	expect_error(whole(""), ERR_NOT_FOUND,
		"disk = \"\": no such disk: use disk0 (serial \"SER-A\"), disk1");
	expect_error(partition("disk0", "home", 0), ERR_NOT_FOUND,
		"disk = \"disk0\", partition = \"home\": no such partition: use 1 \"root\", 7 "
		"\"data\"");
	expect_error(partition("disk0", "", 2), ERR_NOT_FOUND,
		"disk = \"disk0\", partition 2: no such partition: use 1 \"root\", 7 \"data\"");
	expect_error(partition("disk1", "root", 0), ERR_NOT_FOUND,
		"disk = \"disk1\", partition = \"root\": the disk has no partitions: make a GPT on "
		"it, or use all of it");
	mock_clear();
	expect_error(whole("disk0"), ERR_NOT_FOUND,
		"disk = \"disk0\": the machine has no disks: give it one, or take the device out");
}

static void test_ambiguous(void **state)
{
	(void)state;
	mock_partition(&mock_disk[0], 2, "data", 400, 410);
	mock_add("SER-A", DISK_SIZE, 512);
	disk_init();
	expect_error(whole("SER-A"), ERR_INVALID,
		"disk = \"SER-A\": 2 disks have this serial: use \"diskN\", one of disk0 (serial "
		"\"SER-A\"), disk1, disk2 (serial \"SER-A\")");
	expect_error(partition("disk0", "data", 0), ERR_INVALID,
		"disk = \"disk0\", partition = \"data\": 2 partitions have this name: use the "
		"number, one of 1 \"root\", 3 \"data\", 7 \"data\"");
	assert_int_equal(size_of(partition("disk0", "", 3)), 11 * 512);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *disk;
		uint64_t offset, size;
	} bad[] = {{"disk0", 0, 0}, {"disk0", 0, DISK_SIZE + 512}, {"disk0", DISK_SIZE, 512},
		{"disk0", 512, UINT64_MAX - 511}, {"disk0", UINT64_MAX - 511, 512},
		{"disk1", 512, 4096}, {"disk1", 0, 512}, {"disk0", 100, 512}};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(try_open(range(bad[i].disk, bad[i].offset, bad[i].size), "vm"),
			ERR_INVALID);
	assert_string_equal(why, "disk = \"disk0\", range of 512 bytes from 100 on: the disk has "
				 "524288 bytes in blocks of 512: use whole blocks inside of it");
}

/* What a disk says of itself can't play with the terminal, and many things are cut short. */
static void test_messages_are_tame(void **state)
{
	char small[20];
	struct disk *disk;
	struct vm_device spec = whole("none");

	(void)state;
	mock_add("\x1b[2J\xff", DISK_SIZE, 512);
	expect_error(spec, ERR_NOT_FOUND,
		"disk = \"none\": no such disk: use disk0 (serial \"SER-A\"), disk1, disk2 (serial "
		"\"?[2J?\")");
	while (mock_disks < 12)
		mock_add("", DISK_SIZE, 512);
	assert_int_equal(try_open(spec, "vm"), ERR_NOT_FOUND);
	assert_non_null(strstr(why, ", disk7 and 4 more"));
	assert_null(strstr(why, "disk8"));
	assert_int_equal(disk_open(&spec, "vm", NULL, &disk, small, sizeof(small)), ERR_NOT_FOUND);
	assert_int_equal(strlen(small), sizeof(small) - 1);
	assert_int_equal(disk_open(&spec, "vm", NULL, &disk, small, 0), ERR_NOT_FOUND);
	for (unsigned i = 10; i < 100; i++)
		mock_partition(&mock_disk[0], i, "x", 500, 510);
	disk_init();
	assert_int_equal(try_open(partition("disk0", "none", 0), "vm"), ERR_NOT_FOUND);
	assert_non_null(strstr(why, "16 \"x\" and 84 more"));
}

static void test_boot_messages(void **state)
{
	(void)state;
	mock_header(&mock_disk[0], 0)->my_lba = 9;
	mock_disk[1].broken = true;
	disk_init();
	assert_non_null(
		strstr(logged, "disk0: its partition table is damaged, the copy at the end"));
	assert_non_null(strstr(logged, "disk1: its partition table can't be read"));
	mock_header(&mock_disk[0], 1)->my_lba = 9;
	disk_init();
	assert_non_null(strstr(logged, "disk0: its partition table is damaged: it is taken"));
	assert_int_equal(try_open(partition("disk0", "data", 0), "vm"), ERR_NOT_FOUND);
	while (mock_disks < MOCK_DISKS_MAX)
		mock_add("", DISK_SIZE, 512);
	disk_init();
	assert_non_null(strstr(logged, "partitions of disk16 and later are not read"));
	assert_int_equal(try_open(partition("disk17", "", 1), "vm"), ERR_NOT_FOUND);
	assert_int_equal(try_open(whole("disk17"), "vm"), OK);
}

/* ---- who has what ---- */

static void test_exclusive(void **state)
{
	(void)state;
	assert_int_equal(try_open(partition("SER-A", "data", 0), "db"), OK);
	assert_int_equal(try_open(partition("disk0", "data", 0), "web"), ERR_BUSY);
	assert_string_equal(why, "disk = \"disk0\", partition = \"data\": already open in VM "
				 "\"db\": give each VM its own, or make both read-only");
	/* A reader doesn't like it if another writes. */
	assert_int_equal(try_open(reading(partition("disk0", "data", 0)), "web"), ERR_BUSY);
	assert_int_equal(try_open(whole("disk0"), "web"), ERR_BUSY);
	assert_int_equal(try_open(range("disk0", 299 * 512, 512), "db"), ERR_BUSY);
	/* Its neighbours on both sides and the other disk are free. */
	assert_int_equal(try_open(range("disk0", 300 * 512, 512), "web"), OK);
	assert_int_equal(try_open(partition("disk0", "root", 0), "web"), OK);
	assert_int_equal(try_open(whole("disk1"), "web"), OK);
	/* Closed is closed. */
	disk_close(opened[0]);
	opened[0] = opened[--n_opened];
	assert_int_equal(try_open(partition("disk0", "data", 0), "web"), OK);
}

static void test_readers(void **state)
{
	(void)state;
	assert_int_equal(try_open(reading(whole("disk0")), "a"), OK);
	assert_int_equal(try_open(reading(partition("disk0", "data", 0)), "b"), OK);
	assert_int_equal(try_open(partition("disk0", "data", 0), "c"), ERR_BUSY);
	/* A disk that can't be written has readers only. */
	mock_disk[1].info.read_only = true;
	assert_int_equal(try_open(whole("disk1"), "a"), OK);
	assert_int_equal(try_open(whole("disk1"), "b"), OK);
}

static void test_too_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(try_open(reading(whole("disk0")), "a"), OK);
	expect_error(reading(whole("disk0")), ERR_NO_SPACE,
		"128 disks are open, which is all that can be: stop a VM");
	disk_close(opened[--n_opened]);
	assert_int_equal(try_open(reading(whole("disk0")), "a"), OK);
}

/* Whoever was refused has taken nothing. */
static void test_refusals_leave_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(try_open(whole("none"), "a"), ERR_NOT_FOUND);
	assert_int_equal(try_open(whole("disk0"), "a"), OK);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(try_open(whole("disk0"), "b"), ERR_BUSY);
	assert_int_equal(try_open(whole("disk1"), "b"), OK);
}

static void test_describe(void **state)
{
	struct dm_disk about;
	struct vm_device spec = whole("disk0");

	(void)state;
	spec.port = 3;
	mock_disk[0].info.physical_size = 4096;
	assert_int_equal(try_open(spec, "vm"), OK);
	disk_describe(opened[0], &about);
	assert_int_equal(about.block_size, 512);
	assert_int_equal(about.physical_size, 4096);
	assert_int_equal(about.discard_max, MIB(1));
	assert_true(about.flush);
	assert_false(about.read_only);
	assert_memory_equal(about.id, "vm-2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	teardown(NULL);

	setup(NULL);
	memcpy(spec.disk.serial, "12345678901234567890", 20);
	assert_int_equal(try_open(reading(spec), "vm"), OK);
	disk_describe(opened[0], &about);
	assert_memory_equal(about.id, "12345678901234567890", 20);
	assert_true(about.read_only);
	assert_int_equal(about.discard_max, 0);
	assert_int_equal(about.write_zeroes_max, 0);
	teardown(NULL);

	setup(NULL);
	memset(spec.disk.serial, 0, 20);
	spec.port = 16;
	assert_int_equal(try_open(spec, "a-name-that-is-far-too-long"), OK);
	disk_describe(opened[0], &about);
	assert_memory_equal(about.id, "a-name-that-is-fa-15", 20);
}

/* ---- requests ---- */

static struct block_segment segment = {{0}, 512};

static struct block_request request_of(enum block_op op, uint64_t offset, uint64_t len)
{
	struct block_request request = {.op = op, .offset = offset, .len = len, .done = on_done};

	if (op == BLOCK_READ || op == BLOCK_WRITE) {
		segment.len = (uint32_t)len;
		request.segment = &segment;
		request.n = 1;
	}
	return request;
}

static enum status submit(struct disk *disk, enum block_op op, uint64_t offset, uint64_t len)
{
	struct block_request request = request_of(op, offset, len);

	mock_submitted = NULL;
	enum status status = disk_submit(disk, &request);
	assert_int_equal(mock_submitted != NULL, status == OK || status == mock_answer);
	if (status != OK)
		assert_int_equal(request.offset, offset);
	else if (op != BLOCK_FLUSH)
		assert_int_equal(request.offset, 200 * 512 + offset);
	return status;
}

static void test_requests(void **state)
{
	static const enum block_op ops[] = {
		BLOCK_READ, BLOCK_WRITE, BLOCK_DISCARD, BLOCK_WRITE_ZEROES};
	const uint64_t end = 100 * 512;

	(void)state;
	struct disk *disk = must_open(partition("disk0", "data", 0));
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(submit(disk, ops[i], 0, 512), OK);
		assert_int_equal(mock_submitted_disk, 0);
		assert_int_equal(submit(disk, ops[i], end - 512, 512), OK);
		assert_int_equal(submit(disk, ops[i], 0, end), OK);
		assert_int_equal(submit(disk, ops[i], end, 512), ERR_INVALID);
		assert_int_equal(submit(disk, ops[i], end - 512, 1024), ERR_INVALID);
		assert_int_equal(submit(disk, ops[i], UINT64_MAX - 511, 512), ERR_INVALID);
		assert_int_equal(submit(disk, ops[i], 512, UINT64_MAX - 511), ERR_INVALID);
		assert_int_equal(submit(disk, ops[i], 256, 512), ERR_INVALID);
		assert_int_equal(submit(disk, ops[i], 0, 100), ERR_INVALID);
	}
	assert_int_equal(submit(disk, BLOCK_FLUSH, 0, 0), OK);
	mock_answer = ERR_BUSY;
	assert_int_equal(submit(disk, BLOCK_WRITE, 512, 512), ERR_BUSY);
	mock_answer = ERR_IO;
	assert_int_equal(submit(disk, BLOCK_WRITE, 512, 512), ERR_IO);
	assert_int_equal(finished, 0); /* the driver's call, not ours */
}

static void test_read_only(void **state)
{
	(void)state;
	struct disk *disk = must_open(reading(partition("disk0", "data", 0)));

	assert_int_equal(submit(disk, BLOCK_READ, 0, 512), OK);
	assert_int_equal(submit(disk, BLOCK_FLUSH, 0, 0), OK);
	assert_int_equal(submit(disk, BLOCK_WRITE, 0, 512), ERR_UNSUPPORTED);
	assert_int_equal(submit(disk, BLOCK_DISCARD, 0, 512), ERR_UNSUPPORTED);
	assert_int_equal(submit(disk, BLOCK_WRITE_ZEROES, 0, 512), ERR_UNSUPPORTED);
}

static void test_missing_operations(void **state)
{
	(void)state;
	struct disk *disk = must_open(partition("disk0", "data", 0));

	mock_disk[0].info.discard_max = mock_disk[0].info.write_zeroes_max = 0;
	assert_int_equal(submit(disk, BLOCK_DISCARD, 0, 512), ERR_UNSUPPORTED);
	assert_int_equal(submit(disk, BLOCK_WRITE_ZEROES, 0, 512), ERR_UNSUPPORTED);
}

/* ---- images ---- */

static uint8_t image[3 * 4096 + 100];
static void *arena;

static struct disk *open_image(unsigned blocks, bool read_only)
{
	struct vm_device spec = {.kind = VM_DEVICE_DISK, .port = 1, .arena_size = blocks * 4096u};
	struct disk *disk;

	spec.disk.source = VM_DISK_IMAGE;
	spec.disk.read_only = read_only;
	spec.image = (struct blob){image, sizeof(image)};
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i / 512 + 1);
	arena = calloc(1, disk_memory_needed(&spec));
	assert_int_equal(disk_open(&spec, "vm", arena, &disk, why, sizeof(why)), OK);
	return opened[n_opened++] = disk;
}

static int teardown_image(void **state)
{
	teardown(state);
	free(arena);
	arena = NULL;
	return 0;
}

static enum status image_io(struct disk *disk, enum block_op op, uint64_t offset, void *data,
	uint32_t len, uint32_t first)
{
	struct block_segment pieces[] = {
		{hpa((uintptr_t)data), first}, {hpa((uintptr_t)data + first), len - first}};
	struct block_request request = {
		.op = op, .n = 2, .offset = offset, .len = len, .segment = pieces, .done = on_done};
	unsigned before = finished;
	enum status status = disk_submit(disk, &request);

	if (status != OK)
		return status;
	assert_int_equal(finished, before + 1);
	return finished_with;
}

static void test_image(void **state)
{
	struct dm_disk about;
	uint8_t data[1024];

	(void)state;
	struct disk *disk = open_image(4, false);
	disk_describe(disk, &about);
	assert_int_equal(about.size, 3 * 4096 + 512);
	assert_int_equal(about.block_size, 512);
	assert_false(about.flush);
	assert_int_equal(image_io(disk, BLOCK_READ, 3584, data, 1024, 300), OK);
	assert_int_equal(data[0], 8);
	assert_int_equal(data[512], 9);
	/* The last block of 512 is filled up with zeroes. */
	assert_int_equal(image_io(disk, BLOCK_READ, 3 * 4096, data, 512, 1), OK);
	assert_int_equal(data[99], 25);
	assert_int_equal(data[100], 0);
	assert_int_equal(data[511], 0);
	memset(data, 0xee, sizeof(data));
	assert_int_equal(image_io(disk, BLOCK_WRITE, 3584, data, 1024, 700), OK);
	memset(data, 0, sizeof(data));
	assert_int_equal(image_io(disk, BLOCK_READ, 3584, data, 1024, 1023), OK);
	assert_int_equal(data[0], 0xee);
	assert_int_equal(data[1023], 0xee);
	assert_int_equal(image[3584], 8); /* the image itself is as it was */
	assert_int_equal(image_io(disk, BLOCK_READ, 3 * 4096 + 512, data, 512, 1), ERR_INVALID);
	assert_int_equal(image_io(disk, BLOCK_READ, 3 * 4096, data, 1024, 1), ERR_INVALID);
}

static void test_image_zeroes(void **state)
{
	uint8_t data[512];
	struct block_request discard = {
		.op = BLOCK_DISCARD, .offset = 4096, .len = 4096, .done = on_done};
	struct block_request zeroes = {
		.op = BLOCK_WRITE_ZEROES, .offset = 512, .len = 512, .done = on_done};
	struct block_request flush = {.op = BLOCK_FLUSH, .done = on_done};

	(void)state;
	struct disk *disk = open_image(1, false);
	assert_int_equal(disk_submit(disk, &discard), OK);
	assert_int_equal(disk_submit(disk, &zeroes), OK);
	assert_int_equal(disk_submit(disk, &flush), OK);
	assert_int_equal(finished, 3);
	assert_int_equal(finished_with, OK);
	assert_int_equal(image_io(disk, BLOCK_READ, 4096, data, 512, 1), OK);
	assert_int_equal(data[0], 0);
	assert_int_equal(image_io(disk, BLOCK_READ, 512, data, 512, 1), OK);
	assert_int_equal(data[511], 0);
	assert_int_equal(image_io(disk, BLOCK_READ, 0, data, 512, 1), OK);
	assert_int_equal(data[0], 1);
}

static void test_image_full(void **state)
{
	uint8_t data[512] = {0};

	(void)state;
	struct disk *disk = open_image(1, false);
	assert_int_equal(image_io(disk, BLOCK_WRITE, 0, data, 512, 1), OK);
	assert_string_equal(logged, "");
	assert_int_equal(image_io(disk, BLOCK_WRITE, 4096, data, 512, 1), ERR_IO);
	assert_non_null(strstr(logged, "vm: the memory for what is written"));
	logged[0] = '\0';
	assert_int_equal(image_io(disk, BLOCK_WRITE, 8192, data, 512, 1), ERR_IO);
	assert_string_equal(logged, ""); /* once */
	assert_int_equal(image_io(disk, BLOCK_WRITE, 512, data, 512, 1), OK);
}

static void test_image_read_only(void **state)
{
	uint8_t data[512];

	(void)state;
	struct disk *disk = open_image(0, true);
	assert_int_equal(image_io(disk, BLOCK_READ, 0, data, 512, 1), OK);
	assert_int_equal(image_io(disk, BLOCK_WRITE, 0, data, 512, 1), ERR_UNSUPPORTED);
}

static void test_image_empty(void **state)
{
	struct vm_device spec = {.kind = VM_DEVICE_DISK, .port = 1};

	(void)state;
	spec.disk.source = VM_DISK_IMAGE;
	expect_error(
		spec, ERR_INVALID, "the image of a disk is empty: give it one with data in it");
}

static void test_memory(void **state)
{
	struct vm_device spec = whole("disk0");

	(void)state;
	assert_int_equal(disk_memory_needed(&spec), 0);
	spec.disk.source = VM_DISK_IMAGE;
	spec.image.size = MIB(8);
	spec.arena_size = MIB(1);
	assert_int_equal(disk_memory_needed(&spec), MIB(1) + 8192);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_image)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_not_found),
		TEST(test_ambiguous),
		TEST(test_ranges),
		TEST(test_messages_are_tame),
		TEST(test_boot_messages),
		TEST(test_exclusive),
		TEST(test_readers),
		TEST(test_too_many),
		TEST(test_refusals_leave_nothing),
		TEST(test_describe),
		TEST(test_requests),
		TEST(test_read_only),
		TEST(test_missing_operations),
		TEST(test_image),
		TEST(test_image_zeroes),
		TEST(test_image_full),
		TEST(test_image_read_only),
		TEST(test_image_empty),
		TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
