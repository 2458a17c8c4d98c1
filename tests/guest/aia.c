/* SPDX-License-Identifier: MIT */
/*
 * The IMSIC: what a file's registers hold, in which order it gives its
 * interrupts, MSIs from every hart to every other with none lost, and those that
 * wake a hart. It is the same machine with guest interrupt files of the hardware
 * and without.
 */
#include "tests/guest/aia.h"

#define FIRST_ID 2 /* of what hart h sends: this plus h */
#define WAKE_ID  200
#define REPLY_ID 201

static unsigned count, rounds;
static struct smp_barrier line;

/* ---- the registers of one file ---- */

static uint64_t read_sireg(uint64_t select, uint64_t unused)
{
	(void)unused;
	return aia_get(select);
}

static uint64_t claim(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	return aia_claim();
}

static void check_registers(void)
{
	static const uint16_t illegal[] = {
		0x00, 0x2f, 0x31, 0x3f, 0x40, 0x6f, 0x81, 0xbf, 0xc1, 0xff, 0x100, 0x800};
	static const uint16_t zero[] = {0x30, 0x3e, 0xbe, 0xfe};

	aia_open();
	CHECK(aia_get(EIDELIVERY), 1, "eidelivery");
	aia_set(EITHRESHOLD, 77);
	CHECK(aia_get(EITHRESHOLD), 77, "eithreshold");
	aia_set(EITHRESHOLD, 0);
	for (unsigned id = 0; id <= IMSIC_IDS; id += 64) {
		uint64_t all = id ? ~0ul : ~1ul;

		aia_set(EIE(id), ~0ul);
		CHECK(aia_get(EIE(id)), all, "eie, all set");
		aia_clear_bits(EIE(id), 0xff00);
		CHECK(aia_get(EIE(id)), all & ~0xff00ul, "eie, some cleared");
		aia_set_bits(EIE(id), 0x100);
		CHECK(aia_get(EIE(id)), all & ~0xfe00ul, "eie, one set");
		aia_set(EIE(id), 0);
		aia_set(EIP(id), 0x5500);
		CHECK(aia_get(EIP(id)), 0x5500, "eip");
		aia_set(EIP(id), 0);
	}
	for (unsigned i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		CHECK(aia_get(zero[i]), 0, "a register that is zero");
	for (unsigned i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
		CHECK(smp_try(read_sireg, illegal[i], 0).cause, CAUSE_ILLEGAL, "no register");
	CHECK(smp_try(claim, 0, 0).cause, NO_TRAP, "a claim of nothing");
}

/* ---- order, threshold, delivery ---- */

static void check_seip(bool want, const char *why)
{
	CHECK((csr_read(sip) & SIP_SEIP) != 0, want, why);
	csr_write(sie, SIP_SEIP);
	CHECK(csr_number("csrrs", stopi) >> 16, want ? STOPI_EXTERNAL : 0, why);
	csr_write(sie, 0ul);
}

static void send_here(unsigned id)
{
	aia_send(smp_self()->id, id);
	SMP_WAIT(aia_pending(id), "an MSI to oneself");
}

static void check_order(void)
{
	aia_open();
	send_here(200);
	send_here(7);
	send_here(64);
	check_seip(false, "none is enabled");
	CHECK(aia_claim(), 0, "none is enabled");
	aia_enable(200);
	CHECK(aia_top(), 200, "only one is enabled");
	aia_enable(64);
	aia_enable(7);
	check_seip(true, "enabled and pending");
	aia_set(EIDELIVERY, 0);
	check_seip(false, "without delivery");
	CHECK(aia_top(), 7, "without delivery it is on top all the same");
	aia_set(EIDELIVERY, 1);
	aia_set(EITHRESHOLD, 7);
	CHECK(aia_top(), 0, "the threshold is too low");
	check_seip(false, "the threshold is too low");
	aia_set(EITHRESHOLD, 8);
	CHECK(aia_top(), 7, "the threshold lets one through");
	check_seip(true, "the threshold lets one through");
	CHECK(aia_claim(), 7, "the first");
	CHECK(aia_pending(7), false, "a claim takes it");
	CHECK(aia_claim(), 0, "the threshold holds the others back");
	aia_set(EITHRESHOLD, 0);
	CHECK(aia_claim(), 64, "the second");
	CHECK(aia_claim(), 200, "the third");
	CHECK(aia_claim(), 0, "and no more");
	check_seip(false, "all are claimed");
}

/* What is no identity, or no store to a register of the page. */
static void check_page(void)
{
	uint64_t page = IMSIC(smp_self()->id);

	aia_open();
	aia_send(smp_self()->id, 0);
	aia_send(smp_self()->id, 0xffffffff);
	*(volatile uint32_t *)(page + 8) = 5;
	CHECK(*(volatile uint32_t *)page, 0, "the page reads as 0");
	for (unsigned id = 0; id <= IMSIC_IDS; id += 64)
		CHECK(aia_get(EIP(id)), 0, "nothing is pending");
}

/* ---- from every hart to every other ---- */

static uint32_t mail[SMP_MAX][SMP_MAX]; /* [to][from]: 1: sent, and not yet claimed */
static uint64_t claims[SMP_MAX];

static void claim_all(uint64_t self)
{
	for (uint64_t id; (id = aia_claim()) != 0;) {
		CHECK(id >= FIRST_ID && id < FIRST_ID + count, true, "the identity of a sender");
		CHECK(smp_load(&mail[self][id - FIRST_ID]), 1, "it was sent");
		smp_store(&mail[self][id - FIRST_ID], 0);
		claims[self]++;
	}
}

static bool all_claimed(uint64_t self)
{
	claim_all(self);
	for (unsigned to = 0; to < count; to++)
		if (smp_load(&mail[to][self]))
			return false;
	return true;
}

static void exchange(void *arg)
{
	uint64_t self = smp_self()->id;

	(void)arg;
	aia_open();
	for (unsigned from = 0; from < count; from++)
		aia_enable(FIRST_ID + from);
	smp_barrier(&line);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned to = 0; to < count; to++) {
			smp_store(&mail[to][self], 1);
			aia_send(to, FIRST_ID + (uint32_t)self);
		}
		SMP_WAIT(all_claimed(self), "an MSI that was sent");
	}
	SMP_WAIT((claim_all(self), claims[self] == rounds * count), "the MSIs of the others");
}

