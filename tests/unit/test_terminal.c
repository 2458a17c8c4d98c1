/* SPDX-License-Identifier: MIT */
/* The terminal on a UART that the test plays: one that is stuck, one without interrupt, and none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "backends/terminal.h"
#include "drivers/uart.h"
#include "lib/log.h"

#define IRQ 10

static struct {
	size_t takes; /* bytes until it is stuck */
	char sent[8192];
	size_t n_sent;
	uint64_t polls;
	bool wants_transmit;
} uart;

size_t uart_send(const char *data, size_t len)
{
	size_t n = len < uart.takes ? len : uart.takes;

	uart.polls++;
	memcpy(uart.sent + uart.n_sent, data, n);
	uart.n_sent += n;
	uart.takes -= n;
	return n;
}

int uart_receive(void)
{
	return -1;
}

void uart_want(bool receive, bool transmit)
{
	(void)receive;
	uart.wants_transmit = transmit;
}

static char logged[64];

void log_write(const char *data, size_t len)
{
	memcpy(logged, data, len < sizeof(logged) ? len : sizeof(logged));
}

static int setup(void **state)
{
	(void)state;
	memset(&uart, 0, sizeof(uart));
	return 0;
}

/* The first test, as nothing takes a UART away again. */
static void test_without_uart(void **state)
{
	(void)state;
	terminal_write("word", 4);
	assert_memory_equal(logged, "word", 4);
	assert_int_equal(terminal_send("more", 4), 4);
	assert_memory_equal(logged, "more", 4);
	assert_int_equal(uart.polls, 0);
	assert_int_equal(terminal_read(logged, 1), 0);
	assert_false(terminal_interrupt(0));
}

/* A guest must not wait for an interrupt that never comes, nor make Vesper write without end. */
static void test_without_interrupt(void **state)
{
	static char text[4000];

	(void)state;
	terminal_init(0);
	uart.takes = sizeof(text);
	assert_int_equal(terminal_send(text, sizeof(text)), sizeof(text));
	assert_in_range(uart.n_sent, 1, 1024);
	assert_false(uart.wants_transmit);
}

static void test_send(void **state)
{
	(void)state;
	terminal_init(IRQ);
	uart.takes = 3;
	assert_int_equal(terminal_send("12345", 5), 3);
	assert_true(uart.wants_transmit);
	assert_true(terminal_interrupt(IRQ));
	assert_false(uart.wants_transmit);
	uart.takes = 2;
	assert_int_equal(terminal_send("45", 2), 2);
	assert_memory_equal(uart.sent, "12345", 5);
}

/* Every byte is waited for as long, and then dropped. */
static void test_stuck(void **state)
{
	(void)state;
	uart.takes = 1;
	terminal_write("ab", 2);
	uint64_t one = uart.polls;

	assert_int_equal(uart.n_sent, 1);
	uart.polls = 0;
	terminal_write("cdef", 4);
	assert_in_range(uart.polls, 1, 4 * one);
	uart.takes = 8;
	terminal_write("gh", 2);
	assert_memory_equal(uart.sent, "agh", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_without_uart, setup),
		cmocka_unit_test_setup(test_without_interrupt, setup),
		cmocka_unit_test_setup(test_send, setup),
		cmocka_unit_test_setup(test_stuck, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
