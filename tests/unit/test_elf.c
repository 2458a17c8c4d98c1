/* SPDX-License-Identifier: MIT */
/* ELF kernels: what is loaded where, where they begin, and each way in which one can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/elf.h"
#include "tests/unit/elf_file.h"

#define RAM  0x80000000ull
#define SIZE 0x1000000ull

static struct elf_file file;
static struct config_error error;

/* Text, then a header of another type, then data with a bss, then a bss alone, and an empty one. */
static const struct elf_file_segment segments[] = {
	{1, 0x80200000, 0x80200000, 64, 64},
	{6, 0x90000000, 0x90000000, 16, 16},
	{1, 0x80201000, 0x80201000, 0x3000, 10},
	{1, 0x80204000, 0x80204000, 0x1000, 0},
	{1, 0, 0, 0, 0},
};

static struct blob blob(void)
{
	return (struct blob){file.bytes, file.size};
}

/* Checks a copy of just its size, so that the sanitizer sees a read past the end. */
static enum status check(void)
{
	void *copy = malloc(file.size ? file.size : 1);
	const struct blob b = {copy, file.size};
	enum status status;

	memcpy(copy, file.bytes, file.size);
	status = elf_check(&b, RAM, SIZE, &error);
	free(copy);
	return status;
}

static int set_up(void **state)
{
	(void)state;
	elf_file_make(&file, 0x80200010, segments, 5);
	return 0;
}

static void assert_segment(unsigned i, uint64_t addr, uint64_t size, size_t file_size)
{
	struct elf_segment s;
	struct blob b = blob();

	assert_true(elf_segment(&b, i, &s));
	assert_int_equal(s.addr, addr);
	assert_int_equal(s.size, size);
	assert_int_equal(s.data.size, file_size);
	for (size_t at = 0; at < file_size; at++)
		assert_int_equal(((const uint8_t *)s.data.data)[at], at + 1);
}

static void test_segments(void **state)
{
	struct blob b = blob();
	struct elf_segment s;

	(void)state;
	assert_true(elf_is(&b));
	assert_int_equal(check(), OK);
	assert_segment(0, 0x80200000, 64, 64);
	assert_segment(1, 0x80201000, 0x3000, 10);
	assert_segment(2, 0x80204000, 0x1000, 0);
	assert_false(elf_segment(&b, 3, &s));
	assert_false(elf_segment(&b, UINT32_MAX, &s));
	assert_int_equal(elf_entry(&b), 0x80200010);
}

/* Linked for its own address space: entered at the lowest physical address, wherever that stands in the file. */
static void test_virtual_entry(void **state)
{
	static const struct elf_file_segment list[] = {
		{1, 0xffffffc000100000, 0x80300000, 64, 64},
		{1, 0xffffffc000000000, 0x80200000, 64, 64},
	};
	struct blob b;

	(void)state;
	elf_file_make(&file, 0xffffffc000100004, list, 2);
	b = blob();
	assert_int_equal(check(), OK);
	assert_int_equal(elf_entry(&b), 0x80200000);
}

/* A position-independent executable; the RAM's very ends. */
static void test_edges(void **state)
{
	static const struct elf_file_segment list[] = {
		{1, RAM, RAM, 4096, 1},
		{1, RAM + SIZE - 4096, RAM + SIZE - 4096, 4096, 4096},
	};
	struct blob b;

	(void)state;
	elf_file_make(&file, RAM + SIZE - 1, list, 2);
	elf_file_set(&file, 16, 3, 2);
	b = blob();
	assert_int_equal(check(), OK);
	assert_int_equal(elf_entry(&b), RAM + SIZE - 1);
}

static void test_messages(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		unsigned size;
		const char *text;
	} cases[] = {
		{4, 1, 1, "is an ELF file, but not for 64-bit little-endian RISC-V"},
		{5, 2, 1, "is an ELF file, but not for 64-bit little-endian RISC-V"},
		{18, 62, 2, "is an ELF file, but not for 64-bit little-endian RISC-V"},
		{16, 1, 2, "is an ELF file, but not an executable: link it"},
		{16, 4, 2, "is an ELF file, but not an executable: link it"},
		{54, 32, 2, "is a damaged ELF file: the size of its program headers"},
		{56, 0, 2, "is an ELF file without program headers, or with more than 64"},
		{56, 65, 2, "is an ELF file without program headers, or with more than 64"},
		{56, 64, 2, "is cut short: its program headers lie behind its end"},
		{32, UINT64_MAX, 8, "is cut short: its program headers lie behind its end"},
		{24, 0x80200040, 8, "has its entry point 0x80200040 in none of its segments"},
		{24, 0, 8, "has its entry point 0x0 in none of its segments"},
		{ELF_FILE_FIELD(0, 32), 65, 8,
			"is a damaged ELF file: its segment at 0x80200000 is larger in the file "
			"than in memory"},
		{ELF_FILE_FIELD(2, 8), 8192, 8,
			"is cut short: its segment at 0x80201000 lies behind its end"},
		{ELF_FILE_FIELD(2, 8), UINT64_MAX, 8,
			"is cut short: its segment at 0x80201000 lies behind its end"},
		{ELF_FILE_FIELD(0, 24), 0x7fffffff, 8,
			"has a segment of 0x40 bytes at 0x7fffffff, out of the RAM (0x80000000 to "
			"0x80ffffff)"},
		{ELF_FILE_FIELD(0, 24), 0x80ffffc1, 8,
			"has a segment of 0x40 bytes at 0x80ffffc1, out of the RAM (0x80000000 to "
			"0x80ffffff)"},
		{ELF_FILE_FIELD(3, 40), UINT64_MAX, 8,
			"has a segment of 0xffffffffffffffff bytes at 0x80204000, out of the RAM "
			"(0x80000000 to 0x80ffffff)"},
		{ELF_FILE_FIELD(3, 24), 0x80203fff, 8,
			"is a damaged ELF file: two of its segments overlap"},
		{ELF_FILE_FIELD(3, 24), 0x80200000, 8,
			"is a damaged ELF file: two of its segments overlap"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(NULL);
		elf_file_set(&file, cases[i].offset, cases[i].value, cases[i].size);
		assert_int_equal(check(), ERR_INVALID);
		assert_string_equal(error.text, cases[i].text);
	}
}

static void test_nothing_to_load(void **state)
{
	(void)state;
	elf_file_make(&file, 0x80200010, segments + 1, 1);
	assert_int_equal(check(), ERR_INVALID);
	assert_string_equal(error.text, "is an ELF file with nothing to load");
}

/* Cut anywhere it is refused, and nothing behind the cut is read. */
static void test_cut_short(void **state)
{
	size_t whole;

	(void)state;
	/* The bytes of the header that is not loaded are in front of the last that are. */
	for (whole = file.size; file.size;) {
		file.size--;
		assert_int_equal(check(), ERR_INVALID);
		assert_non_null(strstr(error.text, "cut short"));
	}
	assert_true(whole > 400);
}

static void test_is(void **state)
{
	struct blob b = {"\x7f"
			 "ELF",
		4};

	(void)state;
	assert_true(elf_is(&b));
	b.size = 3;
	assert_false(elf_is(&b));
	b = (struct blob){"\x7f"
			  "elf",
		4};
	assert_false(elf_is(&b));
	b = (struct blob){NULL, 0};
	assert_false(elf_is(&b));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_segments),
		TEST(test_virtual_entry),
		TEST(test_edges),
		TEST(test_messages),
		TEST(test_nothing_to_load),
		TEST(test_cut_short),
		TEST(test_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
