/* SPDX-License-Identifier: MIT */
/* The guest's UART, register by register: what is sent, received and reported, and the level of its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/ns16550.h"
#include "tests/sim/console_vm.h"

#define EMPTY (NS16550_LSR_THRE | NS16550_LSR_TEMT)

static struct host_port *port(void)
{
	return &vm.host.port[GUEST_UART_PORT];
}

static void run(void)
{
	while (dm_run(vm.dm))
		;
}

static uint64_t load(unsigned offset, unsigned size)
{
	uint64_t value = ~0ull;

	assert_true(dm_mmio_read(vm.dm, gpa(GUEST_UART_BASE + offset), size, &value));
	return value;
}

static uint8_t get(unsigned reg)
{
	uint64_t value = load(reg, 1);

	assert_true(value < 256);
	return (uint8_t)value;
}

static void set(unsigned reg, unsigned value)
{
	assert_true(dm_mmio_write(vm.dm, gpa(GUEST_UART_BASE + reg), 1, value));
	run();
}

static bool line(void)
{
	return vm.host.irq[GUEST_UART_IRQ];
}

static void type(const char *text)
{
	host_input(&vm.host, GUEST_UART_PORT, text, strlen(text));
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
}

static void assert_sent(const char *text)
{
	assert_int_equal(port()->output_len, strlen(text));
	assert_memory_equal(port()->output, text, strlen(text));
}

static void send(const char *text)
{
	while (*text)
		set(NS16550_THR, (uint8_t)*text++);
}

/* ---- registers ---- */

static void after_reset(void **state)
{
	static const uint8_t values[] = {0, 0, NS16550_IIR_NONE, 0, NS16550_MCR_OUT2, EMPTY,
		NS16550_MSR_CTS | NS16550_MSR_DSR | NS16550_MSR_DCD, 0, 0, 0};

	(void)state;
	for (unsigned reg = 0; reg < sizeof(values); reg++)
		assert_int_equal(get(reg), values[reg]);
	assert_false(line());
}

static void what_is_kept(void **state)
{
	static const struct {
		unsigned reg;
		uint8_t mask;
	} rows[] = {
		{NS16550_IER, 0x0f}, {NS16550_LCR, 0xff}, {NS16550_MCR, 0x1f}, {NS16550_SCR, 0xff}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned value = 0; value < 256; value++) {
			set(NS16550_LCR, 0);
			set(rows[i].reg, value);
			assert_int_equal(get(rows[i].reg), value & rows[i].mask);
		}
		set(rows[i].reg, 0);
	}
	set(NS16550_LSR, 0xff);
	set(NS16550_MSR, 0xff);
	assert_int_equal(get(NS16550_LSR), EMPTY);
	assert_int_equal(
		get(NS16550_MSR) >> 4, (NS16550_MSR_CTS | NS16550_MSR_DSR | NS16550_MSR_DCD) >> 4);
}

static void divisor(void **state)
{
	(void)state;
	type("x");
	set(NS16550_IER, NS16550_IER_LINE);
	set(NS16550_LCR, NS16550_LCR_DLAB | 3);
	set(NS16550_DLL, 0x12);
	set(NS16550_DLM, 0x34);
	assert_int_equal(get(NS16550_DLL), 0x12);
	assert_int_equal(get(NS16550_DLM), 0x34);
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	set(NS16550_LCR, 3);
	assert_int_equal(get(NS16550_IER), NS16550_IER_LINE);
	assert_int_equal(get(NS16550_RBR), 'x');
	set(NS16550_LCR, NS16550_LCR_DLAB);
	assert_int_equal(get(NS16550_DLL), 0x12);
	assert_int_equal(port()->output_len, 0);
}

static void sizes_and_window(void **state)
{
	uint64_t value;

	(void)state;
	set(NS16550_SCR, 0xa5);
	set(NS16550_IER, NS16550_IER_MODEM);
	assert_int_equal(load(NS16550_MCR, 4), NS16550_MCR_OUT2);
	assert_int_equal(load(0, 8), 0);
	assert_true(dm_mmio_write(vm.dm, gpa(GUEST_UART_BASE), 4, 0x41424344));
	run();
	assert_sent("D");
	assert_int_equal(get(NS16550_IER), NS16550_IER_MODEM);
	assert_int_equal(load(GUEST_UART_SIZE - 8, 8), 0);
	set(GUEST_UART_SIZE - 1, 0xff);
	assert_sent("D");
	assert_false(dm_mmio_read(vm.dm, gpa(GUEST_UART_BASE + GUEST_UART_SIZE), 1, &value));
	assert_false(dm_mmio_write(vm.dm, gpa(GUEST_UART_BASE - 1), 1, 0));
}

