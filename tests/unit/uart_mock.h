/* SPDX-License-Identifier: MIT */
/* A UART (drivers/uart.h) that tests play, and the interrupts that it makes. */
#ifndef VESPER_TESTS_UART_MOCK_H
#define VESPER_TESTS_UART_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_MOCK_SENT 65536

extern struct uart_mock {
	size_t takes;  /* bytes until it is stuck */
	size_t refill; /* or only slow: bytes that it takes again after it took none */
	char sent[UART_MOCK_SENT + 1];
	size_t n_sent;  /* what is more than UART_MOCK_SENT is forgotten */
	uint64_t polls; /* calls of uart_send() */
	const char *typed;
	size_t n_typed; /* not received yet */
	bool wants_receive, wants_transmit;
	unsigned rises; /* how often its interrupt line rose */
} uart_mock;

/* Takes all there is, has sent and received nothing. Its interrupts stay as they are wanted. */
void uart_mock_reset(void);

/* Interrupts as long as there is a reason for one. */
void uart_mock_run(void);

/* These bytes come, and their interrupts. Returns how many were left. */
size_t uart_mock_type(const char *data, size_t len);

/* Has it sent just this since the last time? */
bool uart_mock_said(const char *text);

#endif
