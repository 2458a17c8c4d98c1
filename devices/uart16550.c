/* SPDX-License-Identifier: MIT */
/*
 * A 16550A without wires: its bytes take no time, its modem is always there, and
 * of a line's errors only the overrun exists. The character timeout comes at once
 * when fewer bytes wait than the trigger level says.
 */
#include <string.h>

#include "devices/uart16550.h"

/* ---- FIFOs ---- */

static bool fifo_put(struct uart16550_fifo *fifo, unsigned room, uint8_t byte)
{
	if (fifo->n >= room)
		return false;
	fifo->byte[fifo->n++] = byte;
	return true;
}

static void fifo_drop(struct uart16550_fifo *fifo, size_t n)
{
	fifo->n -= (unsigned)n;
	memmove(fifo->byte, fifo->byte + n, fifo->n);
}

/* ---- what there is to report ---- */

static bool in_loopback(const struct uart16550 *uart)
{
	return uart->mcr & NS16550_MCR_LOOP;
}

static bool may_receive(const struct uart16550 *uart)
{
	return uart->receive.n > 0 ||
	       (!in_loopback(uart) && host_has_input(uart->host, GUEST_UART_PORT));
}

/* How much the host has is not known, so it is never said to be as much as the trigger level. */
static uint8_t receive_reason(const struct uart16550 *uart)
{
	return uart->trigger == 1 || uart->receive.n >= uart->trigger ? NS16550_IIR_RECEIVE
								      : NS16550_IIR_TIMEOUT;
}

static uint8_t reason(const struct uart16550 *uart)
{
	if ((uart->ier & NS16550_IER_LINE) && uart->overrun)
		return NS16550_IIR_LINE;
	if ((uart->ier & NS16550_IER_RECEIVE) && may_receive(uart))
		return receive_reason(uart);
	if ((uart->ier & NS16550_IER_TRANSMIT) && uart->sent)
		return NS16550_IIR_TRANSMIT;
	if ((uart->ier & NS16550_IER_MODEM) && uart->modem_delta)
		return NS16550_IIR_MODEM;
	return NS16550_IIR_NONE;
}

static void drive_line(struct uart16550 *uart)
{
	bool level = reason(uart) != NS16550_IIR_NONE;

	if (level == uart->level)
		return;
	uart->level = level;
	host_irq(uart->host, GUEST_UART_IRQ, level);
}

/* Upper half of MSR: in loopback the modem's lines are those that MCR drives. */
static uint8_t modem_lines(uint8_t mcr)
{
	if (!(mcr & NS16550_MCR_LOOP))
		return NS16550_MSR_CTS | NS16550_MSR_DSR | NS16550_MSR_DCD;
	return (uint8_t)((mcr & NS16550_MCR_RTS ? NS16550_MSR_CTS : 0) |
			 (mcr & NS16550_MCR_DTR ? NS16550_MSR_DSR : 0) |
			 (mcr & NS16550_MCR_OUT1 ? NS16550_MSR_RI : 0) |
			 (mcr & NS16550_MCR_OUT2 ? NS16550_MSR_DCD : 0));
}

/* ---- reads ---- */

/*
 * Linux reads this register once, blindly, when it finds the UART. So the host's bytes are for a
 * guest that knows of them: from LSR, or because it asked for the interrupt. (Out of line: a guest
 * that polls does not pay for the stack protector.)
 */
__attribute__((noinline)) static uint8_t read_receiver(struct uart16550 *uart)
{
	bool wanted = uart->told || (uart->ier & NS16550_IER_RECEIVE);
	uint8_t byte = 0;

	uart->told = false;
	if (uart->receive.n > 0) {
		byte = uart->receive.byte[0];
		fifo_drop(&uart->receive, 1);
	} else if (wanted && !in_loopback(uart)) {
		if (host_recv_bytes(uart->host, GUEST_UART_PORT, &byte, 1) == 0)
			byte = 0;
	}
	drive_line(uart);
	return byte;
}

static uint8_t read_reason(struct uart16550 *uart)
{
	uint8_t iir = reason(uart);

	if (iir == NS16550_IIR_TRANSMIT)
		uart->sent = false;
	drive_line(uart);
	return uart->fifos ? iir | NS16550_IIR_FIFOS : iir;
}

/* A guest that polls spends its time here. */
static uint8_t read_line_status(struct uart16550 *uart)
{
	uint8_t lsr = uart->transmit.n == 0 ? NS16550_LSR_THRE | NS16550_LSR_TEMT : 0;

	if (may_receive(uart)) {
		uart->told = true;
		lsr |= NS16550_LSR_READY;
	}
	if (uart->overrun) {
		lsr |= NS16550_LSR_OVERRUN;
		uart->overrun = false;
		drive_line(uart);
	}
	return lsr;
}

static uint8_t read_modem_status(struct uart16550 *uart)
{
	uint8_t msr = modem_lines(uart->mcr) | uart->modem_delta;

	uart->modem_delta = 0;
	drive_line(uart);
	return msr;
}