/* ---- transmitting ---- */

static void transmits_at_once(void **state)
{
	(void)state;
	send("hello");
	assert_sent("hello");
	assert_int_equal(get(NS16550_LSR), EMPTY);
}

static void waits_for_room(void **state)
{
	const char *text = "0123456789abcdefgh";

	(void)state;
	port()->send = host_limit(0);
	send(text); /* two more than fit */
	assert_int_equal(get(NS16550_LSR), 0);
	assert_sent("");
	port()->send = host_limit(5);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	assert_sent("");
	run();
	assert_sent("01234");
	assert_int_equal(get(NS16550_LSR), 0);
	port()->send = host_limit(SIZE_MAX);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
	assert_sent("0123456789abcdef");
	assert_int_equal(get(NS16550_LSR), EMPTY);
}

static void other_ports_do_not_matter(void **state)
{
	(void)state;
	port()->send = host_limit(0);
	send("x");
	unsigned sends = port()->sends;
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	run();
	assert_int_equal(port()->sends, sends);
	assert_int_equal(vm.host.port[CONSOLE_VM_PORT].output_len, 0);
}

static void transmit_interrupt(void **state)
{
	(void)state;
	send("a"); /* nobody asked */
	assert_false(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	set(NS16550_IER, NS16550_IER_TRANSMIT);
	assert_true(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_TRANSMIT); /* which clears it */
	assert_false(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	set(NS16550_IER, NS16550_IER_TRANSMIT); /* not from 0 to 1 */
	assert_false(line());
	send("b");
	assert_true(line());
	set(NS16550_IER, 0);
	assert_false(line());
	set(NS16550_IER, NS16550_IER_TRANSMIT);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_TRANSMIT);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
}

static void transmit_interrupt_waits(void **state)
{
	(void)state;
	set(NS16550_IER, NS16550_IER_TRANSMIT);
	port()->send = host_limit(1);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	port()->send = host_limit(0);
	send("ab");
	assert_false(line()); /* writing THR cleared it */
	set(NS16550_IER, 0);
	set(NS16550_IER, NS16550_IER_TRANSMIT);
	assert_false(line()); /* THR is not empty */
	port()->send = host_limit(1);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
	assert_false(line());
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
	assert_true(line());
	assert_sent("ab");
}

/* ---- receiving ---- */

static void polling(void **state)
{
	(void)state;
	type("hi");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	assert_int_equal(port()->input_at, 0); /* looking takes nothing */
	assert_int_equal(get(NS16550_RBR), 'h');
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	assert_int_equal(get(NS16550_RBR), 'i');
	assert_int_equal(get(NS16550_LSR), EMPTY);
	assert_int_equal(get(NS16550_RBR), 0);
}

static void unread_input_stays_with_the_host(void **state)
{
	(void)state;
	type("kept");
	assert_int_equal(get(NS16550_RBR), 0); /* as a driver does that looks for a UART */
	set(NS16550_IER, 0x0f);
	assert_true(line());
	set(NS16550_IER, 0);
	assert_false(line());
	set(NS16550_FCR, NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_RECEIVE);
	assert_int_equal(get(NS16550_RBR), 0);
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	set(NS16550_FCR, NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_RECEIVE);
	assert_int_equal(get(NS16550_RBR), 0); /* what LSR said is over */
	assert_int_equal(port()->input_at, 0);
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	assert_int_equal(get(NS16550_RBR), 'k');
	assert_int_equal(get(NS16550_RBR), 0); /* one byte for one look */
	assert_int_equal(port()->input_at, 1);
}

static void receive_interrupt(void **state)
{
	(void)state;
	type("a");
	assert_false(line());
	set(NS16550_IER, NS16550_IER_RECEIVE);
	assert_true(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_RECEIVE);
	assert_true(line()); /* a level */
	assert_int_equal(get(NS16550_RBR), 'a');
	assert_false(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	type("bc");
	assert_true(line());
	assert_int_equal(get(NS16550_RBR), 'b');
	assert_true(line());
	assert_int_equal(get(NS16550_RBR), 'c');
	assert_false(line());
	assert_int_equal(vm.host.irq_rises[GUEST_UART_IRQ], 2);
}

static void another_driver_was_faster(void **state)
{
	(void)state;
	set(NS16550_IER, NS16550_IER_RECEIVE);
	type("a");
	assert_true(line());
	host_input(&vm.host, GUEST_UART_PORT, NULL, 0);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	assert_false(line());
	assert_int_equal(get(NS16550_RBR), 0);
}

static void port_gives_nothing_after_all(void **state)
{
	(void)state;
	type("a");
	port()->recv = host_limit(0);
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	assert_int_equal(get(NS16550_RBR), 0);
}

static void fifos(void **state)
{
	(void)state;
	set(NS16550_FCR, NS16550_FCR_CLEAR_RECEIVE | 0xc0); /* nothing without the first bit */
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	set(NS16550_FCR, NS16550_FCR_ENABLE);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE | NS16550_IIR_FIFOS);
	set(NS16550_IER, NS16550_IER_RECEIVE);
	type("a");
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_RECEIVE | NS16550_IIR_FIFOS);
	set(NS16550_FCR, NS16550_FCR_ENABLE | 0x40);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_TIMEOUT | NS16550_IIR_FIFOS);
	assert_true(line());
	set(NS16550_FCR, 0);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_RECEIVE);
}

