/* SPDX-License-Identifier: MIT */
/* Partition tables: good ones in both block sizes, damaged ones, and those that an attacker writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/gpt.h"
#include "tests/unit/block_mock.h"

static struct gpt gpt;

static int clear(void **state)
{
	(void)state;
	mock_clear();
	return 0;
}

static struct mock_disk *disk_with_two(uint32_t block_size)
{
	struct mock_disk *disk = mock_add("", 1024 * (uint64_t)block_size, block_size);

	mock_gpt(disk, 128, 128);
	mock_partition(disk, 0, "root", 100, 199);
	mock_partition(disk, 6, "data", 200, 200);
	return disk;
}

static void test_good(void **state)
{
	static const uint32_t sizes[] = {512, 1024, 4096};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		mock_clear();
		disk_with_two(sizes[i]);
		assert_int_equal(gpt_read(0, &gpt), OK);
		assert_false(gpt.backup);
		assert_int_equal(gpt.n, 2);
		assert_string_equal(gpt.partition[0].name, "root");
		assert_int_equal(gpt.partition[0].number, 1);
		assert_int_equal(gpt.partition[0].offset, 100 * sizes[i]);
		assert_int_equal(gpt.partition[0].size, 100 * sizes[i]);
		assert_string_equal(gpt.partition[1].name, "data");
		assert_int_equal(gpt.partition[1].number, 7);
		assert_int_equal(gpt.partition[1].size, sizes[i]);
	}
}

static void test_entry_sizes(void **state)
{
	(void)state;
	for (uint32_t size = 128; size <= 512; size *= 2) {
		mock_clear();
		struct mock_disk *disk = mock_add("", MIB(1), 512);

		mock_gpt(disk, 128, size);
		mock_partition(disk, 127, "last", 300, 310);
		assert_int_equal(gpt_read(0, &gpt), OK);
		assert_int_equal(gpt.n, 1);
		assert_int_equal(gpt.partition[0].number, 128);
	}
}

/* A few entries, which are less than a block. */
static void test_small_table(void **state)
{
	(void)state;
	struct mock_disk *disk = mock_add("", MIB(1), 4096);

	mock_gpt(disk, 3, 128);
	mock_partition(disk, 2, "c", 10, 20);
	assert_int_equal(gpt_read(0, &gpt), OK);
	assert_int_equal(gpt.n, 1);
	assert_string_equal(gpt.partition[0].name, "c");
}

static void test_none(void **state)
{
	(void)state;
	mock_add("", MIB(1), 512);
	assert_int_equal(gpt_read(0, &gpt), ERR_NOT_FOUND);
	assert_int_equal(gpt.n, 0);

	/* What is left of one on a disk that has an old partition table now. */
	struct mock_disk *disk = disk_with_two(512);
	disk->data[GPT_MBR_ENTRIES + GPT_MBR_ENTRY_TYPE] = 0x83;
	assert_int_equal(gpt_read(1, &gpt), ERR_NOT_FOUND);
	disk->data[GPT_MBR_ENTRIES + 3 * GPT_MBR_ENTRY_SIZE + GPT_MBR_ENTRY_TYPE] = GPT_MBR_TYPE;
	assert_int_equal(gpt_read(1, &gpt), OK);
	disk->data[GPT_MBR_SIGNATURE] = 0;
	assert_int_equal(gpt_read(1, &gpt), ERR_NOT_FOUND);
}

static void test_tiny_disks(void **state)
{
	(void)state;
	for (uint64_t blocks = 0; blocks < 8; blocks++) {
		mock_clear();
		struct mock_disk *disk = mock_add("", blocks * 512, 512);

		if (blocks > 0) {
			disk->data[GPT_MBR_ENTRIES + GPT_MBR_ENTRY_TYPE] = GPT_MBR_TYPE;
			disk->data[GPT_MBR_SIGNATURE] = 0x55;
			disk->data[GPT_MBR_SIGNATURE + 1] = 0xaa;
		}
		assert_int_equal(gpt_read(0, &gpt), blocks < 3 ? ERR_NOT_FOUND : ERR_INVALID);
	}
}

