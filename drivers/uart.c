/* SPDX-License-Identifier: MIT */
#include "drivers/uart.h"

/* Registers of the 16550, by number. */
enum {
	RBR_THR = 0,
	IER = 1,
	FCR = 2,
	MCR = 4,
	LSR = 5,
};

#define IER_RECEIVE  0x01
#define IER_TRANSMIT 0x02
#define FCR_ENABLE   0x01
#define MCR_OUT2     0x08 /* lets the interrupt out on PC-style parts */
#define LSR_READY    0x01
#define LSR_EMPTY    0x20
#define FIFO_SIZE    16

static volatile uint8_t *registers;
static unsigned reg_shift, reg_width;

static uint8_t get(unsigned reg)
{
	volatile uint8_t *at = registers + ((uintptr_t)reg << reg_shift);

	return reg_width == 4 ? (uint8_t) * (volatile uint32_t *)(uintptr_t)at : *at;
}

static void put(unsigned reg, uint8_t value)
{
	volatile uint8_t *at = registers + ((uintptr_t)reg << reg_shift);

	if (reg_width == 4)
		*(volatile uint32_t *)(uintptr_t)at = value;
	else
		*at = value;
}

void uart_init(uintptr_t base, unsigned shift, unsigned width)
{
	registers = (volatile uint8_t *)base;
	reg_shift = shift;
	reg_width = width;
	put(IER, 0);
	put(FCR, FCR_ENABLE);
	put(MCR, MCR_OUT2);
}

size_t uart_send(const char *data, size_t len)
{
	size_t sent = 0;

	while (sent < len && get(LSR) & LSR_EMPTY)
		for (unsigned room = FIFO_SIZE; room && sent < len; room--)
			put(RBR_THR, (uint8_t)data[sent++]);
	return sent;
}

int uart_receive(void)
{
	return get(LSR) & LSR_READY ? get(RBR_THR) : -1;
}

void uart_want(bool receive, bool transmit)
{
	put(IER, (uint8_t)((receive ? IER_RECEIVE : 0) | (transmit ? IER_TRANSMIT : 0)));
}