static void clearing_the_transmit_fifo(void **state)
{
	(void)state;
	set(NS16550_IER, NS16550_IER_TRANSMIT);
	set(NS16550_FCR, NS16550_FCR_ENABLE);
	port()->send = host_limit(0);
	send("lost");
	assert_false(line());
	set(NS16550_FCR, NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_TRANSMIT);
	assert_true(line());
	assert_int_equal(get(NS16550_LSR), EMPTY);
	send("lost too");
	set(NS16550_FCR, 0); /* turning them off or on clears both */
	assert_int_equal(get(NS16550_LSR), EMPTY);
	port()->send = host_limit(SIZE_MAX);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
	assert_sent("");
}

/* ---- loopback ---- */

static void loopback_modem(void **state)
{
	static const struct {
		uint8_t mcr, lines;
	} rows[] = {{NS16550_MCR_RTS, NS16550_MSR_CTS}, {NS16550_MCR_DTR, NS16550_MSR_DSR},
		{NS16550_MCR_OUT1, NS16550_MSR_RI}, {NS16550_MCR_OUT2, NS16550_MSR_DCD},
		{NS16550_MCR_RTS | NS16550_MCR_OUT2, NS16550_MSR_CTS | NS16550_MSR_DCD}, {0, 0}};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(NS16550_MCR, rows[i].mcr | NS16550_MCR_LOOP);
		assert_int_equal(get(NS16550_MSR) & 0xf0, rows[i].lines);
	}
}

static void modem_interrupt(void **state)
{
	(void)state;
	set(NS16550_MCR, NS16550_MCR_LOOP);
	(void)get(NS16550_MSR);
	set(NS16550_IER, NS16550_IER_MODEM);
	assert_false(line());
	set(NS16550_MCR, NS16550_MCR_LOOP | NS16550_MCR_OUT1); /* a ring that begins is not told */
	assert_false(line());
	set(NS16550_MCR, NS16550_MCR_LOOP | NS16550_MCR_RTS | NS16550_MCR_DTR);
	assert_true(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_MODEM);
	assert_true(line());
	assert_int_equal(get(NS16550_MSR), NS16550_MSR_CTS | NS16550_MSR_DSR |
						   NS16550_MSR_DELTA_CTS | NS16550_MSR_DELTA_DSR |
						   NS16550_MSR_RI_FELL);
	assert_false(line());
	assert_int_equal(get(NS16550_MSR), NS16550_MSR_CTS | NS16550_MSR_DSR);
	set(NS16550_MCR, NS16550_MCR_OUT2);
	assert_int_equal(get(NS16550_MSR) & 0x0f, NS16550_MSR_DELTA_DCD);
}

static void loopback_bytes(void **state)
{
	(void)state;
	type("from outside");
	set(NS16550_MCR, NS16550_MCR_LOOP);
	assert_int_equal(get(NS16550_LSR), EMPTY);
	set(NS16550_THR, 'L');
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY);
	assert_int_equal(get(NS16550_RBR), 'L');
	assert_int_equal(get(NS16550_LSR), EMPTY);
	assert_int_equal(get(NS16550_RBR), 0);
	assert_sent("");
	assert_int_equal(port()->input_at, 0);
	set(NS16550_THR, 'M');
	set(NS16550_MCR, 0);
	(void)get(NS16550_LSR);
	assert_int_equal(get(NS16550_RBR), 'M');
	(void)get(NS16550_LSR);
	assert_int_equal(get(NS16550_RBR), 'f');
}

