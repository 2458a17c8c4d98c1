/* SPDX-License-Identifier: MIT */
#include "monitor/commands.h"

#include <string.h>

#include "backends/console.h"
#include "config/vm_rules.h"
#include "core/page.h"
#include "core/power.h"
#include "core/vm.h"
#include "monitor/monitor.h"
#include "monitor/print.h"
#include "monitor/report.h"

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

static void start(struct vm *vm)
{
	const char *name = vm->spec->name;

	switch (vm_start(vm)) {
	case OK:
		print_line("%s starts", name);
		break;
	case ERR_NO_MEMORY:
		print_line("%s needs %llu MiB and more for its devices; %llu MiB are free", name,
			mib(vm->spec->memory), mib(page_free_bytes()));
		break;
	default:
		print_line("%s is not stopped", name);
	}
}

static void end(struct vm *vm, enum vm_end how, const char *does)
{
	enum vm_state state = vm->state;

	if (state != VM_STOPPED)
		vm_end(vm, how, 0);
	print_line("%s %s", vm->spec->name,
		state == VM_RUNNING  ? does
		: state == VM_ENDING ? "is about to end already"
				     : "is not running");
}

static void stop(struct vm *vm)
{
	end(vm, VM_END_KILL, "stops");
}

static void reset(struct vm *vm)
{
	end(vm, VM_END_REBOOT, "starts over");
}

/* Who types elsewhere has no business with what the terminal shows. */
static bool is_at_terminal(void)
{
	if (print_is_answer())
		print_line("that is for the terminal");
	return !print_is_answer();
}

static void to_console(struct vm *vm)
{
	if (is_at_terminal())
		console_to_front(vm->console);
}

static void leave(struct vm *vm)
{
	(void)vm;
	if (is_at_terminal())
		monitor_leave();
}

static unsigned long number; /* what the command was told after the VM */

static void balloon(struct vm *vm)
{
	unsigned long mib_wanted = number;
	uint64_t most = vm->spec->memory >> 20;

	if (!vm_set_balloon(vm, mib_wanted < most ? mib_wanted << 20 : vm->spec->memory))
		print_line("%s has no balloon: add a device with compatible = \"vesper,balloon\"",
			vm->spec->name);
	else
		print_line("%s is asked for %lu MiB", vm->spec->name,
			mib_wanted < most ? mib_wanted : (unsigned long)most);
}

_Noreturn static void poweroff(struct vm *vm)
{
	(void)vm;
	power_off(0);
}

static void help(struct vm *vm);

/* All that a command can be told is a VM: "NAME" must be there, "[NAME]" may; and "MIB" after it must. */
static const struct command {
	const char *name, *arguments, *help;
	void (*run)(struct vm *vm);
} commands[] = {
	{"vms", "", "all VMs", report_vms},
	{"vm", "NAME", "all about one VM", report_vm},
	{"start", "NAME", "start a VM that is stopped", start},
	{"stop", "NAME", "stop a VM, as if its power was cut", stop},
	{"reset", "NAME", "start a running VM over", reset},
	{"console", "NAME", "go to the console of a VM", to_console},
	{"harts", "", "the machine's harts: what they run, how idle they were since the last time",
		report_harts},
	{"memory", "", "where the machine's memory is", report_memory},
	{"disks", "", "the machine's disks", report_disks},
	{"networks", "", "the machine's network interfaces, and what VMs sent and received",
		report_networks},
	{"balloon", "NAME MIB", "how much memory a VM shall give back", balloon},
	{"exits", "[NAME]", "why vCPUs left the guest, how often", report_exits},
	{"log", "", "Vesper's newest lines", report_log},
	{"poweroff", "", "switch the machine off, at once", poweroff},
	{"help", "", "this list", help},
	{"exit", "", "leave the monitor (so does Ctrl-])", leave},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(struct vm *vm)
{
	(void)vm;
	for (unsigned i = 0; i < N_COMMANDS; i++)
		print_line("  %-8s %-8s  %s", commands[i].name, commands[i].arguments,
			commands[i].help);
}

/* Cuts the next word off. NULL: there is none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	size_t len = strcspn(word, " ");

	*rest = word + len;
	if (!len)
		return NULL;
	if (**rest)
		*(*rest)++ = 0;
	return word;
}

static const struct command *find_command(const char *name)
{
	const char *similar = NULL;

	for (unsigned i = 0; i < N_COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	for (unsigned i = 0; i < N_COMMANDS && !similar; i++)
		similar = vm_rules_similar(name, &commands[i].name, 1);
	if (similar)
		print_line("unknown command \"%s\" (did you mean \"%s\"?)", name, similar);
	else
		print_line("unknown command \"%s\": help lists them all", name);
	return NULL;
}

static struct vm *find_vm(const char *name)
{
	const char *similar = NULL;

	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		if (strcmp(name, vm->spec->name) == 0)
			return vm;
	for (struct vm *vm = vm_first(); vm && !similar; vm = vm->next)
		similar = vm_rules_similar(name, &(const char *){vm->spec->name}, 1);
	if (similar)
		print_line("no VM is called \"%s\" (did you mean \"%s\"?)", name, similar);
	else
		print_line("no VM is called \"%s\": vms lists them all", name);
	return NULL;
}

/* Into `number`. NULL is none. */
static bool read_number(const char *word)
{
	number = 0;
	if (!word || strlen(word) > 9)
		return false;
	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			return false;
		number = number * 10 + (unsigned long)(*word - '0');
	}
	return true;
}

void commands_run(char *line)
{
	const char *name = next_word(&line), *argument = next_word(&line);
	const struct command *command = name ? find_command(name) : NULL;
	struct vm *vm = NULL;

	if (!command)
		return;
	const char *wants = command->arguments;
	bool has_number = strchr(wants, ' ');

	if ((has_number && !read_number(next_word(&line))) || next_word(&line) ||
		(argument && !*wants) || (!argument && *wants == 'N')) {
		print_line("usage: %s%s%s", command->name, *wants ? " " : "", wants);
		return;
	}
	if (argument && !(vm = find_vm(argument)))
		return;
	command->run(vm);
}
