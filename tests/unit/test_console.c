/* SPDX-License-Identifier: MIT */
/* Three VMs' consoles on one terminal, on a UART that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "backends/console.h"
#include "backends/terminal.h"
#include "tests/unit/uart_mock.h"

#define KEY "\x1d"
#define N   3

/* What a switch begins with: the terminal's modes are set back. */
#define RESET \
	"\x18\x1b\\\x1b[?1049l\x1b[!p\x1b[0m\x1b[>4;0m\x1b[<99u\x1b[?1000;1002;1003;1006;2004l"

static alignas(4096) char memory[N][CONSOLE_SIZE];
static struct console *consoles[N];

/* What a VM does when its console is ready, and how often it was. */
static struct vm {
	unsigned readies;
	void (*on_ready)(unsigned vm);
	char got[30000];
	size_t n_got;
} vms[N];

static char commands[64];
static size_t n_commands;
static void (*on_command)(char byte);

static void ready(void *owner)
{
	struct vm *vm = owner;

	vm->readies++;
	if (vm->on_ready)
		vm->on_ready((unsigned)(vm - vms));
}

static void command(char byte)
{
	commands[n_commands++] = byte;
	if (on_command)
		on_command(byte);
}

/* All that the VM has to read, `step` bytes at a time. */
static void read_all(unsigned vm, size_t step)
{
	size_t n;

	while ((n = console_read(consoles[vm], vms[vm].got + vms[vm].n_got, step)) > 0)
		vms[vm].n_got += n;
}

static void check_read(unsigned vm, const char *text)
{
	read_all(vm, sizeof(vms[vm].got));
	assert_int_equal(vms[vm].n_got, strlen(text));
	assert_memory_equal(vms[vm].got, text, strlen(text));
	vms[vm].n_got = 0;
}

static void type(const char *text)
{
	uart_mock_type(text, strlen(text));
}

static void say(unsigned vm, const char *text)
{
	assert_int_equal(console_send(consoles[vm], text, strlen(text)), strlen(text));
}

static void to_front(unsigned vm)
{
	console_to_front(consoles[vm]);
	uart_mock_run();
}

static int create(void **state)
{
	static const char *const names[N] = {"one", "two", "three"};

	(void)state;
	terminal_init(true);
	for (unsigned i = 0; i < N; i++)
		consoles[i] = console_create(memory[i], names[i], ready, &vms[i]);
	return console_front() != consoles[0];
}

/* The first in front, nothing kept, nothing typed; a deadlock ends the test. */
static int setup(void **state)
{
	(void)state;
	alarm(20);
	uart_mock_reset();
	for (unsigned i = N; i-- > 0;) {
		to_front(i);
		console_reset(consoles[i]);
	}
	uart_mock_reset();
	memset(vms, 0, sizeof(vms));
	n_commands = 0;
	on_command = NULL;
	console_set_escape(command);
	return 0;
}

static void all_of(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + (i / 7 + i) % 26);
}

/* ---- output ---- */

static void the_first_is_in_front(void **state)
{
	(void)state;
	say(0, "hello");
	say(1, "hidden");
	assert_true(uart_mock_said("hello"));
	assert_false(console_has_news(consoles[0]));
	assert_true(console_has_news(consoles[1]));
	assert_false(console_has_news(consoles[2]));
}

static void what_was_kept_is_shown_once(void **state)
{
	(void)state;
	say(1, "first ");
	say(1, "second");
	to_front(1);
	assert_ptr_equal(console_front(), consoles[1]);
	assert_true(uart_mock_said(RESET "\r\nvesper: console 2: two\r\nfirst second"));
	assert_false(console_has_news(consoles[1]));
	to_front(0);
	assert_true(uart_mock_said(RESET "\r\nvesper: console 1: one\r\n"));
	to_front(1);
	assert_true(uart_mock_said(RESET "\r\nvesper: console 2: two\r\n"));
}

