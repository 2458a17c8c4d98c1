/* SPDX-License-Identifier: MIT */
/* The SBI server: probes, answers to what is wrong, the debug console and its addresses. */
#include "tests/guest/guest.h"

#define UNKNOWN_EID 0x0badc0de
#define NO_HART     99
#define ALL_HARTS   (~0ul)

static bool native;

static long error_of(struct sbi_result result)
{
	return result.error;
}

static void check_probes(void)
{
	static const uint64_t known[] = {EID_SET_TIMER, EID_PUTCHAR, 2, 3, 4, 5, 6, 7, EID_SHUTDOWN,
		EID_BASE, EID_TIME, EID_IPI, EID_RFENCE, EID_HSM, EID_SRST, EID_DBCN};
	static const uint64_t unknown[] = {9, 0xf, 0x11, UNKNOWN_EID, ~0ul, EID_DBCN | 1ul << 32};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct sbi_result probe = SBI(EID_BASE, 3, known[i]);

		print_line("sxsx", "probe ", known[i], ": ", probe.value);
		CHECK(probe.error, 0, "probe");
		CHECK(probe.value != 0, true, "a served extension is probed as absent");
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct sbi_result probe = SBI(EID_BASE, 3, unknown[i]);

		CHECK(probe.error, 0, "probe");
		CHECK(probe.value, 0, "an unknown extension is probed as present");
		CHECK(error_of(SBI(unknown[i], 0)), SBI_NOT_SUPPORTED, "an unknown extension");
	}
}

static void check_base(void)
{
	for (uint64_t fid = 0; fid <= 6; fid++)
		CHECK(error_of(SBI(EID_BASE, fid)), 0, "base");
	static const uint64_t eids[] = {
		EID_BASE, EID_TIME, EID_IPI, EID_RFENCE, EID_HSM, EID_SRST, EID_DBCN};
	for (size_t i = 0; i < sizeof(eids) / sizeof(eids[0]); i++) {
		CHECK(error_of(SBI(eids[i], 77)), SBI_NOT_SUPPORTED, "an unknown function");
		CHECK(error_of(SBI(eids[i], ~0ul)), SBI_NOT_SUPPORTED, "function -1");
	}
}

static void check_ipi_with(uint64_t eid, uint64_t mask, uint64_t base)
{
	csr_clear(sip, SIP_SSIP);
	CHECK(error_of(SBI(eid, 0, mask, base)), 0, "send_ipi");
	CHECK(csr_read(sip) & SIP_SSIP, SIP_SSIP, "an IPI to oneself");
	csr_clear(sip, SIP_SSIP);
	CHECK(csr_read(sip) & SIP_SSIP, 0, "SSIP can be cleared");
}

static void check_ipi(void)
{
	static uint64_t mask = 1;

	check_ipi_with(EID_IPI, 1, 0);
	check_ipi_with(EID_IPI, 0, ALL_HARTS);
	check_ipi_with(4, (uint64_t)&mask, 0); /* legacy: a virtual address of the mask */
	CHECK(error_of(SBI(EID_IPI, 0, 1, NO_HART)), SBI_INVALID_PARAM, "send_ipi to no hart");
	CHECK(csr_read(sip) & SIP_SSIP, 0, "an IPI to no hart");
	if (native)
		return;
	CHECK(error_of(SBI(EID_IPI, 0, 3, 0)), SBI_INVALID_PARAM, "send_ipi to one hart too many");
	CHECK(error_of(SBI(EID_IPI, 0, 2, ~1ul)), SBI_INVALID_PARAM, "send_ipi past the last hart");
	/* The legacy clear_ipi. */
	CHECK(error_of(SBI(EID_IPI, 0, 1, 0)), 0, "send_ipi");
	(void)SBI(3, 0);
	CHECK(csr_read(sip) & SIP_SSIP, 0, "clear_ipi");
}

static void check_fences(void)
{
	static uint64_t mask = 1;

	CHECK(error_of(SBI(EID_RFENCE, 0, 1, 0)), 0, "remote_fence_i");
	CHECK(error_of(SBI(EID_RFENCE, 1, 1, 0, 0, 0)), 0, "remote_sfence_vma");
	CHECK(error_of(SBI(EID_RFENCE, 1, 1, 0, 0x1000, ~0ul)), 0, "remote_sfence_vma of all");
	CHECK(error_of(SBI(EID_RFENCE, 1, 0, ALL_HARTS, 0x1000, 0x3000)), 0, "remote_sfence_vma");
	CHECK(error_of(SBI(EID_RFENCE, 2, 1, 0, 0x1000, 0x1000, 5)), 0, "remote_sfence_vma_asid");
	CHECK(error_of(SBI(EID_RFENCE, 0, 1, NO_HART)), SBI_INVALID_PARAM, "a fence of no hart");
	CHECK(error_of(SBI(5, 0, (uint64_t)&mask)), 0, "legacy remote_fence_i");
	CHECK(error_of(SBI(6, 0, (uint64_t)&mask, 0, 0x1000)), 0, "legacy remote_sfence_vma");
	CHECK(error_of(SBI(7, 0, (uint64_t)&mask, 0, 0x1000, 1)), 0, "legacy ..._asid");
	for (uint64_t fid = 3; !native && fid <= 6; fid++)
		CHECK(error_of(SBI(EID_RFENCE, fid, 1, 0, 0, 0)), SBI_NOT_SUPPORTED,
			"hfence without the H extension");
}