uint64_t uart16550_read(void *self, uint64_t offset, unsigned size)
{
	struct uart16550 *uart = self;
	bool dlab = uart->lcr & NS16550_LCR_DLAB;

	(void)size;
	switch (offset) {
	case NS16550_RBR:
		return dlab ? uart->divisor[NS16550_DLL] : read_receiver(uart);
	case NS16550_IER:
		return dlab ? uart->divisor[NS16550_DLM] : uart->ier;
	case NS16550_IIR:
		return read_reason(uart);
	case NS16550_LCR:
		return uart->lcr;
	case NS16550_MCR:
		return uart->mcr;
	case NS16550_LSR:
		return read_line_status(uart);
	case NS16550_MSR:
		return read_modem_status(uart);
	case NS16550_SCR:
		return uart->scr;
	default:
		return 0;
	}
}

/* ---- writes ---- */

static void receive_looped(struct uart16550 *uart, uint8_t byte)
{
	if (fifo_put(&uart->receive, uart->fifos ? NS16550_FIFO_SIZE : 1, byte))
		return;
	uart->overrun = true;
	if (!uart->fifos)
		uart->receive.byte[0] = byte; /* the one register has the newest */
}

/*
 * What does not fit is lost, as in the chip. All of the FIFO is there even when FIFOs are off: it
 * holds the bytes of a guest that does not ask for room, while the host is busy.
 */
static void write_transmitter(struct uart16550 *uart, uint8_t byte)
{
	uart->sent = in_loopback(uart);
	if (in_loopback(uart))
		receive_looped(uart, byte);
	else
		(void)fifo_put(&uart->transmit, NS16550_FIFO_SIZE, byte);
}

/* An empty transmitter is news to the one who begins to ask. */
static void write_interrupt_enable(struct uart16550 *uart, uint8_t value)
{
	uint8_t begun = value & (uint8_t)~uart->ier;

	if (!(value & NS16550_IER_TRANSMIT))
		uart->sent = false;
	else if (begun & NS16550_IER_TRANSMIT)
		uart->sent = uart->transmit.n == 0;
	uart->ier = value & (NS16550_IER_RECEIVE | NS16550_IER_TRANSMIT | NS16550_IER_LINE |
				    NS16550_IER_MODEM);
}

static void clear_receive(struct uart16550 *uart)
{
	uart->receive.n = 0;
	uart->told = false;
}

static void clear_transmit(struct uart16550 *uart)
{
	if (uart->transmit.n > 0)
		uart->sent = true;
	uart->transmit.n = 0;
}

/* The other bits count only together with the one that turns FIFOs on. */
static void write_fifo_control(struct uart16550 *uart, uint8_t value)
{
	static const uint8_t levels[] = {1, 4, 8, 14};
	bool on = value & NS16550_FCR_ENABLE, turned = on != uart->fifos;

	uart->fifos = on;
	uart->trigger = on ? levels[value >> NS16550_FCR_TRIGGER_SHIFT] : 1;
	if (turned || (on && (value & NS16550_FCR_CLEAR_RECEIVE)))
		clear_receive(uart);
	if (turned || (on && (value & NS16550_FCR_CLEAR_TRANSMIT)))
		clear_transmit(uart);
}

static void write_modem_control(struct uart16550 *uart, uint8_t value)
{
	uint8_t before = modem_lines(uart->mcr);

	uart->mcr = value & (NS16550_MCR_DTR | NS16550_MCR_RTS | NS16550_MCR_OUT1 |
				    NS16550_MCR_OUT2 | NS16550_MCR_LOOP);
	uint8_t now = modem_lines(uart->mcr), changed = before ^ now;

	changed &= (uint8_t) ~(now & NS16550_MSR_RI); /* of the ring only its end is told */
	uart->modem_delta |= (uint8_t)(changed >> 4);
}

void uart16550_write(void *self, uint64_t offset, unsigned size, uint64_t wide)
{
	struct uart16550 *uart = self;
	bool dlab = uart->lcr & NS16550_LCR_DLAB;
	uint8_t value = (uint8_t)wide;

	(void)size;
	if (dlab && offset <= NS16550_DLM) {
		uart->divisor[offset] = value;
		return;
	}
	switch (offset) {
	case NS16550_THR:
		write_transmitter(uart, value);
		break;
	case NS16550_IER:
		write_interrupt_enable(uart, value);
		break;
	case NS16550_FCR:
		write_fifo_control(uart, value);
		break;
	case NS16550_LCR:
		uart->lcr = value;
		break;
	case NS16550_MCR:
		write_modem_control(uart, value);
		break;
	case NS16550_SCR:
		uart->scr = value;
		break;
	default:
		break;
	}
}

/* ---- life ---- */

void uart16550_run(void *self)
{
	struct uart16550 *uart = self;
	struct uart16550_fifo *out = &uart->transmit;

	if (out->n > 0) {
		fifo_drop(out, host_send_bytes(uart->host, GUEST_UART_PORT, out->byte, out->n));
		uart->sent = out->n == 0;
	}
	drive_line(uart);
}

void uart16550_reset(struct uart16550 *uart)
{
	struct host *host = uart->host;
	bool level = uart->level;

	*uart = (struct uart16550){.host = host, .mcr = NS16550_MCR_OUT2, .trigger = 1};
	if (level)
		host_irq(host, GUEST_UART_IRQ, false);
}

void uart16550_init(struct uart16550 *uart, struct host *host)
{
	uart->host = host;
	uart->level = false;
	uart16550_reset(uart);
}