/* In pieces of all sizes, over the ring's end many times; and a piece longer than the ring. */
static void the_newest_are_kept(void **state)
{
	static char text[3 * CONSOLE_KEPT + 100], line[200];
	const size_t sizes[] = {
		1, 100, 1000, CONSOLE_KEPT - 1, CONSOLE_KEPT, CONSOLE_KEPT + 1, sizeof(text)};

	(void)state;
	all_of(text, sizeof(text));
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t at = 0; at < sizeof(text); at += sizes[s]) {
			size_t n = sizeof(text) - at < sizes[s] ? sizeof(text) - at : sizes[s];

			assert_int_equal(console_send(consoles[1], text + at, n), n);
		}
		assert_int_equal(uart_mock.polls, 0);
		to_front(1);
		int n = snprintf(line, sizeof(line),
			RESET
			"\r\nvesper: console 2: two (the oldest %zu bytes it said are gone)\r\n",
			sizeof(text) - CONSOLE_KEPT);
		assert_memory_equal(uart_mock.sent, line, (size_t)n);
		assert_int_equal(uart_mock.n_sent, (size_t)n + CONSOLE_KEPT);
		assert_memory_equal(
			uart_mock.sent + n, text + sizeof(text) - CONSOLE_KEPT, CONSOLE_KEPT);
		to_front(0);
		uart_mock_reset();
	}
}

/* On a slow UART, what was kept goes out before what is said now, and the VM is told when it may. */
static void kept_before_new(void **state)
{
	static char text[CONSOLE_KEPT];
	const size_t line = strlen(RESET "\r\nvesper: console 2: two\r\n");

	(void)state;
	all_of(text, sizeof(text));
	console_send(consoles[1], text, sizeof(text));
	uart_mock.takes = line + 10;
	to_front(1);
	assert_int_equal(uart_mock.n_sent, line + 10);
	uart_mock.takes = 16;
	assert_int_equal(console_send(consoles[1], "new", 3), 0);
	assert_int_equal(uart_mock.n_sent, line + 26);
	while (uart_mock.n_sent < line + sizeof(text)) {
		assert_int_equal(vms[1].readies, 0);
		uart_mock.takes = 16;
		uart_mock_run();
	}
	assert_int_equal(vms[1].readies, 1);
	say(1, "new");
	uart_mock_run();
	assert_memory_equal(uart_mock.sent + line, text, sizeof(text));
	assert_string_equal(uart_mock.sent + line + sizeof(text), "new");
	assert_int_equal(vms[1].readies, 1);
}

/* A VM that waits for the UART need not any longer when another comes to the front. */
static void who_waited_is_told(void **state)
{
	(void)state;
	uart_mock.takes = 2;
	assert_int_equal(console_send(consoles[0], "1234", 4), 2);
	assert_int_equal(vms[0].readies, 0);
	uart_mock.takes = SIZE_MAX;
	to_front(2);
	assert_int_equal(vms[0].readies, 1);
	say(0, "34");
	assert_true(uart_mock_said("12" RESET "\r\nvesper: console 3: three\r\n"));
	to_front(0);
	assert_true(uart_mock_said(RESET "\r\nvesper: console 1: one\r\n34"));
}

static void write_waits_for_all(void **state)
{
	static char text[5000];

	(void)state;
	all_of(text, sizeof(text));
	console_write(consoles[0], text, sizeof(text));
	assert_int_equal(uart_mock.n_sent, sizeof(text));
	assert_memory_equal(uart_mock.sent, text, sizeof(text));
	uart_mock_run();
	assert_int_equal(vms[0].readies, 0);
}

/* It is waited for once, and not by each call, until it has room; and others are not kept from theirs. */
static void write_to_a_stuck_terminal_ends(void **state)
{
	(void)state;
	uart_mock.takes = 1;
	console_write(consoles[0], "ab", 2);
	assert_in_range(uart_mock.polls, 1000, 1000000);
	uart_mock.polls = 0;
	console_write(consoles[0], "cdefghij", 8);
	console_write(consoles[0], "c", 1);
	assert_in_range(uart_mock.polls, 1, 4);
	uart_mock.polls = 0;
	console_write(consoles[1], "background", 10);
	assert_int_equal(uart_mock.polls, 0);
	uart_mock.takes = 2;
	uart_mock_run();
	console_write(consoles[0], "kl", 2);
	assert_true(uart_mock_said("akl"));
	uart_mock.polls = 0;
	console_write(consoles[0], "m", 1);
	assert_in_range(uart_mock.polls, 1000, 1000000);
}

