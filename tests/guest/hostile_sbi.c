/* SPDX-License-Identifier: MIT */
/*
 * Calls of every SBI extension with random arguments, the same on each run. Left
 * out are those that end or stop the VM and those that print what they are given.
 * An answer is an error code that exists, or 0; a legacy call may trap instead
 * on its pointer.
 */
#include "tests/guest/guest.h"

#define ROUNDS     20000
#define ERROR_LAST (-14)

#define EID_SUSP 0x53555350
#define EID_SSE  0x535345
#define EID_FWFT 0x46574654

static const uint64_t extensions[] = {0, 2, 3, 4, 5, 6, 7, EID_BASE, EID_TIME, EID_IPI, EID_RFENCE,
	EID_HSM, EID_SRST, EID_DBCN,
	/* PMU, SUSP, CPPC, NACL, STA, SSE, FWFT, DBTR, MPXY, and none */
	0x504d55, EID_SUSP, 0x43505043, 0x4e41434c, 0x535441, EID_SSE, EID_FWFT, 0x44425452,
	0x4d505859, 0x0badc0de};
#define N_EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))
/* Firmware alone does what it is told to with memory and power: only these there. */
#define N_NATIVE     11

static struct sbi_args args;
static struct sbi_result last;

static uint64_t random_argument(void)
{
	static const uint64_t edges[] = {0, 1, 2, 3, 8, 0x1000, ~0ul, ~1ul, 1ul << 63, RAM_BASE,
		RAM_BASE - 1, RAM_END, RAM_END - 1, RAM_END - 8, NOTHING, PLIC, VIRTIO(0),
		0x10000000, 1ul << 32, 0xffffffff};
	uint64_t random = guest_random();

	switch (random & 3) {
	case 0:
		return guest_random();
	case 1:
		return guest_random() & 0xff;
	default:
		return edges[(random >> 8) % (sizeof(edges) / sizeof(edges[0]))];
	}
}

/* Does [args.a[1], + args.a[0]) touch RAM? Then DBCN would print, or write over the payload. */
static bool console_reaches_ram(void)
{
	uint64_t end = args.a[1] + args.a[0];

	if (args.a[0] == 0 || args.a[2] != 0)
		return false;
	return end < args.a[1] ? false : end > RAM_BASE && args.a[1] < RAM_END;
}

static bool is_left_out(uint64_t eid, uint64_t fid)
{
	switch (eid) {
	case EID_HSM: /* hart_stop; hart_suspend waits, or goes on at any address */
		return fid == 1 || fid == 3;
	case EID_SRST: /* types 0-2 end the VM; the upper ones are the vendor's */
		return (uint32_t)args.a[0] <= 2 || (uint32_t)args.a[0] >= 0xf0000000;
	case EID_SUSP: /* sleeps, and goes on at any address */
		return fid == 0 && (uint32_t)args.a[0] == 0;
	case EID_SSE: /* an unmasked hart runs a handler at any address */
		return fid == 8;
	case EID_FWFT: /* these make the payload's own code or its pages trap */
		return fid == 0 && (uint32_t)args.a[0] >= 1 && (uint32_t)args.a[0] <= 5;
	case EID_DBCN:
		return fid == 2 || console_reaches_ram();
	default:
		return false;
	}
}

static uint64_t call(uint64_t eid, uint64_t fid)
{
	last = sbi_call(eid, fid, args);
	return 0;
}

static void check_answer(uint64_t eid, uint64_t fid, const struct outcome *outcome)
{
	bool legacy = eid < EID_BASE, trap = outcome->cause != NO_TRAP;
	bool fine = trap ? legacy : legacy || (last.error <= 0 && last.error >= ERROR_LAST);

	if (fine)
		return;
	print_line("sxsxsxsxsx", "call ", eid, " ", fid, " ", args.a[0], " ", args.a[1], " ",
		args.a[2]);
	CHECK(outcome->cause, NO_TRAP, "a trap");
	CHECK(last.error, SBI_NOT_SUPPORTED, "the error");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t made = 0, accepted = 0;
	size_t n = guest_is_native() ? N_NATIVE : N_EXTENSIONS;

	(void)hart;
	(void)device_tree;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t eid = extensions[guest_random() % n];
		uint64_t fid = guest_random() & 1 ? guest_random() % 8 : random_argument();
		struct outcome outcome;

		for (unsigned a = 0; a < 6; a++)
			args.a[a] = random_argument();
		if (is_left_out(eid, fid))
			continue;
		outcome = guest_try(call, eid, fid);
		check_answer(eid, fid, &outcome);
		made++;
		accepted += outcome.cause == NO_TRAP && last.error == 0;
	}
	print_line("sxsx", "calls ", made, ", accepted ", accepted);
	CHECK(SBI(EID_BASE, 0).error, 0, "the server still answers");
	CHECK(SBI(EID_HSM, 2, 0).value, 0, "the hart is still started");
	guest_pass();
}
