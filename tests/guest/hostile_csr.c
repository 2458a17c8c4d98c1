/* SPDX-License-Identifier: MIT */
/*
 * Reads every CSR number and writes those that are not S-mode's own, and
 * executes what belongs to HS- and M-mode: each works or is an illegal
 * instruction, and the guest goes on.
 */
#include "tests/guest/guest.h"

#define CSRS      4096u
#define CSR_READ  0x00002573u /* csrrs a0, csr, zero */
#define CSR_WRITE 0x00059073u /* csrrw zero, csr, a1 */
#define MRET      0x30200073u
#define RET       0x00008067u

static uint32_t code[2];

static struct outcome run(uint32_t instruction, uint64_t argument)
{
	code[0] = instruction;
	code[1] = RET;
	__asm__ volatile("fence.i" ::: "memory");
	return guest_try((access_fn)(uint64_t)code, argument, argument);
}

static bool check(const char *what, uint32_t instruction, uint64_t argument)
{
	struct outcome outcome = run(instruction, argument);

	if (outcome.cause != NO_TRAP && outcome.cause != CAUSE_ILLEGAL)
		print_line("ssx", what, ": instruction ", (uint64_t)instruction);
	if (outcome.cause != NO_TRAP)
		CHECK(outcome.cause, CAUSE_ILLEGAL, "scause");
	return outcome.cause == NO_TRAP;
}

static void check_must_trap(uint32_t instruction)
{
	CHECK(check("HS- or M-mode's", instruction, 0), false, "it did not trap");
}

/* Bits 9:8 of the number are the least privilege: 0 U, 1 S, 2 HS and VS, 3 M. */
static void check_writes(void)
{
	static const uint64_t values[] = {0, ~0ul, 0x5555555555555555};

	for (uint32_t csr = 0; csr < CSRS; csr++)
		for (unsigned i = 0; (csr >> 8 & 3) != 1 && i < 3; i++)
			(void)check("write", CSR_WRITE | csr << 20, values[i]);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	/* The operands are a0 and a1. */
	static const uint32_t privileged[] = {
		0x60054573, /* hlv.b */
		0x64054573, /* hlv.h */
		0x64354573, /* hlvx.hu */
		0x68054573, /* hlv.w */
		0x68354573, /* hlvx.wu */
		0x6c054573, /* hlv.d */
		0x62b54073, /* hsv.b */
		0x6eb54073, /* hsv.d */
		0x22000073, /* hfence.vvma */
		0x62000073, /* hfence.gvma */
		0x26000073, /* hinval.vvma */
		0x66000073, /* hinval.gvma */
		0x7b200073, /* dret */
		0xffffffff, /* no instruction */
	};
	uint64_t readable = 0;

	(void)hart;
	(void)device_tree;
	for (uint32_t csr = 0; csr < CSRS; csr++)
		readable += check("read", CSR_READ | csr << 20, 0);
	print_line("sx", "readable CSRs: ", readable);
	if (!guest_is_native()) { /* where S-mode is HS-mode and may do all this */
		check_writes();
		for (size_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++)
			check_must_trap(privileged[i]);
	}
	check_must_trap(MRET);
	CHECK(csr_read(satp), 0, "satp is untouched");
	guest_pass();
}