static void said_goes_first(void **state)
{
	(void)state;
	uart_mock.takes = 3;
	console_say("monitor", 7);
	uart_mock.takes = 1;
	assert_int_equal(console_send(consoles[0], "guest", 5), 0);
	assert_int_equal(uart_mock.n_sent, 4);
	uart_mock.takes = SIZE_MAX;
	uart_mock_run();
	assert_int_equal(vms[0].readies, 1);
	say(0, "guest");
	assert_true(uart_mock_said("monitorguest"));
}

/* Never more than what is kept, and never a wait. */
static void saying_does_not_wait(void **state)
{
	(void)state;
	uart_mock.takes = 0;
	for (unsigned i = 0; i < 3000; i++)
		console_say("0123456789", 10);
	assert_in_range(uart_mock.polls, 1, 3000);
	uart_mock.takes = SIZE_MAX;
	uart_mock_run();
	assert_in_range(uart_mock.n_sent, 10000, 20000);
	uart_mock.n_sent = 0;
	say(0, "guest");
	assert_true(uart_mock_said("guest"));
}

/* ---- input ---- */

static void typing_goes_to_the_front(void **state)
{
	(void)state;
	assert_false(console_has_input(consoles[0]));
	type("abc");
	assert_true(console_has_input(consoles[0]));
	assert_false(console_has_input(consoles[1]));
	assert_int_equal(vms[0].readies, 1);
	assert_int_equal(vms[1].readies, 0);
	check_read(1, "");
	check_read(0, "abc");
	to_front(1);
	type("\xff\x80");
	check_read(0, "");
	check_read(1, "\xff\x80");
}

static void read_slowly(const char *text, size_t len)
{
	while (vms[0].n_got < len) {
		size_t n = console_read(consoles[0], vms[0].got + vms[0].n_got, 37);

		assert_int_not_equal(n, 0);
		vms[0].n_got += n;
		uart_mock_run();
	}
	assert_memory_equal(vms[0].got, text, len);
	assert_int_equal(console_read(consoles[0], vms[0].got, 1), 0);
	assert_true(uart_mock.wants_receive);
}

/* To a VM that begins to read when all of it is there. */
static void a_paste_loses_nothing(void **state)
{
	static char text[10000];

	(void)state;
	all_of(text, sizeof(text));
	assert_int_equal(uart_mock_type(text, sizeof(text)), 0);
	read_slowly(text, sizeof(text));
}

/* Where the key is not Vesper's, any length. */
static void a_pipe_loses_nothing(void **state)
{
	static char text[19000];

	(void)state;
	console_set_escape(NULL);
	all_of(text, sizeof(text));
	assert_in_range(uart_mock_type(text, sizeof(text)), 1, sizeof(text) - 1);
	assert_false(uart_mock.wants_receive);
	read_slowly(text, sizeof(text));
	uart_mock_type(text, sizeof(text));
	console_set_escape(command);
	assert_true(uart_mock.wants_receive);
}

/* A VM that makes the terminal answer, or a user who types, without end: the key gets through. */
static void who_does_not_read_cannot_take_the_key(void **state)
{
	static char text[60000];

	(void)state;
	all_of(text, sizeof(text));
	assert_int_equal(uart_mock_type(text, sizeof(text)), 0);
	assert_non_null(strstr(uart_mock.sent, "vesper: one does not read"));
	assert_null(strstr(strstr(uart_mock.sent, "not read") + 1, "not read"));
	type(KEY "m");
	assert_int_equal(n_commands, 1);
	read_all(0, 1000);
	assert_in_range(vms[0].n_got, 16000, sizeof(vms[0].got));
	assert_memory_equal(vms[0].got, text, vms[0].n_got);
	vms[0].n_got = 0;
	type("abc");
	check_read(0, "abc");
}

