/* SPDX-License-Identifier: MIT */
/* The monitor from the keyboard to the screen: its keys, its line editor, its commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "backends/terminal.h"
#include "lib/log.h"
#include "monitor/monitor.h"
#include "tests/unit/monitor_mock.h"
#include "tests/unit/uart_mock.h"

#define KEY    "\x1d"
#define PROMPT "vesper> "

static void type(const char *text)
{
	assert_int_equal(uart_mock_type(text, strlen(text)), 0);
}

static bool says(const char *text)
{
	if (strstr(uart_mock.sent, text))
		return true;
	fprintf(stderr, "\"%s\" is not in \"%s\"\n", text, uart_mock.sent);
	return false;
}

/* What a command answers, without its echo and the prompt that follows. */
static const char *answer(const char *command)
{
	static char text[UART_MOCK_SENT];
	size_t echo = strlen(command) + 2, end = sizeof(PROMPT) - 1;

	uart_mock_reset();
	type(command);
	type("\r");
	assert_memory_equal(uart_mock.sent, command, echo - 2);
	assert_true(uart_mock.n_sent >= echo + end);
	assert_string_equal(uart_mock.sent + uart_mock.n_sent - end, PROMPT);
	memcpy(text, uart_mock.sent + echo, uart_mock.n_sent - echo - end);
	text[uart_mock.n_sent - echo - end] = 0;
	return text;
}

static int setup(void **state)
{
	(void)state;
	alarm(20);
	mock_reset();
	return 0;
}

/* The line editor is empty, whatever the test before typed. */
static int setup_in_monitor(void **state)
{
	setup(state);
	type(KEY "m\x03");
	assert_null(console_front());
	uart_mock_reset();
	return 0;
}

/* ---- keys ---- */

static void the_monitor_and_back(void **state)
{
	(void)state;
	type(KEY "m");
	assert_null(console_front());
	assert_true(says("\r\n" PROMPT));
	type("exit\r");
	assert_ptr_equal(console_front(), mock_vm[0].console);
	type(KEY "2" KEY "m" KEY);
	assert_ptr_equal(console_front(), mock_vm[1].console);
}

static void the_keys_help(void **state)
{
	(void)state;
	type(KEY "?");
	assert_true(says("after Ctrl-]"));
	assert_true(says("m       the monitor"));
	assert_true(says("1..9 "));
	assert_ptr_equal(console_front(), mock_vm[0].console);
	type(KEY "x");
	assert_true(says("no such key"));
}

static void the_next_console(void **state)
{
	(void)state;
	type(KEY "n");
	assert_ptr_equal(console_front(), mock_vm[1].console);
	type(KEY "n" KEY "n");
	assert_ptr_equal(console_front(), mock_vm[0].console);
	assert_true(says("console 1: web"));
}

static void a_console_by_number(void **state)
{
	(void)state;
	type(KEY "3");
	assert_ptr_equal(console_front(), mock_vm[2].console);
	assert_true(says("console 3: build"));
	type(KEY "4");
	assert_ptr_equal(console_front(), mock_vm[2].console);
	assert_true(says("there is no console 4"));
}

/* As cli/feed.c does: from there on the key is the guest's. */
static void no_keys(void **state)
{
	char got[8];

	(void)state;
	uart_mock_type("a" KEY "\0" KEY "mb", 6);
	assert_int_equal(console_read(mock_vm[0].console, got, sizeof(got)), 4);
	assert_memory_equal(got, "a" KEY "mb", 4);
	assert_true(uart_mock_said(""));
	monitor_init();
}

static void the_list(void **state)
{
	(void)state;
	console_send(mock_vm[1].console, "x", 1);
	type(KEY "l");
	assert_true(uart_mock_said("\r\n"
				   "  1 web                             running  in front\r\n"
				   "  2 db                              running  has news\r\n"
				   "  3 build                           stopped  \r\n"));
}

/* ---- the line editor ---- */

