/* SPDX-License-Identifier: MIT */
/* Vesper's own lines: their form, their cut, and how much a guest may make it say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/log.h"

static char written[4096];
static size_t written_len;

static void sink(const char *data, size_t len)
{
	assert_true(written_len + len < sizeof(written));
	memcpy(written + written_len, data, len);
	written_len += len;
	written[written_len] = 0;
}

static int setup(void **state)
{
	(void)state;
	written_len = 0;
	log_set_sink(sink);
	return 0;
}

static void lines(void **state)
{
	(void)state;
	log_line("%s %d", "seven", 7);
	assert_string_equal(written, "vesper: seven 7\r\n");
}

static void long_lines_are_cut_and_still_end(void **state)
{
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	log_line("%s", text);
	assert_in_range(written_len, 200, 256);
	assert_string_equal(written + written_len - 2, "\r\n");
}

static void a_burst_then_one_an_interval(void **state)
{
	struct log_limit limit = {0};
	unsigned said = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		said += log_allowed(&limit, 5000, 100);
	assert_int_equal(said, LOG_LIMIT_BURST);
	assert_int_equal(written_len, 0);
	assert_false(log_allowed(&limit, 5099, 100));
	assert_true(log_allowed(&limit, 5100, 100));
	assert_non_null(strstr(written, "(993 like the next one were not shown)"));
	assert_false(log_allowed(&limit, 5199, 100));
	assert_true(log_allowed(&limit, 5200, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines, setup),
		cmocka_unit_test_setup(long_lines_are_cut_and_still_end, setup),
		cmocka_unit_test_setup(a_burst_then_one_an_interval, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
