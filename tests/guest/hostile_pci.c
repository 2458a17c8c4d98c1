/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs write anything anywhere into the configuration spaces and the window of the PCI bridge: BARs on top of each other
 * and of nothing, capabilities, MSI-X tables with addresses all over, queues of garbage. Then, set up as it should
 * be, the bridge has what it had, and a function works.
 */
#include "tests/guest/smp.h"

#define ECAM      0x30000000ul
#define ECAM_SIZE 0x100000ul
#define WINDOW    0x40000000ul
#define SLOT(i)   (ECAM + (i)*0x8000ul)
#define BAR_SIZE  0x8000ul
#define DEVICES   4

#define VENDOR            0x1af4u
#define COMMAND           4
#define BAR0              0x10
#define MEMORY_AND_MASTER 6

#define NUM_QUEUES 0x12 /* of the common configuration */
#define STATUS     0x14

static bool stop;
static uint64_t accesses;

/* The same address in all widths; unaligned ones are none. */
static void write_any(uint64_t at, uint64_t value)
{
	switch (smp_random() % 4) {
	case 0:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 1:
		*(volatile uint16_t *)(at & ~1ul) = (uint16_t)value;
		break;
	case 2:
		*(volatile uint32_t *)(at & ~3ul) = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)(at & ~7ul) = value;
		break;
	}
}

static uint64_t any_value(void)
{
	static const uint64_t values[] = {0, ~0ul, WINDOW, WINDOW + BAR_SIZE, RAM_BASE,
		RAM_END - 4096, ECAM, PLIC, 0x28000000, 0x28001000, MEMORY_AND_MASTER, 1, 15,
		0x80008000c000ul};
	uint64_t random = smp_random();

	return random % 2 ? values[random / 2 % (sizeof(values) / sizeof(values[0]))]
			  : random >> random % 64;
}

static uint64_t any_address(void)
{
	uint64_t random = smp_random();

	switch (random % 8) {
	case 0:
		return ECAM + random / 8 % ECAM_SIZE;
	case 1:
		return WINDOW + random / 8 % 0x40000000ul;
	case 2:
	case 3: /* a header or a capability */
		return SLOT(random / 8 % (DEVICES + 2)) + random / 64 % 256;
	default: /* where BARs are at times */
		return WINDOW + random / 8 % ((DEVICES + 2) * BAR_SIZE);
	}
}

/* Now and then, so that what is written to BARs hits something. */
static void set_up(unsigned slot)
{
	*(volatile uint32_t *)(SLOT(slot) + BAR0) = (uint32_t)(WINDOW + slot * BAR_SIZE);
	*(volatile uint16_t *)(SLOT(slot) + COMMAND) = MEMORY_AND_MASTER;
}

static void trouble(void *arg)
{
	(void)arg;
	while (!smp_load(&stop)) {
		uint64_t at = any_address();

		if (smp_random() % 4)
			write_any(at, any_value());
		else
			(void)*(volatile uint32_t *)(at & ~3ul);
		if (smp_random() % 16 == 0)
			set_up(1 + (unsigned)(smp_random() % DEVICES));
		smp_add(&accesses, 1);
	}
}

static void check_function(unsigned slot)
{
	uint64_t bar = WINDOW + slot * BAR_SIZE;

	CHECK(*(volatile uint16_t *)SLOT(slot), VENDOR, "the vendor of a function");
	*(volatile uint32_t *)(SLOT(slot) + BAR0) = 0xffffffff;
	CHECK(*(volatile uint32_t *)(SLOT(slot) + BAR0) & ~15u, -BAR_SIZE & 0xffffffff,
		"the size of its BAR");
	set_up(slot);
	*(volatile uint8_t *)(bar + STATUS) = 0;
	CHECK(*(volatile uint8_t *)(bar + STATUS), 0, "its status after a reset");
	CHECK(*(volatile uint16_t *)(bar + NUM_QUEUES) > 0, true, "its queues");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t ticks = guest_option(device_tree, "seconds=", 2) * TICKS_PER_SECOND;

	CHECK(smp_begin(hart) > 1, true, "more than one hart");
	for (unsigned slot = 1; slot <= DEVICES; slot++)
		check_function(slot);
	smp_start_others(trouble, NULL);
	for (uint64_t from = guest_time(); guest_time() - from < ticks;) {
		write_any(any_address(), any_value());
		set_up(1 + (unsigned)(smp_random() % DEVICES));
	}
	smp_store(&stop, true);
	smp_join();
	for (unsigned slot = 1; slot <= DEVICES; slot++)
		*(volatile uint16_t *)(SLOT(slot) + COMMAND) = 0;
	for (unsigned slot = 1; slot <= DEVICES; slot++)
		check_function(slot);
	CHECK(*(volatile uint32_t *)SLOT(DEVICES + 1), 0xffffffff, "where no function is");
	print_line("sd", "accesses ", accesses);
	CHECK(accesses > 1000, true, "accesses");
	guest_pass();
}