static void editing(void **state)
{
	(void)state;
	assert_string_equal(answer(""), "");
	type("helx\b\x7f\x15");
	assert_true(says("helx\b \b\b \b\b \b\b \b"));
	type("\x7f\x15nonsense\x03");
	assert_true(says("nonsense^C\r\n" PROMPT));
	type("stopp\x7f web\r");
	assert_string_equal(mock_called, "stop");
}

static void a_line_end_of_two_bytes_is_one(void **state)
{
	(void)state;
	type("\r\n\n");
	assert_true(uart_mock_said("\r\n" PROMPT "\r\n" PROMPT));
}

/* Arrow keys, Delete, F1, and bytes that are no text. */
static void keys_that_type_nothing(void **state)
{
	(void)state;
	type("\x1b[A\x1b[3~\x1bOP\x1bx\x01\x7f\xc3\xa4st\x1b[1;5Cop web\r");
	assert_true(says("stop web\r\nweb stops\r\n"));
}

/* A guest asked, and the terminal answers when the monitor has it. */
static void answers_of_the_terminal(void **state)
{
	(void)state;
	type("\x1b]11;rgb:0000/0000/0000\x07s\x1bP>|xterm(3)\x1b\\t\x1b]l;stop db\x1b\\op web\r");
	assert_true(says("stop web\r\nweb stops\r\n"));
	type("\x1b]for ever\r\x03vm\r");
	assert_true(says("usage: vm NAME"));
}

/* The next command has to wait until this one's answer is out, and neither waits for the UART. */
static void a_slow_uart(void **state)
{
	(void)state;
	uart_mock.takes = 0;
	assert_int_equal(uart_mock_type("help\rstop web\r", 14), 9);
	assert_string_equal(mock_called, "");
	assert_in_range(uart_mock.polls, 1, 200);
	uart_mock.takes = SIZE_MAX;
	uart_mock_run();
	assert_string_equal(mock_called, "stop");
	assert_true(says("leave the monitor"));
	assert_true(says("web stops\r\n" PROMPT));
}

/* A command an interrupt. */
static void commands_take_turns(void **state)
{
	(void)state;
	uart_mock.typed = "stop web\rstart web\r";
	uart_mock.n_typed = 19;
	terminal_interrupt();
	assert_string_equal(mock_called, "stop");
	assert_int_equal(uart_mock.n_typed, 10);
	uart_mock_run();
	assert_string_equal(mock_called, "start");
}

static void a_line_has_an_end(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	uart_mock_type(text, sizeof(text));
	assert_int_equal(uart_mock.n_sent, sizeof(text));
	assert_memory_equal(uart_mock.sent, text, 78);
	assert_int_equal(uart_mock.sent[78], '\a');
	type("\r");
	assert_true(says("unknown command"));
}

/* ---- commands ---- */

static void help(void **state)
{
	static const char *const names[] = {"vms", "vm", "start", "stop", "reset", "console",
		"harts", "memory", "disks", "networks", "balloon", "exits", "log", "help", "exit"};
	const char *text = answer("help");
	char line[40];

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "  %-8s ", names[i]);
		assert_non_null(strstr(text, line));
	}
}

static void unknown(void **state)
{
	(void)state;
	assert_string_equal(answer("vns"), "unknown command \"vns\" (did you mean \"vms\"?)\r\n");
	assert_string_equal(
		answer("completely"), "unknown command \"completely\": help lists them all\r\n");
	assert_string_equal(
		answer("stop wob"), "no VM is called \"wob\" (did you mean \"web\"?)\r\n");
	assert_string_equal(answer("stop everything"),
		"no VM is called \"everything\": vms lists them all\r\n");
	assert_string_equal(mock_called, "");
}

static void usage(void **state)
{
	(void)state;
	assert_string_equal(answer("vm"), "usage: vm NAME\r\n");
	assert_string_equal(answer("  stop  web  db "), "usage: stop NAME\r\n");
	assert_string_equal(answer("exits web db"), "usage: exits [NAME]\r\n");
	assert_string_equal(answer("vms web"), "usage: vms\r\n");
	assert_string_equal(mock_called, "");
}

