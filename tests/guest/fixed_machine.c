/* SPDX-License-Identifier: MIT */
/*
 * A payload as teaching kernels are: linked for QEMU's `virt` machine, it never looks at the device tree,
 * talks through the UART at its address, by polling and by interrupt 10 of the PLIC, and knows
 * no SBI calls but the first eight. Everything is done without translation and again under Sv39,
 * where the hart masks of those calls have virtual addresses that are not physical ones.
 */
#include "include/abi/ns16550.h"
#include "tests/guest/paging.h"

#define UART        0x10000000ul
#define UART_SOURCE 10u

#define PRIORITY(source) (PLIC + 4 * (source))
#define ENABLE           (PLIC + 0x2080) /* hart 0, S-mode: context 1 */
#define THRESHOLD        (PLIC + 0x201000)
#define CLAIM            (PLIC + 0x201004)

#define EID_GETCHAR                2
#define EID_CLEAR_IPI              3
#define EID_SEND_IPI               4
#define EID_REMOTE_FENCE_I         5
#define EID_REMOTE_SFENCE_VMA      6
#define EID_REMOTE_SFENCE_VMA_ASID 7

#define DEVICES 0 /* windows, by gigabyte */
#define MASK    5

static uint64_t hart_mask __attribute__((aligned(4096)));

static uint8_t uart_get(unsigned reg)
{
	return *(volatile uint8_t *)(UART + reg);
}

static void uart_set(unsigned reg, unsigned value)
{
	*(volatile uint8_t *)(UART + reg) = (uint8_t)value;
}