/* Each byte of the header and some of the entries: the backup takes over. */
static void test_damaged_first_copy(void **state)
{
	(void)state;
	struct mock_disk *disk = disk_with_two(512);
	uint8_t *header = (uint8_t *)mock_header(disk, 0);
	uint8_t *entries = (uint8_t *)mock_entry(disk, 0, 0);

	for (unsigned i = 0; i < GPT_HEADER_SIZE + 512; i++) {
		uint8_t *at =
			i < GPT_HEADER_SIZE ? header + i : entries + (i - GPT_HEADER_SIZE) * 32;

		*at ^= 0x40;
		assert_int_equal(gpt_read(0, &gpt), OK);
		assert_true(gpt.backup);
		assert_int_equal(gpt.n, 2);
		*at ^= 0x40;
	}
	assert_int_equal(gpt_read(0, &gpt), OK);
	assert_false(gpt.backup);
}

static void test_both_damaged(void **state)
{
	(void)state;
	struct mock_disk *disk = disk_with_two(512);

	mock_header(disk, 0)->signature[0] = 'x';
	mock_entry(disk, 1, 0)->first_lba++;
	assert_int_equal(gpt_read(0, &gpt), ERR_INVALID);
	assert_int_equal(gpt.n, 0);
}

static void test_unreadable(void **state)
{
	(void)state;
	disk_with_two(512)->broken = true;
	assert_int_equal(gpt_read(0, &gpt), ERR_IO);
	assert_int_equal(gpt.n, 0);
}

/* Right checksums and wrong numbers, in both copies. */
static void expect_refused(struct mock_disk *disk)
{
	unsigned before = disk->reads;

	for (unsigned copy = 0; copy < 2; copy++)
		mock_seal_header(disk, copy);
	assert_int_equal(gpt_read(0, &gpt), ERR_INVALID);
	assert_int_equal(gpt.n, 0);
	assert_true(disk->reads - before < 40);
}

enum field { N_ENTRIES, ENTRY_SIZE, ENTRIES_LBA, HEADER_SIZE, REVISION, MY_LBA };

static void set_field(struct gpt_header *h, enum field field, uint64_t value)
{
	switch (field) {
	case N_ENTRIES:
		h->n_entries = (uint32_t)value;
		break;
	case ENTRY_SIZE:
		h->entry_size = (uint32_t)value;
		break;
	case ENTRIES_LBA:
		h->entries_lba = value;
		break;
	case HEADER_SIZE:
		h->header_size = (uint32_t)value;
		break;
	case REVISION:
		h->revision = (uint32_t)value;
		break;
	case MY_LBA:
		h->my_lba = value;
		break;
	}
}

static void test_wild_headers(void **state)
{
	static const struct {
		enum field field;
		uint64_t value;
	} cases[] = {{N_ENTRIES, 129}, {N_ENTRIES, UINT32_MAX}, {ENTRY_SIZE, 0}, {ENTRY_SIZE, 64},
		{ENTRY_SIZE, 192}, {ENTRY_SIZE, 1024}, {ENTRY_SIZE, UINT32_MAX},
		{ENTRIES_LBA, UINT64_MAX}, {ENTRIES_LBA, UINT64_MAX / 512}, {ENTRIES_LBA, 1023},
		{ENTRIES_LBA, 1024}, {HEADER_SIZE, 91}, {HEADER_SIZE, 513},
		{HEADER_SIZE, UINT32_MAX}, {REVISION, 0x20000}, {MY_LBA, 5}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock_clear();
		struct mock_disk *disk = disk_with_two(512);

		for (unsigned copy = 0; copy < 2; copy++)
			set_field(mock_header(disk, copy), cases[i].field, cases[i].value);
		expect_refused(disk);
	}
}