static void check_harts(uint64_t hart)
{
	struct sbi_result status = SBI(EID_HSM, 2, hart);

	CHECK(status.error, 0, "hart_get_status");
	CHECK(status.value, 0, "this hart is started");
	CHECK(error_of(SBI(EID_HSM, 2, NO_HART)), SBI_INVALID_PARAM, "the status of no hart");
	CHECK(error_of(SBI(EID_HSM, 0, hart, (uint64_t)guest_main, 0)), SBI_ALREADY_AVAIL,
		"hart_start");
	CHECK(error_of(SBI(EID_HSM, 0, NO_HART, (uint64_t)guest_main, 0)), SBI_INVALID_PARAM,
		"hart_start of no hart");
	CHECK(error_of(SBI(EID_HSM, 3, 0x1234, 0, 0)) < 0, true, "hart_suspend of a reserved type");
	/* Retentive suspend with an interrupt pending comes straight back. */
	csr_set(sie, SIP_SSIP);
	csr_set(sip, SIP_SSIP);
	CHECK(error_of(SBI(EID_HSM, 3, 0, 0, 0)), 0, "hart_suspend");
	csr_clear(sip, SIP_SSIP);
	csr_clear(sie, SIP_SSIP);
	CHECK(error_of(SBI(EID_SRST, 0, 0x77, 0)), SBI_INVALID_PARAM, "a reserved reset type");
}

/* The error of a non-retentive suspend; 0: it went on where it was told to, with its own stack in a1. */
long suspend_nonretentive(void);
__asm__(".text\n"
	"suspend_nonretentive:\n"
	"	addi	sp, sp, -224\n"
	"	.irp	n, 1, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27\n"
	"	sd	x\\n, 8*(\\n - 1)(sp)\n"
	"	.endr\n"
	"	lui	a0, 0x80000\n"
	"	la	a1, 1f\n"
	"	mv	a2, sp\n"
	"	li	a6, 3\n"
	"	li	a7, 0x48534d\n"
	"	ecall\n"
	"	j	2f\n"
	"1:	mv	sp, a1\n" /* a0 is the hart ID, and this hart is 0 */
	"	.irp	n, 1, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27\n"
	"	ld	x\\n, 8*(\\n - 1)(sp)\n"
	"	.endr\n"
	"2:	addi	sp, sp, 224\n"
	"	ret\n");

/* Whatever the guest left in its CSRs is gone, as it must be when a kernel starts after another one. */
static void check_nonretentive_suspend(void)
{
	uint64_t vector = csr_read(stvec);

	csr_set(sie, SIP_SSIP);
	csr_set(sip, SIP_SSIP);
	csr_set(sstatus, SSTATUS_FS);
	csr_write(sscratch, ~0ul);
	csr_write(0x10a, 1ul); /* senvcfg, whose name the assembler may not know */
	csr_write(scounteren, 0ul);
	long error = suspend_nonretentive();

	csr_write(stvec, vector);
	CHECK(error, 0, "hart_suspend, non-retentive");
	CHECK(csr_read(sie), 0, "sie after it");
	CHECK(csr_read(sip) & SIP_SSIP, SIP_SSIP, "what wakes it stays pending");
	CHECK(csr_read(sstatus) & (SSTATUS_SIE | SSTATUS_FS), 0, "sstatus after it");
	CHECK(csr_read(sscratch), 0, "sscratch after it");
	CHECK(csr_read(0x10a), 0, "senvcfg after it");
	CHECK(csr_read(scounteren), 7, "scounteren after it");
	csr_clear(sip, SIP_SSIP);
}

static struct sbi_result debug_write(uint64_t len, uint64_t low, uint64_t high)
{
	return SBI(EID_DBCN, 0, len, low, high);
}

static void check_debug_console(void)
{
	static const char text[] = "written by DBCN\n";
	static char buffer[16];
	struct sbi_result result = debug_write(sizeof(text) - 1, (uint64_t)text, 0);

	CHECK(result.error, 0, "console_write");
	CHECK(result.value > 0, true, "bytes written");
	CHECK(error_of(SBI(EID_DBCN, 2, '\n')), 0, "console_write_byte");
	result = SBI(EID_DBCN, 1, sizeof(buffer), (uint64_t)buffer, 0);
	CHECK(result.error, 0, "console_read");
	CHECK((uint64_t)result.value <= sizeof(buffer), true, "bytes read");
	CHECK(error_of(debug_write(0, (uint64_t)text, 0)), 0, "console_write of nothing");
}

/* Firmware alone would read what it is told to, and stop. */
static void check_debug_console_addresses(void)
{
	static const struct {
		uint64_t len, low, high;
	} wrong[] = {
		{1, 0, 0},
		{1, RAM_BASE - 1, 0},
		{2, RAM_BASE - 1, 0},
		{1, RAM_END, 0},
		{2, RAM_END - 1, 0},
		{RAM_SIZE + 1, RAM_BASE, 0},
		{~0ul, RAM_BASE, 0},
		{~0ul, RAM_BASE + 8, 0},
		{1, ~0ul, 0},
		{1, RAM_BASE, 1},
		{1, RAM_BASE, ~0ul},
		{8, VIRTIO(0), 0},
		{8, PLIC, 0},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (uint64_t fid = 0; fid <= 1; fid++) {
			struct sbi_result result =
				SBI(EID_DBCN, fid, wrong[i].len, wrong[i].low, wrong[i].high);

			CHECK(result.error, SBI_INVALID_PARAM, "DBCN outside of RAM");
		}
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	native = guest_is_native();
	check_base();
	if (!native)
		check_probes();
	check_ipi();
	check_fences();
	check_harts(hart);
	if (!native)
		check_nonretentive_suspend();
	check_debug_console();
	if (!native)
		check_debug_console_addresses();
	guest_pass();
}
