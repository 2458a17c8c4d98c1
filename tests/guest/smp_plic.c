/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller with several harts: an interrupt goes to the contexts
 * that enable it, each with its own threshold; of all that claim it at once one
 * gets it; any may complete it.
 */
#include "tests/guest/smp.h"
#include "tests/guest/virtio.h"

#define CONSOLE  0
#define TRANSMIT 1
#define SOURCE   1 /* of device 0 */
#define ROUNDS   20
#define BIT      (1u << SOURCE)

/* Hart h has context 2h + 1 for S-mode. */
#define PRIORITY     (PLIC + 4 * SOURCE)
#define PENDING      (PLIC + 0x1000)
#define ENABLE(h)    (PLIC + 0x2000 + 0x80 * (2 * (h) + 1))
#define THRESHOLD(h) (PLIC + 0x200000 + 0x1000 * (2 * (h) + 1))
#define CLAIM(h)     (THRESHOLD(h) + 4)

static struct virtio_ring ring;
static struct smp_barrier line;
static unsigned count;
static uint16_t sent;
static bool stop;
static uint64_t claims[SMP_MAX], rival_claims;
static uint64_t sees; /* harts whose sip.SEIP is set, as each says of itself */

static uint32_t get(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static void set(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/* The device's line goes up. */
static void transmit(void)
{
	static char byte = '.';

	ring.desc[0] = (struct virtio_desc){(uint64_t)&byte, 1, 0, 0};
	virtio_offer(CONSOLE, TRANSMIT, &ring, 0);
	CHECK(virtio_wait_used(&ring, ++sent), true, "the console took the byte");
}

/* It stays up until somebody claims it. */
static void raise(void)
{
	transmit();
	SMP_WAIT(get(PENDING) & BIT, "the device's interrupt");
}

static void lower(void)
{
	virtio_set(CONSOLE, VIRTIO_INTERRUPT_ACK, virtio_get(CONSOLE, VIRTIO_INTERRUPT_STATUS));
}

/* Of the calling hart: firmware may have closed it when the hart started. */
static void open_context(uint64_t self)
{
	set(THRESHOLD(self), 0);
	set(ENABLE(self), 0);
}

/* ---- who sees it ---- */

/* The others say all the time what their sip.SEIP is, and may claim in the race below. */
static void watch(void *arg)
{
	uint64_t self = smp_self()->id;

	(void)arg;
	open_context(self);
	smp_barrier(&line);
	while (!smp_load(&stop)) {
		if (csr_read(sip) & SIP_SEIP)
			__atomic_fetch_or(&sees, 1ul << self, __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&sees, ~(1ul << self), __ATOMIC_SEQ_CST);
		smp_relax();
	}
}

static void check_sees(uint64_t harts, const char *why)
{
	uint64_t self = smp_self()->id, others = ~(1ul << self);

	CHECK((csr_read(sip) & SIP_SEIP) != 0, harts >> self & 1, why);
	SMP_WAIT((smp_load(&sees) & others) == (harts & others), "SEIP of another hart");
	smp_delay(SMP_MS);
	CHECK(smp_load(&sees) & others, harts & others, why);
}

static void check_routes(void)
{
	uint64_t all = (1ul << count) - 1;

	raise();
	check_sees(0, "nobody has enabled it");
	for (unsigned hart = 0; hart < count; hart++) {
		set(ENABLE(hart), BIT);
		set(PRIORITY, 3); /* QEMU's own PLIC looks again only now */
		check_sees(1ul << hart, "only one has enabled it");
		set(THRESHOLD(hart), 3);
		check_sees(0, "its threshold holds it back");
		set(THRESHOLD(hart), 0);
		set(ENABLE(hart), 0);
		set(PRIORITY, 3);
	}
	for (unsigned hart = 0; hart < count; hart++)
		set(ENABLE(hart), BIT);
	set(PRIORITY, 3);
	check_sees(all, "all have enabled it");
	set(THRESHOLD(count - 1), 7);
	check_sees(all & ~(1ul << (count - 1)), "one threshold is its own");
	set(THRESHOLD(count - 1), 0);
	check_sees(all, "and it ends");
	/* Claimed through the context of one hart, it is gone for all. */
	CHECK(get(CLAIM(1)), SOURCE, "the claim");
	check_sees(0, "after the claim of another");
	CHECK(get(CLAIM(0)), 0, "a second claim");
	lower();
	set(CLAIM(1), SOURCE);
	check_sees(0, "after the completion");
}

/* ---- who gets it ---- */

static void claim_once(void)
{
	uint64_t self = smp_self()->id;

	smp_barrier(&line);
	uint32_t source = get(CLAIM(self));

	CHECK(source == 0 || source == SOURCE, true, "the source of a claim");
	if (source) {
		smp_add(&rival_claims, 1);
		claims[self]++;
		lower();
		set(CLAIM(self), SOURCE);
	}
	smp_barrier(&line);
}

static void claim_often(void *arg)
{
	(void)arg;
	open_context(smp_self()->id);
	set(ENABLE(smp_self()->id), BIT);
	smp_barrier(&line);
	for (unsigned i = 0; i < ROUNDS; i++)
		claim_once();
}

static void check_race(void)
{
	line = (struct smp_barrier){.n = count};
	smp_start_others(claim_often, NULL);
	smp_barrier(&line);
	for (unsigned i = 0; i < ROUNDS; i++) {
		rival_claims = 0;
		raise();
		claim_once();
		CHECK(smp_load(&rival_claims), 1, "of all who claim at once one gets it");
	}
	smp_join();
}

/* ---- taken as an interrupt, on each hart in turn ---- */

static void take(void *arg)
{
	struct smp_hart *self = smp_self();
	uint64_t before = smp_interrupts(self, CAUSE_EXTERNAL);

	(void)arg;
	open_context(self->id);
	set(ENABLE(self->id), BIT);
	smp_store(&line.arrived, 1);
	csr_write(sie, SIP_SEIP);
	while (smp_interrupts(self, CAUSE_EXTERNAL) == before)
		guest_sleep();
	CHECK(get(CLAIM(self->id)), SOURCE, "the claim in a handler");
	lower();
	set(CLAIM(self->id), SOURCE);
	smp_interrupts_off();
	set(ENABLE(self->id), 0);
}

static void check_taken(uint64_t boot)
{
	for (unsigned hart = 0; hart < count; hart++)
		set(ENABLE(hart), 0);
	for (unsigned hart = 0; hart < count; hart++) {
		if (hart == boot)
			continue;
		line.arrived = 0;
		smp_start(hart, take, NULL);
		SMP_WAIT(smp_load(&line.arrived), "a hart that waits for the device");
		smp_delay(SMP_MS);
		transmit();
		smp_join();
	}
}

void guest_main(uint64_t hart, const void *device_tree)
{
	struct virtio_where where;

	(void)device_tree;
	count = smp_begin(hart);
	CHECK(count > 1, true, "more than one hart");
	virtio_start(CONSOLE, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(CONSOLE, TRANSMIT, &where), true, "the transmit queue");
	virtio_go(CONSOLE);
	set(PRIORITY, 3);
	line = (struct smp_barrier){.n = count};
	open_context(hart);
	smp_start_others(watch, NULL);
	smp_barrier(&line);
	check_routes();
	smp_store(&stop, true);
	smp_join();
	check_race();
	check_taken(hart);
	print_char('\n');
	for (unsigned h = 0; h < count; h++)
		print_line("sdsd", "claims of hart ", (uint64_t)h, ": ", claims[h]);
	guest_pass();
}