static void check_all_to_all(void)
{
	line = (struct smp_barrier){.n = count};
	smp_start_others(exchange, NULL);
	exchange(NULL);
	smp_join();
	for (unsigned hart = 0; hart < count; hart++)
		CHECK(claims[hart], rounds * count, "the MSIs of a hart");
}

/* ---- one that wakes ---- */

static void answer(void *arg)
{
	uint64_t master = (uint64_t)arg;

	aia_open();
	aia_enable(WAKE_ID);
	smp_add(&line.arrived, 1);
	for (unsigned i = 0; i < rounds / 4; i++) {
		CHECK(aia_wait(), WAKE_ID, "what woke it");
		aia_send(master, REPLY_ID);
	}
}

static void check_wakes(void)
{
	line = (struct smp_barrier){0};
	aia_open();
	aia_enable(REPLY_ID);
	smp_start_others(answer, (void *)smp_self()->id);
	SMP_WAIT(smp_load(&line.arrived) == count - 1, "the others");
	for (unsigned i = 0; i < rounds / 4; i++) {
		for (unsigned hart = 0; hart < count; hart++) {
			if (hart == smp_self()->id)
				continue;
			/* Sometimes it sleeps already, sometimes it does not. */
			smp_delay(i % 3 * (SMP_MS / 4));
			aia_send(hart, WAKE_ID);
			CHECK(aia_wait(), REPLY_ID, "the answer");
		}
	}
	smp_join();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	count = smp_begin(hart);
	rounds = (unsigned)guest_option(device_tree, "rounds=", 100);
	CHECK(count > 1, true, "more than one hart");
	check_registers();
	check_order();
	check_page();
	check_all_to_all();
	check_wakes();
	guest_pass();
}