static void start_and_stop(void **state)
{
	(void)state;
	assert_string_equal(answer("start web"), "web is not stopped\r\n");
	assert_string_equal(answer("stop  web "), "web stops\r\n");
	assert_string_equal(mock_called, "stop");
	assert_ptr_equal(mock_called_for, &mock_vm[0]);
	assert_string_equal(answer("stop web"), "web is not running\r\n");
	assert_string_equal(answer("reset web"), "web is not running\r\n");
	assert_string_equal(answer("start web"), "web starts\r\n");
	assert_string_equal(mock_called, "start");
	assert_string_equal(answer("reset web"), "web starts over\r\n");
	assert_string_equal(mock_called, "reboot");
	mock_called = "";
	mock_vm[1].state = VM_ENDING;
	assert_string_equal(answer("stop db"), "db is about to end already\r\n");
	assert_string_equal(mock_called, "stop"); /* it may be about to start again */
}

static void too_little_memory(void **state)
{
	(void)state;
	mock_free = MIB(63);
	assert_string_equal(answer("start build"),
		"build needs 64 MiB and more for its devices; 63 MiB are free\r\n");
	assert_int_equal(mock_vm[2].state, VM_STOPPED);
}

static void console(void **state)
{
	(void)state;
	type("console db\r");
	assert_ptr_equal(console_front(), mock_vm[1].console);
	assert_true(says("console db\r\n"));
	assert_true(says("\r\nvesper: console 2: db\r\n"));
}

static void vms(void **state)
{
	(void)state;
	console_send(mock_vm[1].console, "x", 1);
	assert_string_equal(answer("vms"),
		"  # name                            state    vCPUs     MiB weight starts "
		"console\r\n"
		"  1 web                             running      2     256    100      1 \r\n"
		"  2 db                              running      1    1024    300      1 has "
		"news\r\n"
		"  3 build                           stopped      1      64      1      0 \r\n");
}

static void vm(void **state)
{
	(void)state;
	mock_vm[2].state = VM_STARTING;
	assert_non_null(strstr(answer("vm build"), "build: starting"));
	mock_vm[2].state = VM_STOPPED;
	mock_vm[0].n_claimed = 21;
	mock_vm[0].balloon = MIB(3);
	mock_vcpu[0][0].sched =
		(struct sched_entity){.state = SCHED_RUNNING, .hart = 1, .run_time = 12345678};
	mock_vcpu[0][0].stats.exits[EXIT_MMIO] = 7;
	mock_vcpu[0][0].stats.exits[EXIT_OTHER] = 5;
	mock_vcpu[0][1].sched.state = SCHED_BLOCKED;
	assert_string_equal(answer("vm web"),
		"web: running, started 1 time\r\n"
		"  memory    256 MiB, 42 MiB of it given out, 3 MiB in its "
		"balloon\r\n"
		"  kernel    2 KiB, initrd 0 KiB\r\n"
		"  bootargs  console=hvc0\r\n"
		"  weight    100\r\n"
		"  harts     any\r\n"
		"  devices   console, file system \"root\"\r\n"
		"  vCPU state    hart     run time        exits\r\n"
		"     0 running     1        1.234 s         12\r\n"
		"     1 waiting     0        0.000 s          0\r\n");
	const char *text = answer("vm db");

	assert_non_null(strstr(text, "  harts     4, 7, theirs alone\r\n"));
	assert_non_null(strstr(
		text, "  devices   disk, network interface, random source, balloon, vsock\r\n"));
	assert_non_null(strstr(answer("vm build"), "  devices   none\r\n"));
	mock_vm[2].starts = 2;
	mock_vm[2].exit_status = 1;
	mock_vm[2].end = VM_END_CRASH;
	text = answer("vm build");
	assert_non_null(strstr(text, "build: stopped, started 2 times, not at boot\r\n"));
	assert_non_null(strstr(text, "  ended     with status 1, for an error of the guest\r\n"));
}

