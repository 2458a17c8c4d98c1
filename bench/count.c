/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin that counts executed instructions by privilege mode. A block is
 * translated when it is about to run, so the mode at that moment is the mode of
 * all its runs (QEMU keeps blocks of different modes apart). Each instruction
 * then costs one inline addition.
 *
 * The counters are written, a line each time, when a mode is entered for the
 * first time ("first VU M=.. U=.. ...") and when the program executes the HINT
 * `slti x0, x0, N` ("mark N M=.. ..."), which no machine does anything for.
 *
 * With entry=ADDRESS, where Vesper's traps from guests begin, each marker has a
 * second line, "exits N CAUSE=.. ...": how often it was entered for what. A guest-page
 * fault's cause has the page behind it: "17@c201".
 *
 * Options: out=FILE, entry=ADDRESS.
 */
#include "bench/qemu_plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode {
	MODE_U,
	MODE_HS, /* S where there is no H extension or it is not used */
	MODE_M,
	MODE_VU,
	MODE_VS,
	MODES,
};

static const char *const mode_name[MODES] = {"U", "HS", "M", "VU", "VS"};

/* The debugger's `priv` register: bits 0-1 the privilege, bit 2 V (debug specification 1.0, 4.10).
 */
static const enum mode mode_of_priv[8] = {
	MODE_U, MODE_HS, MODE_U, MODE_M, MODE_VU, MODE_VS, MODE_U, MODE_M};

#define HINT_MASK  0x000fffffu /* slti x0, x0, N: N in bits 20-31 */
#define HINT_MATCH 0x00002013u

PLUGIN_EXPORT int qemu_plugin_version = 4;
PLUGIN_EXPORT int qemu_plugin_install(
	qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

static FILE *out;
static qemu_plugin_u64 counter[MODES];
static bool mode_seen[MODES];
static struct qemu_plugin_register *priv_register, *scause_register, *htval_register;
static glib_byte_array *register_bytes;

/* Those of several harts may get lost; they are for runs with one. */
struct exit_count {
	uint64_t cause, page, n;
};

static uint64_t entry;
static struct exit_count exits[256];
static unsigned n_exits;

static uint64_t read_register(struct qemu_plugin_register *reg)
{
	uint64_t value = 0;

	g_byte_array_set_size(register_bytes, 0);
	if (reg && qemu_plugin_read_register(reg, register_bytes) > 0)
		memcpy(&value, register_bytes->data,
			register_bytes->len < sizeof(value) ? register_bytes->len : sizeof(value));
	return value;
}

/* Instruction, load and store guest-page faults. */
static bool has_page(uint64_t cause)
{
	return cause == 20 || cause == 21 || cause == 23;
}

static void entered(unsigned vcpu, void *data)
{
	uint64_t cause = read_register(scause_register);
	uint64_t page = has_page(cause) ? read_register(htval_register) >> 10 : 0;
	struct exit_count *e = exits;

	(void)vcpu;
	(void)data;
	while (e < exits + n_exits && (e->cause != cause || e->page != page))
		e++;
	if (e == exits + sizeof(exits) / sizeof(exits[0]))
		return;
	if (e == exits + n_exits)
		exits[n_exits++] = (struct exit_count){cause, page, 0};
	e->n++;
}

static void write_exits(unsigned mark)
{
	fprintf(out, "exits %u", mark);
	for (const struct exit_count *e = exits; e < exits + n_exits; e++) {
		fprintf(out, e->cause >> 63 ? " irq%" PRIu64 : " %" PRIu64,
			e->cause & (UINT64_MAX >> 1));
		if (e->page)
			fprintf(out, "@%" PRIx64, e->page);
		fprintf(out, "=%" PRIu64, e->n);
	}
	fputc('\n', out);
}

static void write_counters(const char *event)
{
	fputs(event, out);
	for (unsigned m = 0; m < MODES; m++)
		fprintf(out, " %s=%" PRIu64, mode_name[m], qemu_plugin_u64_sum(counter[m]));
	fputc('\n', out);
}

static void marker_executed(unsigned vcpu, void *data)
{
	char event[32];

	(void)vcpu;
	snprintf(event, sizeof(event), "mark %u", (unsigned)(uintptr_t)data);
	write_counters(event);
	if (entry)
		write_exits((unsigned)(uintptr_t)data);
	fflush(out);
}

static enum mode current_mode(void)
{
	return priv_register ? mode_of_priv[read_register(priv_register) & 7] : MODE_M;
}

static void note_first(enum mode mode)
{
	char event[32];

	if (mode_seen[mode])
		return;
	mode_seen[mode] = true;
	snprintf(event, sizeof(event), "first %s", mode_name[mode]);
	write_counters(event);
	fflush(out);
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	enum mode mode = current_mode();
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	note_first(mode);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t bits = 0;

		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
			insn, QEMU_PLUGIN_INLINE_ADD_U64, counter[mode], 1);
		if (entry && qemu_plugin_insn_vaddr(insn) == entry)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, entered, QEMU_PLUGIN_CB_R_REGS, NULL);
		qemu_plugin_insn_data(insn, &bits, sizeof(bits));
		if ((bits & HINT_MASK) == HINT_MATCH)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marker_executed,
				QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)(bits >> 20));
	}
}

/* Registers can be listed only by a vCPU that exists. */
static void vcpu_started(qemu_plugin_id_t id, unsigned vcpu)
{
	glib_array *list = qemu_plugin_get_registers();
	const qemu_plugin_reg_descriptor *reg = (const void *)list->data;

	(void)id;
	(void)vcpu;
	for (unsigned i = 0; i < list->len; i++) {
		if (strcmp(reg[i].name, "priv") == 0)
			priv_register = reg[i].handle;
		if (strcmp(reg[i].name, "scause") == 0)
			scause_register = reg[i].handle;
		if (strcmp(reg[i].name, "htval") == 0)
			htval_register = reg[i].handle;
	}
	g_array_free(list, 1);
	if (!priv_register)
		fputs("error: QEMU does not show the register `priv`\n", out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
		if (strncmp(argv[i], "entry=", 6) == 0)
			entry = strtoull(argv[i] + 6, NULL, 16);
	}
	if (!out)
		return -1;
	for (unsigned m = 0; m < MODES; m++) {
		counter[m].score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
		counter[m].offset = 0;
	}
	register_bytes = g_byte_array_new();
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
	return 0;
}
