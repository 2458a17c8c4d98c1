/* SPDX-License-Identifier: MIT */
/*
 * The two ways in which Vesper ends early: die() for what the user can mend,
 * panic() for our own bugs. Both power the machine off with a failing status.
 */
#include <stdarg.h>
#include <stdio.h>

#include "core/csr.h"
#include "core/power.h"
#include "core/trap.h"
#include "lib/log.h"

/* What a simulator exits with for an error of the user's or of ours. */
#define EXIT_STATUS   1
#define BACKTRACE_MAX 24

extern char image_start[], image_end[];

/* Follows the frame-pointer chain (fp[-1] = return address, fp[-2] = caller's fp) while it stays in our image. */
static void backtrace(uintptr_t pc, uintptr_t fp)
{
	log_line("backtrace (link addresses: subtract %p, add the ELF's base):",
		(void *)image_start);
	for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
		log_line("  %016lx", (unsigned long)pc);
		if (fp % 8 || fp < (uintptr_t)image_start + 16 || fp > (uintptr_t)image_end)
			break;
		pc = ((uintptr_t *)fp)[-1];
		fp = ((uintptr_t *)fp)[-2];
	}
}

static void say(const char *prefix, const char *format, va_list args)
{
	char text[200];

	vsnprintf(text, sizeof(text), format, args);
	log_line("%s%s", prefix, text);
}

_Noreturn void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
	power_off(EXIT_STATUS);
}

_Noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("PANIC: ", format, args);
	va_end(args);
	backtrace((uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_frame_address(0));
	power_off(EXIT_STATUS);
}

_Noreturn void trap_from_hypervisor(const struct hypervisor_frame *frame)
{
	static const char *const name[32] = {"-", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0",
		"s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6",
		"s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

	log_line("PANIC: trap in Vesper itself: scause %lx stval %lx sepc %lx htval %lx",
		(unsigned long)csr_read(scause), (unsigned long)csr_read(stval),
		(unsigned long)csr_read(sepc), (unsigned long)csr_read(htval));
	for (unsigned i = 1; i < 31; i += 3)
		log_line("  %3s %016lx  %3s %016lx  %3s %016lx", name[i],
			(unsigned long)frame->regs[i], name[i + 1],
			(unsigned long)frame->regs[i + 1], name[i + 2],
			(unsigned long)frame->regs[i + 2]);
	log_line("  %3s %016lx", name[31], (unsigned long)frame->regs[31]);
	backtrace(csr_read(sepc), frame->regs[8]);
	power_off(EXIT_STATUS);
}

uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	panic("stack smashed");
}