static void harts(void **state)
{
	(void)state;
	answer("harts");
	mock_ns += 2000000000;
	mock_vcpu[1][0].sched = (struct sched_entity){.state = SCHED_RUNNING, .hart = 1};
	mock_hart[0].idle_ticks += 20000000;
	mock_hart[1].idle_ticks += 5000000;
	assert_string_equal(answer("harts"), "  hart   idle  runs\r\n"
					     "     4  100 %  nothing\r\n"
					     "     7   25 %  db, vCPU 0\r\n");
	mock_ns += 1000000000;
	mock_hart[0].online = false;
	mock_hart[1].idle_ticks += 5000000;
	assert_string_equal(answer("harts"), "  hart   idle  runs\r\n"
					     "     4  not online\r\n"
					     "     7   50 %  db, vCPU 0\r\n");
	mock_hart[1].idle_ticks += 5000000;
	assert_non_null(strstr(answer("harts"), "     7    0 %"));
	mock_ns += 1000;
	mock_hart[1].idle_ticks += 5000000;
	assert_non_null(strstr(answer("harts"), "     7  100 %"));
}

static void memory(void **state)
{
	(void)state;
	mock_vm[1].n_claimed = 100;
	assert_string_equal(answer("memory"),
		"512 MiB are free and set aside for no VM; Vesper's tables take 6 MiB\r\n"
		"VM                              given out      of\r\n"
		"web                                 0 MiB   256 MiB\r\n"
		"db                                200 MiB  1024 MiB\r\n"
		"build                               0 MiB    64 MiB\r\n");
}

static void disks(void **state)
{
	(void)state;
	assert_string_equal(answer("disks"), "0 disks\r\n");
	mock_disk[0] = (struct block_info){.name = "disk0", .size = MIB(64), .block_size = 512};
	mock_disk[1] = (struct block_info){.name = "disk1",
		.id = "serial-of-20-letters",
		.size = MIB(1) << 30,
		.block_size = 4096,
		.read_only = true};
	mock_disks = 1;
	assert_string_equal(answer("disks"), "1 disk\r\n  disk0        64 MiB, blocks of 512\r\n");
	mock_disks = 2;
	assert_non_null(strstr(answer("disks"),
		"2 disks\r\n  disk0        64 MiB, blocks of 512\r\n"
		"  disk1  1073741824 MiB, blocks of 4096, read-only, serial "
		"serial-of-20-letters\r\n"));
}

static void networks(void **state)
{
	(void)state;
	mock_nic = (struct nic_info){
		.name = "net0", .mac = {2, 0, 0, 0, 0, 0xab}, .mtu = 1500, .link = true};
	const char *text = answer("networks");

	assert_non_null(strstr(text, "1 interface\r\n  net0   02:00:00:00:00:ab, MTU 1500\r\n"));
	assert_null(strstr(text, "  db"));
	/* Only while it runs it has a port. */
	mock_port[1][1].net = (struct switch_port *)mock_answer;
	mock_nic.link = false;
	text = answer("networks");
	assert_non_null(strstr(text, "MTU 1500, no link\r\n"));
	assert_non_null(strstr(text, "  db               lan          52:54:00:00:00:02         1  "
				     "      22       333      "
				     "4444\r\n"));
}

static void balloon(void **state)
{
	static const char *const wrong[] = {"balloon", "balloon db", "balloon db x",
		"balloon db -1", "balloon db 1x", "balloon db 1 2", "balloon db 9999999999"};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_string_equal(answer(wrong[i]), "usage: balloon NAME MIB\r\n");
	assert_string_equal(mock_called, "");
	assert_string_equal(answer("balloon  db  100 "), "db is asked for 100 MiB\r\n");
	assert_ptr_equal(mock_called_for, &mock_vm[1]);
	assert_int_equal(mock_vm[1].balloon_target, MIB(100));
	/* No more than it has. */
	assert_string_equal(answer("balloon db 999999999"), "db is asked for 1024 MiB\r\n");
	assert_int_equal(mock_vm[1].balloon_target, MIB(1024));
	assert_string_equal(answer("balloon db 0"), "db is asked for 0 MiB\r\n");
	assert_int_equal(mock_vm[1].balloon_target, 0);
	assert_non_null(strstr(answer("balloon web 1"), "web has no balloon: add a device"));
	assert_non_null(strstr(answer("balloon wob 1"), "did you mean \"web\"?"));
}