/* What has no room is another's once he is typed at, and his own ring is whole. */
static void two_that_do_not_read(void **state)
{
	static char text[10000];

	(void)state;
	all_of(text, sizeof(text));
	uart_mock_type(text, sizeof(text));
	to_front(1);
	uart_mock_type(text, sizeof(text));
	read_all(1, 500);
	assert_int_equal(vms[1].n_got, sizeof(text));
	assert_memory_equal(vms[1].got, text, sizeof(text));
	read_all(0, 500);
	assert_int_equal(vms[0].n_got, 4096);
	assert_memory_equal(vms[0].got, text, 4096);
}

static void another_hart_brings_to_the_front(char byte)
{
	(void)byte;
	console_to_front(consoles[1]);
}

/* The key, a command that changes who is in front, and typing, all in one interrupt: none of it goes astray. */
static void full_after_a_switch(void **state)
{
	static char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text));
	to_front(1);
	assert_int_equal(uart_mock_type(text, sizeof(text)), 0);
	to_front(0);
	on_command = another_hart_brings_to_the_front;
	assert_int_equal(uart_mock_type("ab" KEY "2cd", 6), 0);
	check_read(0, "ab");
	read_all(1, 5000);
	assert_int_equal(vms[1].n_got, sizeof(text) + 2);
	assert_memory_equal(vms[1].got + sizeof(text), "cd", 2);
}

static void reset_forgets_input(void **state)
{
	static char text[5000];

	(void)state;
	uart_mock_type(text, sizeof(text));
	console_reset(consoles[0]);
	assert_true(uart_mock.wants_receive);
	check_read(0, "");
	type("abc");
	check_read(0, "abc");
}

/* ---- the escape key ---- */

static void check_commands(const char *text)
{
	assert_int_equal(n_commands, strlen(text));
	assert_memory_equal(commands, text, n_commands);
	n_commands = 0;
}

static void the_byte_after_the_key(void **state)
{
	(void)state;
	type("ab" KEY "mc" KEY "?");
	check_commands("m?");
	check_read(0, "abc");
}

/* Each byte in an interrupt of its own. */
static void a_key_that_comes_in_pieces(void **state)
{
	(void)state;
	for (const char *at = "a" KEY "m" KEY KEY "b" KEY "x"; *at; at++)
		uart_mock_type(at, 1);
	check_commands("mx");
	check_read(0, "a" KEY "b");
}

static void the_key_twice_is_the_guests(void **state)
{
	(void)state;
	type(KEY KEY KEY KEY KEY "n");
	check_commands("n");
	check_read(0, KEY KEY);
}

static void without_an_owner_the_key_is_the_guests(void **state)
{
	(void)state;
	console_set_escape(NULL);
	type("a" KEY "b");
	check_read(0, "a" KEY "b");
}

static void nobody_in_front(void **state)
{
	(void)state;
	console_to_front(NULL);
	assert_null(console_front());
	type("ab" KEY "c");
	check_commands("ab" KEY "c");
	say(0, "kept");
	assert_true(uart_mock_said(RESET));
	console_to_front(consoles[0]);
	assert_true(uart_mock_said(RESET "\r\nvesper: console 1: one\r\nkept"));
	check_read(0, "");
	type(KEY "c");
	check_commands("c");
}

/* A switch from elsewhere after the key: what follows is no command for the new one. */
static void a_switch_forgets_the_key(void **state)
{
	(void)state;
	type(KEY);
	to_front(1);
	type("m");
	check_commands("");
	check_read(1, "m");
}

/* What comes until the switch is shown was meant for the one that has gone; the key is meant for Vesper. */
static void a_switch_that_nobody_asked_for(void **state)
{
	(void)state;
	console_leave(consoles[1], consoles[2]);
	assert_ptr_equal(console_front(), consoles[0]);
	assert_true(uart_mock_said(""));
	console_leave(consoles[0], consoles[1]);
	assert_ptr_equal(console_front(), consoles[1]);
	type("rm -rf\r");
	assert_true(uart_mock_said(RESET "\r\nvesper: console 2: two\r\n"));
	check_commands("");
	check_read(0, "");
	check_read(1, "");
	type("abc");
	check_read(1, "abc");
	console_leave(consoles[1], consoles[0]);
	type(KEY "2");
	check_commands("2");
}

