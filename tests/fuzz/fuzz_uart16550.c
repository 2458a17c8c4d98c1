/* SPDX-License-Identifier: MIT */
/*
 * A guest made of fuzzer input against the UART and the clock: any access in
 * their windows, a port that takes and gives what it likes, time that passes.
 * What must hold: every byte sent was written, in order; no byte received was
 * taken without a register being read; the UART's line is what IIR says; the
 * clock's line rises only after an alarm.
 */
#include <stdlib.h>

#include "include/abi/ns16550.h"
#include "tests/fuzz/input.h"
#include "tests/sim/console_vm.h"

#define OPS 400

static struct input input;
static uint8_t written[2 * OPS]; /* to THR, in order */
static size_t n_written;

static void require(bool what)
{
	if (!what)
		abort();
}

static struct host_port *port(void)
{
	return &vm.host.port[GUEST_UART_PORT];
}

static uint64_t load(uint64_t addr, unsigned size)
{
	uint64_t value = ~0ull;

	require(dm_mmio_read(vm.dm, gpa(addr), size, &value));
	if (size < 8)
		require(value >> (8 * size) == 0);
	return value;
}

static uint8_t get(unsigned reg)
{
	return (uint8_t)load(GUEST_UART_BASE + reg, 1);
}

static void run(void)
{
	require(!dm_run(vm.dm)); /* none of these has more to do */
}

/* The line follows at the latest when the device has run. */
static void check_uart(bool ran)
{
	size_t taken = port()->input_at;
	uint8_t lsr = get(NS16550_LSR),
		ier = get(NS16550_LCR) & NS16550_LCR_DLAB ? 0 : get(NS16550_IER);
	bool line = vm.host.irq[GUEST_UART_IRQ];

	require(!(lsr & 0x9c)); /* no error but the overrun */
	require(!(lsr & NS16550_LSR_THRE) == !(lsr & NS16550_LSR_TEMT));
	require(port()->input_at == taken);
	if (!ran)
		return;
	if ((ier & NS16550_IER_RECEIVE) && (lsr & NS16550_LSR_READY))
		require(line);
	uint8_t iir = get(NS16550_IIR);
	require(line == !(iir & NS16550_IIR_NONE) || (lsr & NS16550_LSR_OVERRUN));
	if ((iir & 0x0f) == NS16550_IIR_TRANSMIT)
		require(lsr & NS16550_LSR_THRE);
}

/* Bytes may be lost (a full FIFO, one that is cleared), but none is made up or overtakes. */
static void check_output(void)
{
	size_t at = 0;

	for (size_t i = 0; i < port()->output_len; i++) {
		while (at < n_written && written[at] != port()->output[i])
			at++;
		require(at < n_written);
		at++;
	}
}

static void note_written(uint64_t addr, uint64_t value)
{
	if (addr == GUEST_UART_BASE + NS16550_THR && n_written < sizeof(written))
		written[n_written++] = (uint8_t)value;
}

static void access_uart(bool write)
{
	unsigned how = (unsigned)input_number(&input, 1), size = 1u << (how >> 6 & 3);
	unsigned reg = how & 8 ? how & 7 : (unsigned)input_number(&input, 1);
	uint64_t addr = GUEST_UART_BASE + (how & 8 ? reg : reg / size * size);

	if (how & 8)
		size = 1;
	size_t taken = port()->input_at;
	if (write) {
		uint64_t value = input_number(&input, how & 16 ? 8 : 1);
		note_written(addr, value);
		require(dm_mmio_write(vm.dm, gpa(addr), size, value));
	} else {
		(void)load(addr, size);
	}
	require(port()->input_at == taken ||
		(!write && addr == GUEST_UART_BASE && port()->input_at == taken + 1));
}

static void access_rtc(bool write)
{
	static const uint8_t offsets[] = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20};
	unsigned how = (unsigned)input_number(&input, 1);
	uint64_t addr = GUEST_RTC_BASE + offsets[how % sizeof(offsets)];
	unsigned size = how & 128 ? 4 : 1u << (addr & 4 ? how >> 5 & 1 : how >> 5 & 3);

	if (write)
		require(dm_mmio_write(
			vm.dm, gpa(addr), size, input_number(&input, how & 64 ? 8 : 1)));
	else
		(void)load(addr, size);
}

static void pass_time(void)
{
	uint64_t step = input_number(&input, 1);

	vm.host.time_ns += step < 200 ? step : input_number(&input, 8);
	if (vm.host.time_ns >= vm.host.alarm_ns)
		dm_alarm(vm.dm);
}

static void change_port(void)
{
	unsigned how = (unsigned)input_number(&input, 1);
	static const uint8_t typed[3] = {'a', 'b', 'c'};

	port()->send = host_limit(how & 15);
	port()->recv = host_limit(how >> 4 & 1);
	if (how & 32)
		host_input(&vm.host, GUEST_UART_PORT, typed, how >> 6);
	dm_port_ready(vm.dm, GUEST_UART_PORT);
}

static void act(unsigned what)
{
	switch (what % 8) {
	case 0:
	case 1:
	case 2:
	case 3:
		access_uart(what & 1);
		break;
	case 4:
		access_rtc(what & 128);
		break;
	case 5:
		pass_time();
		break;
	case 6:
		change_port();
		break;
	case 7:
		if (what == 255)
			dm_reset(vm.dm);
		break;
	}
}

static void check_rtc(void)
{
	if (vm.host.irq[GUEST_RTC_IRQ])
		require(load(GUEST_RTC_BASE + 0x10, 4) == 1);
	require(load(GUEST_RTC_BASE + 0x18, 4) <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looking at the UART changes it, so it is not looked at each time. */
static void step(void)
{
	unsigned what = (unsigned)input_number(&input, 1);

	act(what);
	if (what & 16) {
		run();
		check_rtc();
	}
	if (what & 32)
		check_uart(what & 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	n_written = 0;
	console_vm_open(4096);
	for (unsigned i = 0; i < OPS && input.left > 0; i++)
		step();
	check_output();
	console_vm_close();
	return 0;
}
