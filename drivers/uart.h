/* SPDX-License-Identifier: MIT */
/* The NS16550-compatible UART that Vesper talks through. */
#ifndef VESPER_DRIVERS_UART_H
#define VESPER_DRIVERS_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The registers are mapped at `base`; `shift` and `width` as reg-shift and reg-io-width (1 or 4). */
void uart_init(uintptr_t base, unsigned shift, unsigned width);

/* Takes as many bytes as the transmitter does now; returns how many. */
size_t uart_send(const char *data, size_t len);

/* One received byte, or -1. */
int uart_receive(void);

/* Interrupt on a received byte; on room in the transmitter. */
void uart_want(bool receive, bool transmit);

#endif
