/* SPDX-License-Identifier: MIT */
#include "backends/terminal.h"

#include <stdint.h>

#include "backends/console.h"
#include "drivers/uart.h"
#include "lib/log.h"

#define SEND_MAX 1024 /* bytes a call, so that a guest with much to say takes turns */
#define WAIT_MAX \
	16 /* bytes a call where it waits for them: a transmitter's FIFO, some ms of a slow line */
#define PATIENCE 20000 /* polls of the UART for one byte; on real hardware some 10 ms */
#define PAUSE    64    /* rounds of a loop between two of them */

static bool has_uart, has_interrupt; /* set once, at boot */

static struct spinlock writers; /* whose turn terminal_write() is */

static struct spinlock lock; /* of the UART's registers and of what follows */
static bool want_receive, want_transmit;
static bool writing; /* terminal_write() is at it: others may not send */
static bool refused; /* and one wanted to */

static void set_interrupts(void)
{
	if (has_interrupt)
		uart_want(want_receive, want_transmit);
}

void terminal_init(bool interrupt)
{
	has_uart = true;
	has_interrupt = interrupt;
	want_receive = true;
	set_interrupts();
}

static void set_writing(bool now)
{
	bool locked = log_lock(&lock);

	writing = now;
	if (!writing && refused) {
		refused = false;
		want_transmit = true;
		set_interrupts();
	}
	log_unlock(&lock, locked);
}

/* The lock is not held while the UART is waited for. */
static size_t send_some(const char *data, size_t len)
{
	bool locked = log_lock(&lock);
	size_t sent = uart_send(data, len);

	log_unlock(&lock, locked);
	return sent;
}

void terminal_pause(void)
{
	for (volatile unsigned i = 0; i < PAUSE; i++)
		;
}

/* A UART that is stuck was waited for once, and is not again until it takes a byte. The rest is dropped. */
static void send_all(const char *data, size_t len)
{
	static bool stuck;
	unsigned patience = stuck ? 1 : PATIENCE;

	while (len) {
		size_t sent = send_some(data, len);

		data += sent;
		len -= sent;
		if (sent) {
			patience = PATIENCE;
			stuck = false;
		} else if (!--patience) {
			stuck = true;
			return;
		} else {
			terminal_pause();
		}
	}
}

void terminal_write(const char *data, size_t len)
{
	if (!has_uart) {
		log_write(data, len);
		return;
	}
	bool locked = log_lock(&writers);

	set_writing(true);
	send_all(data, len);
	set_writing(false);
	log_unlock(&writers, locked);
}

/* Only the interrupt takes `want_transmit` back: several may wait for it. */
static __attribute__((noinline)) void tell_when_empty(void)
{
	if (want_transmit)
		return;
	want_transmit = true;
	set_interrupts();
}

/* With the lock. */
static size_t send_now(const char *data, size_t len)
{
	if (writing) {
		refused = true;
		return 0;
	}
	size_t sent = uart_send(data, len < SEND_MAX ? len : SEND_MAX);

	if (sent < len)
		tell_when_empty();
	return sent;
}

/* Nothing would tell when there is room: it waits, but not for long, and what the UART did not take is dropped. */
static __attribute__((noinline)) size_t send_waiting(const char *data, size_t len)
{
	size_t n = len < WAIT_MAX ? len : WAIT_MAX;

	terminal_write(data, n);
	return n;
}

bool terminal_tells(void)
{
	return has_interrupt;
}

size_t terminal_send(const char *data, size_t len)
{
	if (!has_interrupt)
		return send_waiting(data, len);
	bool locked = log_lock(&lock);
	size_t sent = send_now(data, len);

	log_unlock(&lock, locked);
	return sent;
}

void terminal_call(void)
{
	bool locked = log_lock(&lock);

	tell_when_empty();
	log_unlock(&lock, locked);
}

void terminal_want_input(bool want)
{
	if (want == want_receive)
		return;
	bool locked = log_lock(&lock);

	want_receive = want;
	set_interrupts();
	log_unlock(&lock, locked);
}

static int receive(void)
{
	bool locked = log_lock(&lock);
	int byte = uart_receive();

	log_unlock(&lock, locked);
	return byte;
}

/*
 * The UART's line falls here and rises at the end if there is still a reason for it: a controller that forwards
 * only a rise, as an APLIC does when it sends messages, then forwards it again.
 */
static void begin_interrupt(void)
{
	bool locked = log_lock(&lock);

	want_transmit = false;
	uart_want(false, false);
	log_unlock(&lock, locked);
}

static void end_interrupt(void)
{
	bool locked = log_lock(&lock);

	set_interrupts();
	log_unlock(&lock, locked);
}

void terminal_interrupt(void)
{
	if (!has_interrupt)
		return;
	begin_interrupt();
	console_input(receive);
	console_room();
	end_interrupt();
}