/* ---- the key as a sequence ---- */

static void the_key_as_a_sequence(void **state)
{
	static const char *const keys[] = {"\x1b[27;5;93~", "\x1b[93;5u", "\x1b[93:125;5u",
		"\x1b[93;133:1u", "\x1b[A\x1b\x1b[27;5;93~"};
	static const char *const others[] = {"\x1b[27;5;92~", "\x1b[27;6;93~", "\x1b[93u",
		"\x1b[93;5~", "\x1b[93;5:3u", "[93;5u", "\x1b[193;5u", "\x1b[93;5;1A", "\x1bO93;5u",
		"\x1b[65629;5u", "\x1b[27;5;0;93~"};

	(void)state;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uart_mock_reset();
		type(keys[i]);
		assert_true(uart_mock_said(RESET));
		type("m");
		check_commands("m");
		check_read(0, keys[i]);
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		type(others[i]);
		type("m");
		check_commands("");
		read_all(0, 100);
		vms[0].n_got = 0;
	}
	assert_true(uart_mock_said(""));
	for (const char *at = "\x1b[27;5;93~l"; *at; at++)
		uart_mock_type(at, 1);
	check_commands("l");
	type("a");
	console_to_front(NULL);
	type("\x1b[93;5u");
	check_commands("\x1b[93;5" KEY);
}

/* ---- locks ---- */

static void use_all(unsigned vm)
{
	char byte;

	read_all(vm, 16);
	console_send(consoles[vm], "s", 1);
	console_write(consoles[vm], "w", 1);
	console_read(consoles[vm], &byte, 1);
	console_has_news(consoles[vm]);
}

static void ready_may_call_all(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++)
		vms[i].on_ready = use_all;
	type("abc");
	assert_memory_equal(vms[0].got, "abc", 3);
	uart_mock.takes = 0;
	assert_int_equal(console_send(consoles[0], "x", 1), 0);
	uart_mock.takes = SIZE_MAX;
	uart_mock_run();
	assert_int_equal(vms[0].readies, 2);
	uart_mock.takes = 0;
	assert_int_equal(console_send(consoles[0], "x", 1), 0);
	uart_mock.takes = SIZE_MAX;
	to_front(1);
	assert_int_equal(vms[0].readies, 3);
	assert_true(console_has_news(consoles[0]));
}

static void switch_and_say(char byte)
{
	if (byte >= '1' && byte <= '3')
		console_to_front(consoles[byte - '1']);
	terminal_write(&byte, 1);
}

static void commands_may_call_all(void **state)
{
	(void)state;
	on_command = switch_and_say;
	type("a" KEY "2b" KEY "3c" KEY "1d");
	check_read(0, "ad");
	check_read(1, "b");
	check_read(2, "c");
	assert_int_equal(vms[0].readies, 2);
	assert_ptr_equal(console_front(), consoles[0]);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_is_in_front),
		T(what_was_kept_is_shown_once),
		T(the_newest_are_kept),
		T(kept_before_new),
		T(who_waited_is_told),
		T(write_waits_for_all),
		T(write_to_a_stuck_terminal_ends),
		T(said_goes_first),
		T(saying_does_not_wait),
		T(typing_goes_to_the_front),
		T(a_paste_loses_nothing),
		T(a_pipe_loses_nothing),
		T(who_does_not_read_cannot_take_the_key),
		T(two_that_do_not_read),
		T(full_after_a_switch),
		T(reset_forgets_input),
		T(the_byte_after_the_key),
		T(a_key_that_comes_in_pieces),
		T(the_key_twice_is_the_guests),
		T(without_an_owner_the_key_is_the_guests),
		T(nobody_in_front),
		T(a_switch_forgets_the_key),
		T(a_switch_that_nobody_asked_for),
		T(the_key_as_a_sequence),
		T(ready_may_call_all),
		T(commands_may_call_all),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
