/* SPDX-License-Identifier: MIT */
/*
 * IPIs between all harts at once, none lost; masks that begin at any hart; the
 * legacy call with its mask at a virtual address. Only those that are named get one.
 */
#include "tests/guest/paging.h"
#include "tests/guest/smp.h"

#define ROUNDS       50
#define ROUNDS_CROWD 3 /* with many harts */
#define ALL          (~0ul)
#define LEGACY_IPI   4
#define SLOT         3 /* window for the mask */
#define SETTLE       (2 * SMP_MS)

static unsigned count, rounds;
static bool native, stop;
static struct smp_barrier line;
static uint32_t mail[SMP_MAX][SMP_MAX]; /* [to][from]: 1: sent, and not yet seen */
static uint64_t seen[SMP_MAX];
static uint64_t mask_page[512] __attribute__((aligned(4096)));

void smp_on_ipi(struct smp_hart *self)
{
	for (unsigned from = 0; from < count; from++)
		if (__atomic_exchange_n(&mail[self->id][from], 0, __ATOMIC_SEQ_CST))
			smp_add(&seen[self->id], 1);
}

static void send_to_all(uint64_t self)
{
	for (unsigned to = 0; to < count; to++) {
		__atomic_store_n(&mail[to][self], 1, __ATOMIC_SEQ_CST);
		smp_send_ipi(to);
	}
	for (unsigned to = 0; to < count; to++)
		SMP_WAIT(!smp_load(&mail[to][self]), "an IPI that was sent");
}

static void exchange(void *arg)
{
	uint64_t self = smp_self()->id;

	(void)arg;
	smp_interrupts_on(SIP_SSIP);
	smp_barrier(&line);
	for (unsigned i = 0; i < rounds; i++)
		send_to_all(self);
	smp_barrier(&line);
	smp_interrupts_off();
}

static void check_all_to_all(void)
{
	line = (struct smp_barrier){.n = count};
	rounds = count > 8 ? ROUNDS_CROWD : ROUNDS;
	smp_start_others(exchange, NULL);
	exchange(NULL);
	smp_join();
	for (unsigned hart = 0; hart < count; hart++)
		CHECK(seen[hart], rounds * count, "the IPIs of a hart");
}

/* ---- masks ---- */

/* The others wait in wfi and only count. */
static void listen(void *arg)
{
	(void)arg;
	smp_add(&line.arrived, 1);
	csr_write(sie, SIP_SSIP);
	while (!smp_load(&stop))
		guest_sleep();
	smp_interrupts_off();
}

static uint64_t all_harts(void)
{
	return count == 64 ? ALL : (1ul << count) - 1;
}

/* After a call that should have reached exactly `harts`. */
static void check_reached(uint64_t harts, const uint64_t *before, const char *how)
{
	for (unsigned hart = 0; hart < count; hart++)
		if (harts >> hart & 1)
			SMP_WAIT(smp_interrupts(&smp_harts[hart], CAUSE_SOFTWARE) != before[hart],
				"an IPI by mask");
	smp_delay(SETTLE);
	for (unsigned hart = 0; hart < count; hart++)
		CHECK(smp_interrupts(&smp_harts[hart], CAUSE_SOFTWARE) - before[hart],
			harts >> hart & 1, how);
}

static void remember(uint64_t *before)
{
	for (unsigned hart = 0; hart < count; hart++)
		before[hart] = smp_interrupts(&smp_harts[hart], CAUSE_SOFTWARE);
}

static void try_mask(uint64_t mask, uint64_t base, long error, uint64_t harts)
{
	uint64_t before[SMP_MAX];

	remember(before);
	CHECK(SBI(EID_IPI, 0, mask, base).error, error, "the answer of send_ipi");
	check_reached(harts, before, "IPIs by mask and base");
}

static void check_masks(void)
{
	uint64_t all = all_harts(), top = count - 1;

	try_mask(0, ALL, 0, all);
	try_mask(5, ALL, 0, all); /* with the base -1 the mask is ignored */
	try_mask(all, 0, 0, all);
	try_mask(0, 0, 0, 0);
	try_mask(all >> 1, 1, 0, all & ~1ul);
	try_mask(1, top, 0, 1ul << top);
	try_mask(1ul << top, 0, 0, 1ul << top);
	try_mask(2, top - 1, 0, 1ul << top);
	try_mask(1, 99, SBI_INVALID_PARAM, 0);
	if (native) /* firmware passes over harts that are not there */
		return;
	try_mask(1, count, SBI_INVALID_PARAM, 0);
	try_mask(3, top, SBI_INVALID_PARAM, 0);
	try_mask(1, ALL - 1, SBI_INVALID_PARAM, 0);
	try_mask(2, ALL - 1, SBI_INVALID_PARAM, 0);
	if (count < 64)
		try_mask(ALL, 0, SBI_INVALID_PARAM, 0);
}

static void try_legacy(uint64_t address, uint64_t harts)
{
	uint64_t before[SMP_MAX];

	remember(before);
	CHECK(SBI(LEGACY_IPI, 0, address).error, 0, "the answer of legacy send_ipi");
	check_reached(harts, before, "IPIs by a mask in memory");
}

static void check_legacy(void)
{
	try_legacy(0, all_harts());
	mask_page[0] = 2;
	try_legacy((uint64_t)mask_page, 2);
	CHECK(paging_on(SATP_SV39), true, "Sv39");
	paging_map_page(SLOT, (uint64_t)mask_page);
	try_legacy(WINDOW(SLOT), 2);
	mask_page[511] = 1ul << (count - 1);
	try_legacy(WINDOW(SLOT) + 4088, 1ul << (count - 1));
	if (!native) {
		CHECK(SBI(LEGACY_IPI, 0, WINDOW(SLOT) + 4096).error < 0, true, "an unmapped mask");
		CHECK(SBI(LEGACY_IPI, 0, 1ul << 45).error < 0, true, "a mask at no address");
	}
	paging_off();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	native = guest_is_native();
	count = smp_begin(hart);
	print_line("sd", "harts: ", (uint64_t)count);
	CHECK(count > 1, true, "more than one hart");
	check_all_to_all();
	line = (struct smp_barrier){.n = count};
	smp_start_others(listen, NULL);
	SMP_WAIT(smp_load(&line.arrived) == count - 1, "the listeners");
	smp_delay(SETTLE);
	smp_interrupts_on(SIP_SSIP);
	check_masks();
	check_legacy();
	smp_store(&stop, true);
	CHECK(SBI(EID_IPI, 0, 0, ALL).error, 0, "send_ipi");
	smp_join();
	guest_pass();
}
