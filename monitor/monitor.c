/* SPDX-License-Identifier: MIT */
#include "monitor/monitor.h"

#include "backends/console.h"
#include "backends/vsock.h"
#include "core/vm.h"
#include "lib/log.h"
#include "monitor/commands.h"
#include "monitor/editor.h"
#include "monitor/print.h"
#include "monitor/report.h"

/* After the key: from now on it is the guest's, and so is all that is typed. cli/feed.c types it before what a pipe has. */
#define NO_KEYS 0

static struct console *before; /* in front before the monitor */

static void enter(void)
{
	before = console_front();
	console_to_front(NULL);
	print_text("\r\nvesper: the monitor: help lists its commands, exit leaves it\r\n");
	editor_prompt();
}

void monitor_leave(void)
{
	console_to_front(before);
}

static void list(void)
{
	print_text("\r\n");
	report_consoles();
}

/* The console of the VM after the one in front, and after the last the first. */
static void next(void)
{
	struct vm *vm = vm_first();

	while (vm && vm->console != console_front())
		vm = vm->next;
	vm = vm && vm->next ? vm->next : vm_first();
	if (vm)
		console_to_front(vm->console);
}

static void help(void);

static const struct {
	char byte;
	const char *help;
	void (*run)(void);
} keys[] = {
	{'?', "this list", help},
	{'m', "the monitor", enter},
	{'l', "list of the VMs' consoles", list},
	{'n', "the next console", next},
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void help(void)
{
	print_text("\r\n");
	print_line("vesper: after Ctrl-]");
	for (unsigned i = 0; i < N_KEYS; i++)
		print_line("  %c       %s", keys[i].byte, keys[i].help);
	print_line("  1..9    the console of that number");
	print_line("  Ctrl-]  Ctrl-] for the guest");
}

static void to_console(unsigned number)
{
	struct vm *vm = vm_first();

	for (unsigned i = 1; vm && i < number; i++)
		vm = vm->next;
	if (vm)
		console_to_front(vm->console);
	else
		print_text("\r\nvesper: there is no console %u\r\n", number);
}

static void after_key(char byte)
{
	if (byte >= '1' && byte <= '9') {
		to_console((unsigned)(byte - '0'));
		return;
	}
	if (byte == NO_KEYS) {
		console_set_escape(NULL);
		return;
	}
	for (unsigned i = 0; i < N_KEYS; i++) {
		if (byte == keys[i].byte) {
			keys[i].run();
			return;
		}
	}
	print_text("\r\nvesper: no such key: Ctrl-] ? lists them\r\n");
}

/* The terminal and those who ask from elsewhere, on other harts, take turns. */
static struct spinlock turn;

static void input(char byte)
{
	hart_lock_serving(&turn);
	if (console_front())
		after_key(byte);
	else if (byte == CONSOLE_ESCAPE)
		monitor_leave();
	else
		editor_input(byte);
	spin_unlock(&turn);
}

void monitor_command(char *line)
{
	hart_lock_serving(&turn);
	print_to(vsock_answer);
	commands_run(line);
	print_to(NULL);
	spin_unlock(&turn);
}

void monitor_init(void)
{
	before = console_front();
	report_init();
	console_set_escape(input);
	log_line("Ctrl-] is the escape key: then m for the monitor, ? for the other keys");
}
