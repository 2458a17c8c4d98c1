/* SPDX-License-Identifier: MIT */
/*
 * The two ways in which Vesper ends early: die() for what the user can mend,
 * panic() for our own bugs. Both power the machine off with a failing status.
 *
 * A backtrace lists what looks like a return address on the stack: the code
 * keeps no frame pointers, for which every exit would pay, and a bug could break
 * them. An old address may be among them; none is missing.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/csr.h"
#include "core/firmware.h"
#include "core/own.h"
#include "core/page.h"
#include "core/power.h"
#include "core/trap.h"
#include "lib/log.h"

#define BACKTRACE_MAX 32
#define RA            1
#define SP            2

/* From image.ld and entry.S. */
extern char image_start[], text_end[], stack_guard[], stack_top[];
extern const uint64_t image_link_address;

static bool in_text(uint64_t address)
{
	return address >= (uintptr_t)image_start && address < (uintptr_t)text_end;
}

/* Is the instruction before this one a call: jal ra, jalr ra or c.jalr? */
static bool after_call(uint64_t address)
{
	uint16_t half[2];
	uint32_t word;

	if (address % 2 || !in_text(address - sizeof(half)))
		return false;
	memcpy(half, (const void *)(address - sizeof(half)), sizeof(half));
	memcpy(&word, half, sizeof(word));
	return (word & 0xfff) == 0x0ef || (word & 0x7fff) == 0x0e7 ||
	       ((half[1] & 0xf07f) == 0x9002 && half[1] != 0x9002);
}

/* As the ELF file has it, wherever we were loaded. */
static void print_place(uint64_t address)
{
	log_line(
		"  %016lx", (unsigned long)(address - (uintptr_t)image_start + image_link_address));
}

/* A return address may be in the next function already; 2 bytes before, it is in the call. */
static bool print_return(uint64_t address)
{
	if (!after_call(address))
		return false;
	print_place(address - 2);
	return true;
}

/* The stack that `sp` is on, or has just left downwards: a hart's own, or the one that Vesper begins with. */
static void find_stack(uint64_t sp, uint64_t *bottom, uint64_t *top)
{
	uint64_t slot = sp & ~(OWN_SLOT_SIZE - 1);

	*bottom = (uintptr_t)stack_guard + PAGE_SIZE;
	*top = (uintptr_t)stack_top;
	if (own_is_slot(sp)) {
		*bottom = slot + OWN_SLOT_STACK;
		*top = slot + OWN_SLOT_STACK_TOP;
	}
}

static void backtrace(uint64_t pc, const struct hypervisor_frame *frame)
{
	uint64_t at = frame->regs[SP], bottom, top;
	unsigned printed = 0;

	log_line("backtrace (an old address may be among these; riscv64-unknown-elf-addr2line -fe "
		 "build/vesper.elf names them):");
	if (in_text(pc))
		print_place(pc);
	print_return(frame->regs[RA]);
	find_stack(at, &bottom, &top);
	at = at < bottom || at > top ? bottom : (at + 7) & ~7ull;
	for (; at < top && printed < BACKTRACE_MAX; at += 8) {
		uint64_t value = *(const uint64_t *)at;

		if (value != frame->regs[RA])
			printed += print_return(value);
	}
}

static void print_registers(const struct hypervisor_frame *frame)
{
	static const char *const name[32] = {"-", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0",
		"s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6",
		"s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
	const uint64_t *regs = frame->regs;

	for (unsigned i = 1; i < 31; i += 3)
		log_line("  %3s %016lx  %3s %016lx  %3s %016lx", name[i], (unsigned long)regs[i],
			name[i + 1], (unsigned long)regs[i + 1], name[i + 2],
			(unsigned long)regs[i + 2]);
	log_line("  %3s %016lx", name[31], (unsigned long)regs[31]);
}

static void say(const char *prefix, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, args);
	log_line("%s%s", prefix, text);
}

_Noreturn void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
	power_off(1);
}

static bool said_why;

/* Goes on in trap_from_hypervisor, which has the registers. */
_Noreturn void panic(const char *format, ...)
{
	va_list args;

	log_break_lock();
	va_start(args, format);
	say("PANIC: ", format, args);
	va_end(args);
	said_why = true;
	__asm__ volatile("ebreak" ::: "memory");
	power_off(1);
}

static void report(const struct hypervisor_frame *frame)
{
	const uint64_t pc = csr_read(sepc), address = csr_read(stval);

	if (!said_why)
		log_line("PANIC: %s",
			address - (uintptr_t)stack_guard < PAGE_SIZE || own_slot_overflowed(address)
				? "the stack overflowed"
				: "trap in Vesper itself");
	log_line("  scause %lu  stval %016lx  sepc %016lx  htval %lx",
		(unsigned long)csr_read(scause), (unsigned long)address, (unsigned long)pc,
		(unsigned long)csr_read(htval));
	print_registers(frame);
	log_line("loaded at %lx, which is %lx in vesper.elf", (unsigned long)(uintptr_t)image_start,
		(unsigned long)image_link_address);
	backtrace(pc, frame);
}

/* What is broken may be what reports it: each time round, it does with less. */
_Noreturn void trap_from_hypervisor(const struct hypervisor_frame *frame)
{
	static unsigned entered;

	log_break_lock();
	switch (entered++) {
	case 0:
		report(frame);
		break;
	case 1:
		log_set_sink(firmware_console_write);
		log_line("PANIC: and again while that was printed: scause %lu sepc %lx",
			(unsigned long)csr_read(scause), (unsigned long)csr_read(sepc));
		break;
	default:
		power_init(0, 0);
	}
	power_off(1);
}

uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	panic("stack smashed");
}
