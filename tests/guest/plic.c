/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: its registers, and one interrupt of the console from
 * the device's line to claim and completion, twice, because the line is a level.
 */
#include "tests/guest/virtio.h"

#define CONSOLE  0
#define TRANSMIT 1
#define SOURCE   1 /* of device 0 */

#define PRIORITY(source) (PLIC + 4 * (source))
#define PENDING          (PLIC + 0x1000)
#define ENABLE           (PLIC + 0x2080) /* hart 0, S-mode: context 1 */
#define THRESHOLD        (PLIC + 0x201000)
#define CLAIM            (PLIC + 0x201004)

static struct virtio_ring ring;

static uint32_t get(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static void set(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static void check_priorities(void)
{
	for (unsigned source = 1; source < 96; source++) {
		set(PRIORITY(source), source % 8);
		CHECK(get(PRIORITY(source)), source % 8, "a priority");
	}
	for (unsigned source = 1; source < 96; source++)
		CHECK(get(PRIORITY(source)), source % 8, "a priority after its neighbours");
	for (unsigned source = 1; source < 96; source++)
		set(PRIORITY(source), 0);
}

static void check_enables(void)
{
	static const uint32_t patterns[] = {0xffffffff, 0x55555555, 0xaaaaaaaa, 0};
	/* It does not exist, but QEMU's own PLIC keeps the bit. */
	uint32_t source_0 = guest_is_native() ? 0 : 1;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		set(ENABLE, patterns[i]);
		CHECK(get(ENABLE), patterns[i] & ~source_0, "enables 0-31");
		set(ENABLE + 4, patterns[i]);
		CHECK(get(ENABLE + 4), patterns[i], "enables 32-63");
	}
}

static void check_threshold(void)
{
	for (uint32_t threshold = 0; threshold < 8; threshold++) {
		set(THRESHOLD, threshold);
		CHECK(get(THRESHOLD), threshold, "the threshold");
	}
	set(THRESHOLD, 0);
}

static void check_nothing_pending(void)
{
	CHECK(get(PENDING), 0, "pending without an interrupt");
	CHECK(get(CLAIM), 0, "a claim without an interrupt");
	set(CLAIM, SOURCE);
	set(CLAIM, 0xffffffff);
	CHECK(csr_read(sip) & SIP_SEIP, 0, "SEIP without an interrupt");
}

static void transmit(char c, uint16_t n)
{
	static char byte;

	byte = c;
	ring.desc[0] = (struct virtio_desc){(uint64_t)&byte, 1, 0, 0};
	virtio_offer(CONSOLE, TRANSMIT, &ring, 0);
	CHECK(virtio_wait_used(&ring, n), true, "the console took the byte");
}

static bool wait_pending(void)
{
	uint64_t start = guest_time();

	while ((get(PENDING) & 1u << SOURCE) == 0)
		if (guest_time() - start > 1000000)
			return false;
	return true;
}

/* With the interrupt pending: who lets it through, and who does not. */
static void check_gates(void)
{
	CHECK(csr_read(sip) & SIP_SEIP, 0, "priority 0 means never");
	set(PRIORITY(SOURCE), 3);
	CHECK(csr_read(sip) & SIP_SEIP, 0, "not enabled");
	set(ENABLE, 1u << SOURCE);
	if (guest_is_native()) /* QEMU's own PLIC looks again only with the next priority */
		set(PRIORITY(SOURCE), 3);
	CHECK(csr_read(sip) & SIP_SEIP, SIP_SEIP, "enabled");
	set(THRESHOLD, 3);
	CHECK(csr_read(sip) & SIP_SEIP, 0, "priority not above the threshold");
	set(THRESHOLD, 2);
	CHECK(csr_read(sip) & SIP_SEIP, SIP_SEIP, "priority above the threshold");
	set(THRESHOLD, 0);
}

static void take_interrupt(void)
{
	uint64_t before = guest_last_trap.interrupts;

	csr_set(sie, SIP_SEIP);
	while (guest_last_trap.interrupts == before)
		guest_sleep();
	CHECK(guest_last_trap.cause, CAUSE_EXTERNAL, "scause");
}

static void check_claim(void)
{
	CHECK(get(CLAIM), SOURCE, "the claim");
	CHECK(get(CLAIM), 0, "a second claim");
	CHECK(get(PENDING) & 1u << SOURCE, 0, "pending after the claim");
	CHECK(csr_read(sip) & SIP_SEIP, 0, "SEIP after the claim");
	/* Completed with the line still high: it is pending again, but not in QEMU's own PLIC. */
	if (!guest_is_native()) {
		set(CLAIM, SOURCE);
		CHECK(get(PENDING) & 1u << SOURCE, 1u << SOURCE, "pending again: a level");
		CHECK(get(CLAIM), SOURCE, "the claim of the level");
	}
	virtio_set(CONSOLE, VIRTIO_INTERRUPT_ACK, virtio_get(CONSOLE, VIRTIO_INTERRUPT_STATUS));
	set(CLAIM, SOURCE);
	CHECK(get(PENDING) & 1u << SOURCE, 0, "pending after the device was served");
	CHECK(csr_read(sip) & SIP_SEIP, 0, "SEIP after the device was served");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	struct virtio_where where;

	(void)hart;
	(void)device_tree;
	check_priorities();
	check_enables();
	check_threshold();
	check_nothing_pending();
	virtio_start(CONSOLE, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(CONSOLE, TRANSMIT, &where), true, "the transmit queue");
	virtio_go(CONSOLE);
	for (uint16_t n = 1; n <= 2; n++) {
		transmit(n == 1 ? '.' : '\n', n);
		CHECK(wait_pending(), true, "the device's interrupt");
		check_gates();
		take_interrupt();
		check_claim();
		set(ENABLE, 0);
		set(PRIORITY(SOURCE), 0);
	}
	guest_pass();
}