static void plic_set(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static uint32_t plic_get(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

/* ---- polling ---- */

static void uart_init(void)
{
	uart_set(NS16550_IER, 0);
	uart_set(NS16550_LCR, NS16550_LCR_DLAB);
	uart_set(NS16550_DLL, 3); /* 38,400 baud, if the clock were a PC's */
	uart_set(NS16550_DLM, 0);
	CHECK(uart_get(NS16550_DLL), 3, "the divisor");
	uart_set(NS16550_LCR, 3); /* eight bits */
	uart_set(NS16550_FCR,
		NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_RECEIVE | NS16550_FCR_CLEAR_TRANSMIT);
}

static bool wait_for(uint8_t bit)
{
	uint64_t start = guest_time();

	while (!(uart_get(NS16550_LSR) & bit))
		if (guest_time() - start > TICKS_PER_SECOND)
			return false;
	return true;
}

static void uart_print(const char *text)
{
	for (; *text; text++) {
		CHECK(wait_for(NS16550_LSR_THRE), true, "room to transmit");
		uart_set(NS16550_THR, (uint8_t)*text);
	}
}

static void check_polling(void)
{
	CHECK(uart_get(NS16550_LSR) & NS16550_LSR_READY, 0, "nothing was typed");
	uart_set(NS16550_MCR, NS16550_MCR_LOOP);
	for (unsigned byte = 1; byte < 256; byte += 50) {
		CHECK(wait_for(NS16550_LSR_THRE), true, "room in loopback");
		uart_set(NS16550_THR, byte);
		CHECK(wait_for(NS16550_LSR_READY), true, "the byte comes back");
		CHECK(uart_get(NS16550_RBR), byte, "as it was sent");
	}
	uart_set(NS16550_MCR, 0);
}

/* ---- by interrupt ---- */

static void take_interrupt(const char *what)
{
	uint64_t before = guest_last_trap.interrupts, start = guest_time();

	csr_set(sie, SIP_SEIP);
	csr_set(sstatus, SSTATUS_SIE);
	while (guest_last_trap.interrupts == before && guest_time() - start < TICKS_PER_SECOND)
		;
	csr_clear(sstatus, SSTATUS_SIE);
	CHECK(guest_last_trap.interrupts, before + 1, what);
	CHECK(guest_last_trap.cause, CAUSE_EXTERNAL, what);
	CHECK(plic_get(CLAIM), UART_SOURCE, what);
}

static uint8_t uart_reason(void)
{
	return uart_get(NS16550_IIR) & (uint8_t)~NS16550_IIR_FIFOS;
}

/* Before the source is complete, its line must have fallen. */
static void finish_interrupt(const char *what)
{
	CHECK(uart_reason(), NS16550_IIR_NONE, what);
	plic_set(CLAIM, UART_SOURCE);
	CHECK(plic_get(CLAIM), 0, what);
	CHECK(csr_read(sip) & SIP_SEIP, 0, what);
}

static void check_interrupts(void)
{
	plic_set(PRIORITY(UART_SOURCE), 1);
	plic_set(ENABLE, 1u << UART_SOURCE);
	plic_set(THRESHOLD, 0);
	CHECK(csr_read(sip) & SIP_SEIP, 0, "no interrupt before it is asked for");

	uart_set(NS16550_IER, NS16550_IER_TRANSMIT);
	take_interrupt("the transmitter is empty");
	CHECK(uart_reason(), NS16550_IIR_TRANSMIT, "the reason");
	finish_interrupt("reading the reason was the answer");
	uart_set(NS16550_IER, 0);

	uart_set(NS16550_MCR, NS16550_MCR_LOOP);
	uart_set(NS16550_IER, NS16550_IER_RECEIVE);
	uart_set(NS16550_THR, '!');
	take_interrupt("a byte was received");
	CHECK(uart_reason(), NS16550_IIR_RECEIVE, "the reason");
	CHECK(uart_get(NS16550_RBR), '!', "the byte");
	finish_interrupt("reading the byte was the answer");
	uart_set(NS16550_IER, 0);
	uart_set(NS16550_MCR, 0);
	plic_set(ENABLE, 0);
}

/* ---- the first SBI calls ---- */

static void check_timer(void)
{
	CHECK(SBI(EID_SET_TIMER, 0, 0).error, 0, "set_timer");
	CHECK(csr_read(sip) & SIP_STIP, SIP_STIP, "a deadline that has passed");
	CHECK(SBI(EID_SET_TIMER, 0, ~0ul).error, 0, "set_timer");
	CHECK(csr_read(sip) & SIP_STIP, 0, "a deadline far away");
}

static void send_ipi(const volatile void *mask, bool expected, const char *what)
{
	CHECK(SBI(EID_SEND_IPI, 0, (uint64_t)mask).error, 0, what);
	CHECK(csr_read(sip) & SIP_SSIP, expected ? SIP_SSIP : 0, what);
	(void)SBI(EID_CLEAR_IPI, 0);
	CHECK(csr_read(sip) & SIP_SSIP, 0, "clear_ipi");
}

/* `mask` is where hart_mask is seen. */
static void check_masks(const volatile void *mask)
{
	uint64_t where = (uint64_t)mask;

	hart_mask = 1;
	send_ipi(mask, true, "send_ipi by a mask");
	send_ipi(NULL, true, "send_ipi to all");
	CHECK(SBI(EID_REMOTE_FENCE_I, 0, where).error, 0, "remote_fence_i");
	CHECK(SBI(EID_REMOTE_SFENCE_VMA, 0, where, 0, ~0ul).error, 0, "remote_sfence_vma");
	CHECK(SBI(EID_REMOTE_SFENCE_VMA, 0, where, RAM_BASE, 4096).error, 0, "remote_sfence_vma");
	CHECK(SBI(EID_REMOTE_SFENCE_VMA_ASID, 0, where, RAM_BASE, 4096, 1).error, 0,
		"remote_sfence_vma_asid");
	hart_mask = 0;
	send_ipi(mask, false, "send_ipi to nobody");
}

static void check_machine(const volatile void *mask, const char *how)
{
	check_polling();
	check_interrupts();
	CHECK(SBI(EID_GETCHAR, 0).error, -1, "nothing was typed");
	check_timer();
	check_masks(mask);
	uart_print(how);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	uart_init();
	check_machine(&hart_mask, "without translation: well\n");
	paging_set_window(DEVICES, PTE(0, PTE_LEAF));
	paging_map_page(MASK, (uint64_t)&hart_mask);
	CHECK(paging_on(SATP_SV39), true, "Sv39");
	check_machine((void *)WINDOW(MASK), "under Sv39: well\n");
	uart_print("PASS " GUEST_NAME "\n");
	(void)SBI(EID_SHUTDOWN, 0);
	uart_print("FAIL " GUEST_NAME ": the shutdown came back\n");
	guest_shutdown(true);
}
