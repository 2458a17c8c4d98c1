/* SPDX-License-Identifier: MIT */
#include "monitor/editor.h"

#include <stdbool.h>
#include <string.h>

#include "backends/console.h"
#include "monitor/commands.h"
#include "monitor/print.h"

#define CTRL(letter) ((letter)&0x1f)
#define ESC          0x1b
#define BEL          0x07
#define DELETE       0x7f

/*
 * Inside the sequence of a key that types no character: ESC and a letter, ESC [ ... or ESC O ... and a letter; or inside
 * a terminal's answer to a question that a guest has asked it: ESC ] or P, ... and BEL or ESC \\.
 */
enum sequence {
	NO_SEQUENCE,
	AFTER_ESC,
	IN_SEQUENCE,
	IN_STRING,
};

static char line[EDITOR_LINE_MAX + 1];
static unsigned used;
static bool after_return; /* a newline that follows belongs to it */
static enum sequence sequence;

void editor_prompt(void)
{
	used = 0;
	sequence = NO_SEQUENCE;
	print_text("vesper> ");
}

static enum sequence after_esc(char byte)
{
	if (byte == '[' || byte == 'O')
		return IN_SEQUENCE;
	return byte && strchr("]PX^_", byte) ? IN_STRING : NO_SEQUENCE;
}

/* Ctrl-C is the user's way out. */
static enum sequence in_string(char byte)
{
	if (byte == ESC)
		return AFTER_ESC;
	return byte == BEL || byte == CTRL('C') ? NO_SEQUENCE : IN_STRING;
}

static bool in_sequence(char byte)
{
	switch (sequence) {
	case NO_SEQUENCE:
		sequence = byte == ESC ? AFTER_ESC : NO_SEQUENCE;
		return byte == ESC;
	case AFTER_ESC:
		sequence = after_esc(byte);
		return true;
	case IN_STRING:
		sequence = in_string(byte);
		return true;
	default:
		if (byte >= 0x40 && byte < DELETE)
			sequence = NO_SEQUENCE;
		return true;
	}
}

static void erase(void)
{
	if (!used)
		return;
	used--;
	print_text("\b \b");
}

static void erase_all(void)
{
	while (used)
		erase();
}

static void insert(char byte)
{
	if (used == EDITOR_LINE_MAX) {
		print_text("\a");
		return;
	}
	line[used++] = byte;
	print_text("%c", byte);
}

/* A command may have brought a console to the front: then there is nothing to prompt for. */
static void run(void)
{
	line[used] = 0;
	print_text("\r\n");
	commands_run(line);
	if (!console_front())
		editor_prompt();
}

static void give_up(void)
{
	print_text("^C\r\n");
	editor_prompt();
}

static void edit(char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		run();
		break;
	case '\b':
	case DELETE:
		erase();
		break;
	case CTRL('U'):
		erase_all();
		break;
	case CTRL('C'):
		give_up();
		break;
	default:
		if (byte >= ' ' && byte < DELETE)
			insert(byte);
	}
}

void editor_input(char byte)
{
	bool second = after_return && byte == '\n';

	after_return = byte == '\r';
	if (!second && !in_sequence(byte))
		edit(byte);
}