/* A partition that doesn't lie between the tables is not there; the others are. */
static void test_wild_entries(void **state)
{
	static const uint64_t cases[][2] = {{0, 10}, {33, 40}, {200, 199}, {900, 1023},
		{900, UINT64_MAX}, {UINT64_MAX, UINT64_MAX},
		{UINT64_MAX / 512, UINT64_MAX / 512 + 1}, {1024, 1024}};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mock_clear();
		struct mock_disk *disk = disk_with_two(512);

		mock_partition(disk, 3, "wild", cases[i][0], cases[i][1]);
		assert_int_equal(gpt_read(0, &gpt), OK);
		assert_int_equal(gpt.n, 2);
		assert_string_equal(gpt.partition[1].name, "data");
	}
}

/* A usable area that is larger than the disk helps nobody. */
static void test_wild_usable(void **state)
{
	(void)state;
	struct mock_disk *disk = disk_with_two(512);

	for (unsigned copy = 0; copy < 2; copy++) {
		mock_header(disk, copy)->first_usable_lba = 0;
		mock_header(disk, copy)->last_usable_lba = UINT64_MAX;
	}
	mock_partition(disk, 1, "over", 1000, 1024);
	mock_partition(disk, 2, "to-the-end", 1000, 1023);
	assert_int_equal(gpt_read(0, &gpt), OK);
	assert_int_equal(gpt.n, 3);
	assert_string_equal(gpt.partition[1].name, "to-the-end");
	assert_int_equal(gpt.partition[1].offset + gpt.partition[1].size, disk->info.size);
}

static void expect_name(const uint16_t *units, unsigned n, const char *name)
{
	mock_clear();
	struct mock_disk *disk = disk_with_two(512);

	memset(mock_entry(disk, 0, 0)->name, 0, sizeof(mock_entry(disk, 0, 0)->name));
	memcpy(mock_entry(disk, 0, 0)->name, units, n * sizeof(*units));
	mock_seal(disk, 0);
	assert_int_equal(gpt_read(0, &gpt), OK);
	assert_false(gpt.backup);
	assert_string_equal(gpt.partition[0].name, name);
}

static void test_names(void **state)
{
	static const uint16_t umlaut[] = {'g', 0xf6, 0x20ac}, pair[] = {0xd83d, 0xde00},
			      alone[] = {0xd83d, 'x', 0xde00}, escape[] = {0x1b, '[', 0x7f, 0x9b};
	uint16_t full[GPT_NAME_UNITS];
	char expected[GPT_NAME_MAX] = "";

	(void)state;
	expect_name(umlaut, 3, "g\xc3\xb6\xe2\x82\xac");
	expect_name(pair, 2, "\xf0\x9f\x98\x80");
	expect_name(alone, 3, "\xef\xbf\xbdx\xef\xbf\xbd");
	expect_name(escape, 4, "?[??");
	for (unsigned i = 0; i < GPT_NAME_UNITS; i++) {
		full[i] = i + 1 < GPT_NAME_UNITS ? 0xffff : 0xd83d; /* a first half at the end */
		strcat(expected, full[i] == 0xffff ? "\xef\xbf\xbf" : "\xef\xbf\xbd");
	}
	assert_int_equal(strlen(expected), GPT_NAME_MAX - 1);
	expect_name(full, GPT_NAME_UNITS, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, clear, clear),
		cmocka_unit_test_setup_teardown(test_entry_sizes, clear, clear),
		cmocka_unit_test_setup_teardown(test_small_table, clear, clear),
		cmocka_unit_test_setup_teardown(test_none, clear, clear),
		cmocka_unit_test_setup_teardown(test_tiny_disks, clear, clear),
		cmocka_unit_test_setup_teardown(test_damaged_first_copy, clear, clear),
		cmocka_unit_test_setup_teardown(test_both_damaged, clear, clear),
		cmocka_unit_test_setup_teardown(test_unreadable, clear, clear),
		cmocka_unit_test_setup_teardown(test_wild_headers, clear, clear),
		cmocka_unit_test_setup_teardown(test_wild_entries, clear, clear),
		cmocka_unit_test_setup_teardown(test_wild_usable, clear, clear),
		cmocka_unit_test_setup_teardown(test_names, clear, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
