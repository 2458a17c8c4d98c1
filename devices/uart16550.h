/* SPDX-License-Identifier: MIT */
/*
 * The guest's serial port, a 16550A, where QEMU's `virt` machine has it. It has
 * the VM's console, together with virtio-console and the SBI calls.
 *
 * What it receives stays with the host until the guest takes it out of the
 * receiver's register: nothing that is meant for another driver of the console
 * gets lost in a FIFO. The receive FIFO holds what a loopback test sends.
 */
#ifndef VESPER_DEVICES_UART16550_H
#define VESPER_DEVICES_UART16550_H

#include "include/abi/ns16550.h"
#include "include/dm.h"

struct uart16550_fifo {
	unsigned n; /* the oldest is byte[0] */
	uint8_t byte[NS16550_FIFO_SIZE];
};

struct uart16550 {
	struct host *host;
	uint8_t ier, lcr, mcr, scr, divisor[2];
	uint8_t trigger;     /* bytes received before it is said; 1 without FIFOs */
	bool fifos;          /* they are on */
	bool overrun;        /* a byte was lost; until the guest reads LSR */
	uint8_t modem_delta; /* lower half of MSR */
	bool sent;           /* THR has become empty, and the guest has not read that from IIR */
	bool told;           /* it has read LSR.READY, and no byte since */
	bool level;          /* of the interrupt line */
	struct uart16550_fifo receive;
	struct uart16550_fifo transmit; /* what the host does not take yet */
};

void uart16550_init(struct uart16550 *uart, struct host *host);
void uart16550_reset(struct uart16550 *uart);

/* Access to the register at `offset`, one byte whatever the size; past the last one reads give 0. */
uint64_t uart16550_read(void *uart, uint64_t offset, unsigned size);
void uart16550_write(void *uart, uint64_t offset, unsigned size, uint64_t value);

/* To be called after writes, and when the port is ready: sends what waits, and drives the line. */
void uart16550_run(void *uart);

#endif
