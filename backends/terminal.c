/* SPDX-License-Identifier: MIT */
#include "backends/terminal.h"

#include <stdint.h>

#include "drivers/uart.h"
#include "lib/log.h"

#define RING_SIZE 4096   /* a power of two */
#define SEND_MAX  1024   /* bytes a call, so that a guest with much to say takes turns */
#define PATIENCE  100000 /* polls of the UART for one byte; on real hardware some 10 ms */

static char ring[RING_SIZE];
static uint32_t ring_head, ring_tail; /* free-running; head - tail bytes wait */
static bool has_uart;
static unsigned irq;
static bool want_transmit;

static uint32_t ring_used(void)
{
	return ring_head - ring_tail;
}

static void set_interrupts(void)
{
	uart_want(ring_used() < RING_SIZE, want_transmit);
}

void terminal_init(unsigned source)
{
	has_uart = true;
	irq = source;
	set_interrupts();
}

void terminal_write(const char *data, size_t len)
{
	unsigned patience = PATIENCE;

	if (!has_uart) {
		log_write(data, len);
		return;
	}
	while (len) {
		size_t sent = uart_send(data, len);

		if (!sent && --patience)
			continue;
		patience = PATIENCE;
		if (!sent)
			sent = 1;
		data += sent;
		len -= sent;
	}
}

size_t terminal_send(const char *data, size_t len)
{
	size_t now = len < SEND_MAX ? len : SEND_MAX;

	/* Nothing would tell when to go on, so this is the end of it. */
	if (!irq) {
		terminal_write(data, now);
		return len;
	}
	size_t sent = uart_send(data, now);
	bool more = sent < len;

	if (more != want_transmit) {
		want_transmit = more;
		set_interrupts();
	}
	return sent;
}

static void fill_ring(void)
{
	while (ring_used() < RING_SIZE) {
		int c = uart_receive();

		if (c < 0)
			break;
		ring[ring_head++ % RING_SIZE] = (char)c;
	}
}

size_t terminal_read(char *data, size_t len)
{
	bool was_full = ring_used() == RING_SIZE;
	size_t n = 0;

	while (n < len && ring_used())
		data[n++] = ring[ring_tail++ % RING_SIZE];
	if (was_full && n) {
		fill_ring();
		set_interrupts();
	}
	return n;
}

bool terminal_interrupt(unsigned source)
{
	if (!irq || source != irq)
		return false;
	fill_ring();
	want_transmit = false;
	set_interrupts();
	return true;
}