static void loopback_triggers(void **state)
{
	static const unsigned levels[] = {1, 4, 8, 14};

	(void)state;
	set(NS16550_IER, NS16550_IER_RECEIVE);
	set(NS16550_MCR, NS16550_MCR_LOOP);
	for (unsigned i = 0; i < 4; i++) {
		set(NS16550_FCR, NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_RECEIVE |
					 i << NS16550_FCR_TRIGGER_SHIFT);
		assert_false(line());
		for (unsigned n = 1; n <= NS16550_FIFO_SIZE; n++) {
			set(NS16550_THR, n);
			assert_int_equal(get(NS16550_IIR) & ~NS16550_IIR_FIFOS,
				n < levels[i] ? NS16550_IIR_TIMEOUT : NS16550_IIR_RECEIVE);
			assert_true(line());
		}
		for (unsigned n = 1; n <= NS16550_FIFO_SIZE; n++)
			assert_int_equal(get(NS16550_RBR), n);
		assert_false(line());
	}
}

static void overrun(void **state)
{
	(void)state;
	set(NS16550_MCR, NS16550_MCR_LOOP);
	set(NS16550_IER, NS16550_IER_LINE);
	set(NS16550_THR, 'a');
	assert_false(line());
	set(NS16550_THR, 'b'); /* one register: the newest stays */
	assert_true(line());
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_LINE);
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY | NS16550_LSR_OVERRUN);
	assert_false(line());
	assert_int_equal(get(NS16550_RBR), 'b');
	set(NS16550_FCR, NS16550_FCR_ENABLE);
	for (unsigned n = 1; n <= NS16550_FIFO_SIZE + 1; n++) /* a FIFO: the oldest stay */
		set(NS16550_THR, n);
	assert_true(line());
	assert_int_equal(get(NS16550_LSR), EMPTY | NS16550_LSR_READY | NS16550_LSR_OVERRUN);
	for (unsigned n = 1; n <= NS16550_FIFO_SIZE; n++)
		assert_int_equal(get(NS16550_RBR), n);
	assert_int_equal(get(NS16550_LSR), EMPTY);
}

static void urgency(void **state)
{
	(void)state;
	set(NS16550_MCR, NS16550_MCR_LOOP | NS16550_MCR_RTS);
	set(NS16550_IER, 0x0f);
	set(NS16550_THR, 'a');
	set(NS16550_THR, 'b');
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_LINE);
	(void)get(NS16550_LSR);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_RECEIVE);
	(void)get(NS16550_RBR);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_TRANSMIT);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_MODEM);
	(void)get(NS16550_MSR);
	assert_int_equal(get(NS16550_IIR), NS16550_IIR_NONE);
	assert_false(line());
	assert_int_equal(vm.host.irq_rises[GUEST_UART_IRQ], 1);
}

/* ---- life ---- */

static void reset_forgets(void **state)
{
	(void)state;
	port()->send = host_limit(0);
	type("a");
	set(NS16550_LCR, NS16550_LCR_DLAB);
	set(NS16550_DLL, 7);
	set(NS16550_LCR, 0);
	set(NS16550_SCR, 7);
	set(NS16550_IER, NS16550_IER_RECEIVE);
	set(NS16550_FCR, NS16550_FCR_ENABLE);
	send("x");
	assert_true(line());
	dm_reset(vm.dm);
	assert_false(line());
	host_input(&vm.host, GUEST_UART_PORT, NULL, 0);
	after_reset(state);
	port()->send = host_limit(SIZE_MAX);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
	run();
	assert_sent("");
	set(NS16550_LCR, NS16550_LCR_DLAB);
	assert_int_equal(get(NS16550_DLL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, console_vm_setup, console_vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_reset),
		TEST(what_is_kept),
		TEST(divisor),
		TEST(sizes_and_window),
		TEST(transmits_at_once),
		TEST(waits_for_room),
		TEST(other_ports_do_not_matter),
		TEST(transmit_interrupt),
		TEST(transmit_interrupt_waits),
		TEST(polling),
		TEST(unread_input_stays_with_the_host),
		TEST(receive_interrupt),
		TEST(another_driver_was_faster),
		TEST(port_gives_nothing_after_all),
		TEST(fifos),
		TEST(clearing_the_transmit_fifo),
		TEST(loopback_modem),
		TEST(modem_interrupt),
		TEST(loopback_bytes),
		TEST(loopback_triggers),
		TEST(overrun),
		TEST(urgency),
		TEST(reset_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
