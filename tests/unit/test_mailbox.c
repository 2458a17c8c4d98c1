/* SPDX-License-Identifier: MIT */
/* Posted buffers: what lies where after a delivery, limits, and a sender beside a VM that comes and goes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/mailbox.h"

#define ROOM 12u

static struct mailbox *box;
static uint8_t memory[DM_POSTED_MAX + 1][64];
static struct iovec_piece taken[DM_POSTED_SLICES_MAX];

static int setup(void **state)
{
	(void)state;
	box = mailbox_init(malloc(mailbox_size()));
	memset(memory, 0xee, sizeof(memory));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(box);
	return 0;
}

static bool post(unsigned i, uint32_t len)
{
	struct iovec_piece piece = {memory[i], len};

	return mailbox_post(box, i, ROOM, &piece, 1);
}

static bool deliver(const char *text, unsigned max)
{
	struct dm_frame frame = {.flags = 7};
	struct iovec_piece pieces[2] = {{(void *)(uintptr_t)text, 1},
		{(void *)(uintptr_t)(text + 1), (uint32_t)strlen(text) - 1}};

	return mailbox_deliver(box, &frame, pieces, 2, strlen(text), max);
}

static struct dm_received take(void)
{
	struct dm_received out = {0};
	unsigned n;

	assert_true(mailbox_take(box, &out, taken, &n));
	assert_int_equal(n, 1);
	assert_ptr_equal(taken[0].data, memory[out.token]);
	return out;
}

static void assert_empty(void)
{
	struct dm_received out;
	unsigned n;

	assert_false(mailbox_take(box, &out, taken, &n));
}

static void test_one(void **state)
{
	(void)state;
	assert_false(deliver("nowhere", 1));
	assert_true(post(0, 64));
	assert_empty();
	assert_true(deliver("hello", 1));
	struct dm_received got = take();
	assert_int_equal(got.token, 0);
	assert_int_equal(got.len, 5);
	assert_int_equal(got.buffers, 1);
	assert_int_equal(got.frame.flags, 7);
	assert_memory_equal(memory[0] + ROOM, "hello", 5);
	assert_int_equal(memory[0][ROOM - 1], 0xee);
	assert_int_equal(memory[0][ROOM + 5], 0xee);
	assert_empty();
}

/* Room is left at the start of the frame only; a frame that does not fit changes nothing. */
static void test_several(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(post(i, ROOM + 2));
	assert_false(deliver("0123456789", 1));
	assert_true(deliver("0123456789abcdefgh", 3));
	struct dm_received got = take();
	assert_int_equal(got.buffers, 3);
	assert_int_equal(got.len, 2);
	got = take();
	assert_int_equal(got.buffers, 0);
	assert_int_equal(got.len, ROOM + 2);
	got = take();
	assert_int_equal(got.token, 2);
	assert_int_equal(got.len, 2);
	assert_memory_equal(memory[0] + ROOM, "01", 2);
	assert_memory_equal(memory[1], "23456789abcdef", ROOM + 2);
	assert_memory_equal(memory[2], "gh", 2);
	assert_empty();
}

static void test_too_many_buffers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(post(i, ROOM + 1));
	assert_false(deliver("0123456789abcde", 2));
	assert_false(deliver("0123456789abcdef0123456789abcdef", DM_POSTED_MAX));
	assert_empty();
	assert_true(deliver("0123456789abcd", 2));
	assert_int_equal(take().buffers, 2);
}

/* Pieces of two bytes, an empty one among them, and room that ends inside of a piece. */
static void test_pieces(void **state)
{
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	struct dm_received got;
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < DM_POSTED_SLICES_MAX; i++)
		pieces[i] = (struct iovec_piece){memory[i], i == 13 ? 0 : 2};
	assert_true(mailbox_post(box, 5, 13, pieces, DM_POSTED_SLICES_MAX));
	assert_false(mailbox_post(box, 6, 13, pieces, DM_POSTED_SLICES_MAX + 1));
	assert_true(deliver("abcdef", 1));
	assert_true(mailbox_take(box, &got, taken, &n));
	assert_int_equal(n, DM_POSTED_SLICES_MAX);
	assert_memory_equal(taken, pieces, 1);
	assert_int_equal(memory[6][0], 0xee);
	assert_int_equal(memory[6][1], 'a');
	assert_memory_equal(memory[7], "bc", 2);
	assert_memory_equal(memory[8], "de", 2);
	assert_int_equal(memory[9][0], 'f');
	assert_int_equal(memory[9][1], 0xee);
}