/* ---- commands from elsewhere ---- */

static const char *elsewhere(const char *command)
{
	char line[80];

	snprintf(line, sizeof(line), "%s", command);
	mock_answer[0] = 0;
	uart_mock_reset();
	monitor_command(line);
	assert_int_equal(uart_mock.n_sent, 0);
	return mock_answer;
}

static void from_elsewhere(void **state)
{
	(void)state;
	assert_non_null(strstr(elsewhere("vms"), "  1 web "));
	assert_non_null(strstr(elsewhere("log"), "vesper: Ctrl-] is the escape key"));
	assert_non_null(strstr(elsewhere("vm web"), "  bootargs  console=hvc0\r\n"));
	assert_non_null(strstr(elsewhere("nonsense"), "unknown command \"nonsense\""));
	assert_string_equal(elsewhere("stop web"), "web stops\r\n");
	assert_string_equal(mock_called, "stop");
	assert_string_equal(elsewhere(""), "");
}

/* What the terminal shows and what is half typed there stays. */
static void the_terminal_goes_on(void **state)
{
	(void)state;
	type("stop ");
	assert_string_equal(elsewhere("console db"), "that is for the terminal\r\n");
	assert_string_equal(elsewhere("exit"), "that is for the terminal\r\n");
	assert_null(console_front());
	assert_string_equal(mock_called, "");
	type("web\r");
	assert_true(says("web stops\r\n" PROMPT));
	assert_string_equal(answer("start web"), "web starts\r\n");
}

static void exits(void **state)
{
	(void)state;
	mock_vcpu[0][0].stats.exits[EXIT_ECALL] = 700;
	mock_vcpu[0][1].stats.exits[EXIT_ECALL] = 50;
	mock_vcpu[0][1].stats.exits[EXIT_TIMER] = 250;
	assert_string_equal(answer("exits web"),
		"web: 1000 exits\r\n"
		"  SBI call                    750  75 %  ##############################\r\n"
		"  timer                       250  25 %  ##########\r\n");
	mock_vcpu[1][0].stats.exits[EXIT_OTHER] = UINT64_MAX;
	const char *text = answer("exits");

	assert_non_null(strstr(text, "web: 1000 exits\r\n"));
	assert_non_null(strstr(text, "100 %  ########################################\r\n"));
	assert_non_null(strstr(text, "build: 0 exits\r\n"));
}

static void log_command(void **state)
{
	(void)state;
	log_line("one line");
	const char *text = answer("log");

	assert_non_null(strstr(text, "vesper: Ctrl-] is the escape key"));
	assert_non_null(strstr(text, "vesper: one line\r\n"));
}

static int create(void **state)
{
	(void)state;
	mock_init();
	return 0;
}

#define KEYS(test)    cmocka_unit_test_setup(test, setup)
#define COMMAND(test) cmocka_unit_test_setup(test, setup_in_monitor)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEYS(the_monitor_and_back),
		KEYS(the_keys_help),
		KEYS(the_next_console),
		KEYS(a_console_by_number),
		KEYS(no_keys),
		KEYS(the_list),
		COMMAND(editing),
		COMMAND(a_line_end_of_two_bytes_is_one),
		COMMAND(keys_that_type_nothing),
		COMMAND(answers_of_the_terminal),
		COMMAND(a_slow_uart),
		COMMAND(commands_take_turns),
		COMMAND(a_line_has_an_end),
		COMMAND(help),
		COMMAND(unknown),
		COMMAND(usage),
		COMMAND(start_and_stop),
		COMMAND(too_little_memory),
		COMMAND(console),
		COMMAND(vms),
		COMMAND(vm),
		COMMAND(harts),
		COMMAND(memory),
		COMMAND(exits),
		COMMAND(log_command),
		COMMAND(disks),
		COMMAND(networks),
		COMMAND(balloon),
		COMMAND(from_elsewhere),
		COMMAND(the_terminal_goes_on),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
