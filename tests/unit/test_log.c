/* SPDX-License-Identifier: MIT */
/* Vesper's own lines: their form, their cut, what is kept, whose turn it is, and how much a guest may make it say. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* All that is kept, `step` bytes at a time. */
static size_t read_kept(char *out, size_t step)
{
	uint32_t place = log_oldest();
	size_t len = 0, n;

	while ((n = log_copy(&place, out + len, step)) > 0)
		len += n;
	out[len] = 0;
	return len;
}

static void drop(const char *data, size_t len)
{
	(void)data;
	(void)len;
}

/* Whole lines, all the newest that fit; what others write is not among them. */
static void the_newest_lines_are_kept(void **state)
{
	static char kept[LOG_KEPT + 1];
	char line[40];

	(void)state;
	log_set_sink(drop);
	for (unsigned i = 0; i < 1000; i++) {
		log_line("line %u", i);
		log_write("a guest's", 9);
		size_t len = read_kept(kept, 1 + i % 300);
		int n = snprintf(line, sizeof(line), "vesper: line %u\r\n", i);

		assert_string_equal(kept + len - n, line);
		assert_memory_equal(kept, "vesper: ", 8);
	}
	assert_in_range(strlen(kept), LOG_KEPT - sizeof(line), LOG_KEPT);
	assert_null(strstr(kept, "guest"));
	unsigned first, lines = 0;

	assert_int_equal(sscanf(kept, "vesper: line %u", &first), 1);
	for (const char *at = kept; *at; at = strchr(at, '\n') + 1, lines++) {
		snprintf(line, sizeof(line), "vesper: line %u\r\n", first + lines);
		assert_memory_equal(at, line, strlen(line));
	}
	assert_int_equal(first + lines, 1000);
}

/* Who reads slowly misses lines, and goes on at the beginning of one. */
static void lines_come_while_one_reads(void **state)
{
	uint32_t place = log_oldest();
	char text[9];

	(void)state;
	log_set_sink(drop);
	assert_int_equal(log_copy(&place, text, 3), 3);
	for (unsigned i = 0; i < 2000; i++)
		log_line("another %u", i);
	assert_int_equal(log_copy(&place, text, 8), 8);
	assert_memory_equal(text, "vesper: ", 8);
}

static int inside;
static unsigned whole, torn;

static void slow_sink(const char *data, size_t len)
{
	torn += __atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST) != 0;
	sched_yield();
	whole += len > 10 && memcmp(data, "vesper: ", 8) == 0 && data[len - 1] == '\n';
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

static void *say_much(void *name)
{
	for (unsigned i = 0; i < 2000; i++)
		log_line("%s %u", (const char *)name, i);
	return NULL;
}

static void several_harts(void **state)
{
	pthread_t other;

	(void)state;
	log_set_sink(slow_sink);
	assert_int_equal(pthread_create(&other, NULL, say_much, "other"), 0);
	say_much("this");
	pthread_join(other, NULL);
	assert_int_equal(torn, 0);
	assert_int_equal(whole, 4000);
}

/* A panic inside the sink: this hart itself holds the lock. */
static void panicking_sink(const char *data, size_t len)
{
	static unsigned depth;

	if (depth++ == 0) {
		log_break_lock();
		log_line("PANIC");
	}
	sink(data, len);
}

/* The last one: locks stay broken. */
static void a_panic_gets_through(void **state)
{
	struct spinlock lock = {0};

	(void)state;
	alarm(10);
	log_set_sink(panicking_sink);
	log_line("line");
	assert_string_equal(written, "vesper: PANIC\r\nvesper: line\r\n");
	assert_false(log_lock(&lock));
	log_unlock(&lock, false);
	assert_int_equal(lock.held, 0);
	log_line("more");
	assert_non_null(strstr(written, "more"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines, setup),
		cmocka_unit_test_setup(long_lines_are_cut_and_still_end, setup),
		cmocka_unit_test_setup(a_burst_then_one_an_interval, setup),
		cmocka_unit_test_setup(the_newest_lines_are_kept, setup),
		cmocka_unit_test_setup(lines_come_while_one_reads, setup),
		cmocka_unit_test_setup(several_harts, setup),
		cmocka_unit_test_setup(a_panic_gets_through, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