static void test_full(void **state)
{
	struct iovec_piece pieces[DM_POSTED_SLICES_MAX];
	unsigned n = 0, posted = 0;

	(void)state;
	for (unsigned i = 0; i < DM_POSTED_MAX; i++)
		assert_true(post(i, 64));
	assert_false(post(DM_POSTED_MAX, 64));
	assert_true(deliver("x", 1));
	assert_false(post(DM_POSTED_MAX, 64));
	take();
	assert_true(post(DM_POSTED_MAX, 64));
	mailbox_clear(box);

	/* Of many pieces fewer buffers fit, and all places are used again and again. */
	for (unsigned i = 0; i < DM_POSTED_SLICES_MAX; i++)
		pieces[i] = (struct iovec_piece){memory[i], 64};
	while (mailbox_post(box, posted, 0, pieces, DM_POSTED_SLICES_MAX))
		posted++;
	assert_in_range(posted, 20, DM_POSTED_MAX - 1);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(mailbox_take_back(box, taken, &n));
		assert_int_equal(n, DM_POSTED_SLICES_MAX);
		assert_true(mailbox_post(box, i, 0, pieces, DM_POSTED_SLICES_MAX));
	}
}

static void test_take_back(void **state)
{
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_true(post(i, ROOM + 1));
	assert_true(deliver("ab", 2));
	take();
	for (unsigned i = 1; i < 4; i++) {
		assert_true(mailbox_take_back(box, taken, &n));
		assert_ptr_equal(taken[0].data, memory[i]);
	}
	assert_false(mailbox_take_back(box, taken, &n));
	assert_false(deliver("c", 1));
	assert_true(post(0, 64));
	assert_true(deliver("c", 1));
	assert_int_equal(take().len, 1);
}

static void test_clear(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(post(i, 64));
	assert_true(deliver("lost", 1));
	mailbox_clear(box);
	assert_empty();
	assert_false(deliver("nowhere", 1));
	assert_true(post(9, 64));
	assert_true(deliver("new", 1));
	assert_int_equal(take().token, 9);
}

/* ---- a sender on another hart ---- */

#define FRAMES 20000u

static unsigned sent;
static bool over;

static void *sender(void *unused)
{
	struct dm_frame frame = {0};

	(void)unused;
	for (uint32_t i = 0; i < FRAMES;) {
		uint32_t words[6] = {i, ~i, i, ~i, i, ~i};
		struct iovec_piece piece = {words, sizeof(words)};
		if (mailbox_deliver(box, &frame, &piece, 1, sizeof(words), 4))
			i++;
	}
	__atomic_store_n(&sent, FRAMES, __ATOMIC_RELEASE);
	return NULL;
}

static void check_frame(uint32_t expected)
{
	uint8_t frame[64];
	uint32_t words[6];
	size_t at = 0;
	struct dm_received got;
	unsigned n, left = 1;

	for (bool first = true; left > 0; first = false) {
		while (!mailbox_take(box, &got, taken, &n))
			assert_true(first);
		left = first ? got.buffers - 1u : left - 1;
		memcpy(frame + at, memory[got.token % 64] + (first ? ROOM : 0), got.len);
		at += got.len;
		struct iovec_piece piece = {memory[got.token % 64], 16};
		assert_true(mailbox_post(box, got.token, ROOM, &piece, 1));
	}
	assert_int_equal(at, sizeof(words));
	memcpy(words, frame, sizeof(words));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(words[i], i % 2 ? ~expected : expected);
}

static void test_threads(void **state)
{
	pthread_t thread;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct iovec_piece piece = {memory[i], 16};
		assert_true(mailbox_post(box, i, ROOM, &piece, 1));
	}
	assert_int_equal(pthread_create(&thread, NULL, sender, NULL), 0);
	for (uint32_t i = 0; i < FRAMES; i++)
		check_frame(i);
	pthread_join(thread, NULL);
	assert_int_equal(sent, FRAMES);
}

static void *storm(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		(void)deliver("storm", 1);
	return NULL;
}

/* After mailbox_clear() the memory is somebody else's: AddressSanitizer sees a sender that does not know. */
static void test_end_under_fire(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, storm, NULL), 0);
	for (unsigned round = 0; round < 2000; round++) {
		char *buffer = malloc(64);
		struct iovec_piece piece = {buffer, 64};
		for (unsigned i = 0; i < 4; i++)
			assert_true(mailbox_post(box, i, ROOM, &piece, 1));
		mailbox_clear(box);
		free(buffer);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_under_fire, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
