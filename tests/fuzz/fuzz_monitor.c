/* SPDX-License-Identifier: MIT */
/*
 * Keys, VMs that talk and read, and a UART that is slow, in any order: the
 * monitor and the consoles stay inside their memory, no command takes for ever,
 * and whatever was before, a console still takes what is typed and says what it is told, once.
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/unit/monitor_mock.h"
#include "tests/unit/uart_mock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static const char *const words[] = {"vms", "vm web", "start build", "stop db", "reset web",
	"console db", "harts", "memory", "exits", "log", "help", "exit", "m", "n", "l", "disks",
	"networks", "balloon db 5", "balloon web 1"};

/* 0: typed bytes; else one thing that happens. */
static void step(struct input *in)
{
	uint8_t what = (uint8_t)input_number(in, 1);
	struct vm *vm = &mock_vm[what / 8 % MOCK_VMS];
	char bytes[64];

	switch (what % 8) {
	case 0:
	case 1:
		uart_mock_type(bytes, input_bytes(in, bytes, 1 + what / 8));
		break;
	case 2:
		uart_mock_type("\x1d", 1);
		break;
	case 3: {
		const char *word = words[what / 8 % (sizeof(words) / sizeof(words[0]))];

		uart_mock_type(word, strlen(word));
		uart_mock_type("\r", 1);
		break;
	}
	case 4:
		uart_mock.takes = 0;
		uart_mock.refill = 1 + what / 8;
		break;
	case 5:
		if (what & 8)
			uart_mock.takes = SIZE_MAX;
		uart_mock_run();
		break;
	case 6:
		memset(bytes, 'x', sizeof(bytes));
		require(console_send(vm->console, bytes, sizeof(bytes)) == sizeof(bytes) ||
			vm->console == console_front());
		break;
	default:
		console_read(vm->console, bytes, sizeof(bytes));
	}
}

/* What is typed at a console that is in front comes out of it, whatever was before. */
static void check_input(void)
{
	char bytes[64];

	uart_mock.takes = SIZE_MAX;
	console_to_front(mock_vm[0].console);
	console_reset(mock_vm[0].console);
	require(uart_mock_type("typed", 5) == 0);
	require(console_read(mock_vm[0].console, bytes, sizeof(bytes)) == 5);
	require(memcmp(bytes, "typed", 5) == 0);
}

/* And what it says goes out, once. */
static void check_output(void)
{
	uart_mock_run();
	uart_mock_reset();
	require(console_send(mock_vm[0].console, "said", 4) == 4);
	require(uart_mock_said("said"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool initialised;
	struct input in = {data, size};

	if (!initialised)
		mock_init();
	initialised = true;
	mock_reset();
	while (in.left)
		step(&in);
	check_input();
	check_output();
	return 0;
}
