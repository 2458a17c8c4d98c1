/* SPDX-License-Identifier: MIT */
#include "tests/unit/uart_mock.h"

#include <stdio.h>
#include <string.h>

#include "backends/terminal.h"
#include "drivers/uart.h"

struct uart_mock uart_mock = {.takes = SIZE_MAX};

void uart_mock_reset(void)
{
	bool receive = uart_mock.wants_receive, transmit = uart_mock.wants_transmit;

	memset(&uart_mock, 0, sizeof(uart_mock));
	uart_mock.takes = SIZE_MAX;
	uart_mock.wants_receive = receive;
	uart_mock.wants_transmit = transmit;
}

size_t uart_send(const char *data, size_t len)
{
	size_t n = len < uart_mock.takes ? len : uart_mock.takes;
	size_t room = UART_MOCK_SENT - uart_mock.n_sent;
	size_t kept = n < room ? n : room;

	uart_mock.polls++;
	memcpy(uart_mock.sent + uart_mock.n_sent, data, kept);
	uart_mock.n_sent += kept;
	uart_mock.sent[uart_mock.n_sent] = 0;
	uart_mock.takes -= n;
	if (!n)
		uart_mock.takes = uart_mock.refill;
	return n;
}

int uart_receive(void)
{
	if (!uart_mock.n_typed)
		return -1;
	uart_mock.n_typed--;
	return (unsigned char)*uart_mock.typed++;
}

static bool line(void)
{
	return (uart_mock.wants_receive && uart_mock.n_typed) ||
	       (uart_mock.wants_transmit && (uart_mock.takes || uart_mock.refill));
}

void uart_want(bool receive, bool transmit)
{
	bool before = line();

	uart_mock.wants_receive = receive;
	uart_mock.wants_transmit = transmit;
	uart_mock.rises += !before && line();
}

void uart_mock_run(void)
{
	for (unsigned i = 0; line() && i < 1000; i++)
		terminal_interrupt();
}

size_t uart_mock_type(const char *data, size_t len)
{
	uart_mock.typed = data;
	uart_mock.n_typed = len;
	uart_mock_run();
	return uart_mock.n_typed;
}

bool uart_mock_said(const char *text)
{
	bool same = strcmp(uart_mock.sent, text) == 0;

	if (!same)
		fprintf(stderr, "said \"%s\"\nand not \"%s\"\n", uart_mock.sent, text);
	uart_mock.n_sent = 0;
	uart_mock.sent[0] = 0;
	return same;
}
