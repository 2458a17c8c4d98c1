/* SPDX-License-Identifier: MIT */
/*
 * The debug console: what is moved, how much at once, and what is not RAM.
 */
#include "tests/unit/sbi_call.h"

static void test_console_write(void **state)
{
	(void)state;
	memcpy(mock.ram + MOCK_RAM_SIZE - 5, "hello", 5);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 5, MOCK_RAM_BASE + MOCK_RAM_SIZE - 5), 5);
	assert_int_equal(mock.output_len, 5);
	assert_memory_equal(mock.output, "hello", 5);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, 0xffffff00 | '!'), 0);
	assert_int_equal(mock.output_len, 6);
	assert_int_equal(mock.output[5], '!');
}

static void test_console_bound(void **state)
{
	(void)state;
	/* A long transfer is cut, and core is not asked for memory that it does not move. */
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, MOCK_RAM_SIZE, MOCK_RAM_BASE), 256);
	assert_int_equal(mock.output_len, 256);
	assert_in_range(mock.ram_asked, 256, 257);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 256, MOCK_RAM_BASE), 256);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 0, ~0ull, ~0ull), 0);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 0, 0), 0);
}

/* The call does not wait: it takes what goes, and says how much. */
static void test_console_partial(void **state)
{
	(void)state;
	memcpy(mock.ram, "hello", 5);
	mock.output_room = 3;
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 5, MOCK_RAM_BASE), 3);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE, 2, MOCK_RAM_BASE + 3), 0);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, '!'), 0);
	assert_int_equal(mock.output_len, 4);
	assert_memory_equal(mock.output, "hel!", 4);
}

static void test_console_read(void **state)
{
	(void)state;
	memset(mock.ram, 'x', 8);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 8, MOCK_RAM_BASE), 0);
	memcpy(mock.input, "abcdef", mock.input_len = 6);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 4, MOCK_RAM_BASE), 4);
	assert_memory_equal(mock.ram, "abcdxxxx", 8);
	assert_value(CALL(SBI_EXT_DBCN, SBI_DBCN_READ, 8, MOCK_RAM_BASE), 2);
	assert_memory_equal(mock.ram, "efcdxxxx", 8);
}

static void test_console_addresses(void **state)
{
	static const uint64_t bad[][3] = {
		{1, 0, 0},
		{1, MOCK_RAM_BASE - 1, 0},
		{2, MOCK_RAM_BASE - 1, 0},
		{1, MOCK_RAM_BASE + MOCK_RAM_SIZE, 0},
		{2, MOCK_RAM_BASE + MOCK_RAM_SIZE - 1, 0},
		{MOCK_RAM_SIZE + 1, MOCK_RAM_BASE, 0},
		{~0ull, MOCK_RAM_BASE, 0},
		{~0ull, MOCK_RAM_BASE + 1, 0},
		{~0ull, MOCK_RAM_BASE + 2, 0},
		{1, MOCK_RAM_BASE, 1},
		{1, MOCK_RAM_BASE, ~0ull},
		{2, ~0ull, 0},
	};

	(void)state;
	memcpy(mock.input, "abc", mock.input_len = 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint64_t fid = SBI_DBCN_WRITE; fid <= SBI_DBCN_READ; fid++)
			assert_error(CALL(SBI_EXT_DBCN, fid, bad[i][0], bad[i][1], bad[i][2]),
				SBI_ERR_INVALID_PARAM);
	assert_int_equal(mock.output_len, 0);
	assert_int_equal(mock.input_len, 3);
}

static void test_functions(void **state)
{
	(void)state;
	assert_no_function(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE + 1);
	assert_int_equal(mock.output_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_console_write, one_vcpu),
		cmocka_unit_test_setup(test_console_bound, one_vcpu),
		cmocka_unit_test_setup(test_console_partial, one_vcpu),
		cmocka_unit_test_setup(test_console_read, one_vcpu),
		cmocka_unit_test_setup(test_console_addresses, one_vcpu),
		cmocka_unit_test_setup(test_functions, one_vcpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
