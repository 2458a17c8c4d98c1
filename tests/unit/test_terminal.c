/* SPDX-License-Identifier: MIT */
/* The terminal on a UART that the test plays: one that is stuck, one without interrupt, and none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/console.h"
#include "backends/terminal.h"
#include "lib/log.h"
#include "tests/unit/uart_mock.h"

/* ---- the consoles behind it ---- */

static struct {
	char got[64];
	size_t n_got, takes;
	unsigned rooms;
	void (*in_room)(void); /* what a console does when there is room */
} console;

void console_input(int (*next)(void))
{
	int byte;

	while (console.takes && (byte = next()) >= 0) {
		console.got[console.n_got++] = (char)byte;
		console.takes--;
	}
}

void console_room(void)
{
	console.rooms++;
	if (console.in_room)
		console.in_room();
}

/* ---- the log's way out ---- */

static char logged[64];

static void sink(const char *data, size_t len)
{
	memcpy(logged, data, len < sizeof(logged) ? len : sizeof(logged));
}

static int setup(void **state)
{
	(void)state;
	uart_mock_reset();
	memset(&console, 0, sizeof(console));
	console.takes = sizeof(console.got);
	return 0;
}

/* The first test, as nothing takes a UART away again. */
static void without_uart(void **state)
{
	(void)state;
	log_set_sink(sink);
	terminal_write("word", 4);
	assert_memory_equal(logged, "word", 4);
	assert_int_equal(terminal_send("more", 4), 4);
	assert_memory_equal(logged, "more", 4);
	terminal_want_input(false);
	terminal_want_input(true);
	terminal_interrupt();
	assert_int_equal(uart_mock.polls, 0);
	assert_int_equal(console.rooms, 0);
	assert_false(uart_mock.wants_receive);
}

/* A guest must not wait for an interrupt that never comes, nor make Vesper write without end. */
static void without_interrupt(void **state)
{
	static char text[4000];

	(void)state;
	terminal_init(false);
	assert_false(terminal_tells());
	assert_in_range(terminal_send(text, sizeof(text)), 1, 16);
	assert_in_range(uart_mock.n_sent, 1, 16);
	assert_false(uart_mock.wants_transmit);
	assert_false(uart_mock.wants_receive);
}

static void what_is_left_goes_in_the_interrupt(void **state)
{
	(void)state;
	terminal_init(true);
	uart_mock.takes = 3;
	assert_int_equal(terminal_send("12345", 5), 3);
	assert_true(uart_mock.wants_transmit);
	terminal_interrupt();
	assert_int_equal(console.rooms, 1);
	assert_false(uart_mock.wants_transmit);
	uart_mock.takes = 2;
	assert_int_equal(terminal_send("45", 2), 2);
	assert_true(uart_mock_said("12345"));
}

/* Two vCPUs send: that one of them could does not mean that the other need not wait. */
static void who_waits_is_not_forgotten(void **state)
{
	(void)state;
	uart_mock.takes = 1;
	assert_int_equal(terminal_send("ab", 2), 1);
	uart_mock.takes = 1;
	assert_int_equal(terminal_send("c", 1), 1);
	assert_true(uart_mock.wants_transmit);
	terminal_interrupt();
	assert_int_equal(console.rooms, 1);
}

static void much_takes_turns(void **state)
{
	static char text[4000];

	(void)state;
	assert_in_range(terminal_send(text, sizeof(text)), 1, 1024);
	assert_true(uart_mock.wants_transmit);
	terminal_interrupt();
}

/* It is waited for once, and the rest is dropped; then no more until it takes a byte. */
static void stuck(void **state)
{
	(void)state;
	uart_mock.takes = 1;
	terminal_write("ab", 2);
	assert_in_range(uart_mock.polls, 1000, 1000000);
	uart_mock.polls = 0;
	for (unsigned i = 0; i < 10; i++)
		terminal_write("cdef", 4);
	assert_in_range(uart_mock.polls, 1, 10);
	uart_mock.takes = 2;
	terminal_write("gh", 2);
	assert_true(uart_mock_said("agh"));
	uart_mock.polls = 0;
	terminal_write("ij", 2);
	assert_in_range(uart_mock.polls, 1000, 1000000);
	uart_mock.takes = 1;
	terminal_write("k", 1);
}

static void called(void **state)
{
	(void)state;
	terminal_call();
	uart_mock_run();
	assert_int_equal(console.rooms, 1);
	assert_false(uart_mock.wants_transmit);
}

static void input(void **state)
{
	(void)state;
	assert_true(uart_mock.wants_receive);
	assert_int_equal(uart_mock_type("abc", 3), 0);
	assert_int_equal(console.n_got, 3);
	assert_memory_equal(console.got, "abc", 3);
}

/* While nobody has room, the UART is left alone and makes no interrupts. */
static void unwanted_input_stays_in_the_uart(void **state)
{
	(void)state;
	terminal_want_input(false);
	assert_false(uart_mock.wants_receive);
	assert_int_equal(uart_mock_type("abc", 3), 3);
	assert_int_equal(console.n_got, 0);
	terminal_want_input(true);
	uart_mock_run();
	assert_int_equal(console.n_got, 3);
}

/* A controller that forwards only a rise of the line must see one while there is anything left. */
static void line_rises_again(void **state)
{
	(void)state;
	console.takes = 1;
	uart_mock.typed = "abc";
	uart_mock.n_typed = 3;
	terminal_interrupt();
	assert_int_equal(uart_mock.n_typed, 2);
	assert_int_equal(uart_mock.rises, 1);
}

static void send_more(void)
{
	assert_int_equal(terminal_send("12", 2), 1);
}

static void line_rises_again_for_output(void **state)
{
	(void)state;
	console.in_room = send_more;
	uart_mock.takes = 1;
	terminal_interrupt();
	assert_true(uart_mock.wants_transmit);
	console.in_room = NULL;
	uart_mock.takes = 1;
	uart_mock_run();
	assert_false(uart_mock.wants_transmit);
	assert_int_equal(console.rooms, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_uart, setup),
		cmocka_unit_test_setup(without_interrupt, setup),
		cmocka_unit_test_setup(what_is_left_goes_in_the_interrupt, setup),
		cmocka_unit_test_setup(who_waits_is_not_forgotten, setup),
		cmocka_unit_test_setup(much_takes_turns, setup),
		cmocka_unit_test_setup(stuck, setup),
		cmocka_unit_test_setup(called, setup),
		cmocka_unit_test_setup(input, setup),
		cmocka_unit_test_setup(unwanted_input_stays_in_the_uart, setup),
		cmocka_unit_test_setup(line_rises_again, setup),
		cmocka_unit_test_setup(line_rises_again_for_output, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
