/* SPDX-License-Identifier: MIT */
/*
 * A device's way to a hart: its line, the APLIC, an MSI to the target that was
 * chosen, once for each time that is asked for while the line is up; and the
 * MSI that the APLIC sends on its own.
 */
#include "tests/guest/aia.h"
#include "tests/guest/virtio.h"

#define CONSOLE  0
#define TRANSMIT 1
#define SOURCE   1 /* of device 0 */
#define LEVEL1   6
#define EDGE1    4

#define DOMAINCFG      0x0000
#define SOURCECFG(s)   (0x0000 + 4 * (s))
#define SETIP          0x1c00
#define IN_CLRIP       0x1d00 /* the lines */
#define SETIE          0x1e00
#define SETIENUM       0x1edc
#define CLRIENUM       0x1fdc
#define SETIPNUM_LE    0x2000
#define GENMSI         0x3000
#define TARGET(s)      (0x3000 + 4 * (s))
#define MESSAGE(h, id) ((uint32_t)((h) << 18 | (id)))

static unsigned count;
static struct virtio_ring ring;
static uint16_t sent;

static uint32_t get(unsigned offset)
{
	return *(volatile uint32_t *)(APLIC + offset);
}

static void set(unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)(APLIC + offset) = value;
}

/* The device's line goes up. */
static void transmit(void)
{
	static char byte = '.';

	ring.desc[0] = (struct virtio_desc){(uint64_t)&byte, 1, 0, 0};
	virtio_offer(CONSOLE, TRANSMIT, &ring, 0);
	CHECK(virtio_wait_used(&ring, ++sent), true, "the console took the byte");
}

static void lower(void)
{
	virtio_set(CONSOLE, VIRTIO_INTERRUPT_ACK, virtio_get(CONSOLE, VIRTIO_INTERRUPT_STATUS));
}

static void open_device(void)
{
	struct virtio_where where = virtio_ring_init(&ring);

	virtio_start(CONSOLE, 0);
	CHECK(virtio_queue(CONSOLE, TRANSMIT, &where), true, "the transmit queue");
	virtio_go(CONSOLE);
	set(SOURCECFG(SOURCE), LEVEL1);
	CHECK(get(SOURCECFG(SOURCE)), LEVEL1, "sourcecfg");
	set(SETIENUM, SOURCE);
	CHECK(get(SETIE), 1u << SOURCE, "setie");
	set(DOMAINCFG, 1u << 8);
	CHECK(get(DOMAINCFG), 0x80000104, "domaincfg: on, by message");
}

/* On the hart that is its target. */
static void take_device(void *arg)
{
	unsigned id = 100 + (unsigned)smp_self()->id;

	aia_open();
	aia_enable(id);
	smp_store((uint32_t *)arg, 1);
	CHECK(aia_wait(), id, "the device's identity");
	CHECK(get(IN_CLRIP) >> SOURCE & 1, 1, "its line is up");
	CHECK(aia_claim(), 0, "it is sent once");
	set(SETIPNUM_LE, SOURCE);
	CHECK(aia_claim(), id, "and again where that is asked for while it is up");
	lower();
	CHECK(get(IN_CLRIP) >> SOURCE & 1, 0, "its line is down");
	set(SETIPNUM_LE, SOURCE);
	CHECK(aia_claim(), 0, "but not while it is down");
}

static void check_device(uint64_t boot)
{
	uint32_t ready;

	open_device();
	for (unsigned hart = 0; hart < count; hart++) {
		if (hart == boot)
			continue;
		set(TARGET(SOURCE), MESSAGE(hart, 100 + hart));
		CHECK(get(TARGET(SOURCE)), MESSAGE(hart, 100 + hart), "target");
		ready = 0;
		smp_start(hart, take_device, &ready);
		SMP_WAIT(smp_load(&ready), "a hart that waits for the device");
		transmit();
		smp_join();
	}
	set(CLRIENUM, SOURCE);
	transmit();
	lower();
	print_char('\n');
}

static void check_genmsi(uint64_t boot)
{
	aia_open();
	aia_enable(33);
	set(GENMSI, MESSAGE(boot, 33));
	SMP_WAIT(aia_top() == 33, "an MSI of the APLIC's own");
	CHECK(get(GENMSI) & 1u << 12, 0, "and it is not busy any more");
	CHECK(aia_claim(), 33, "genmsi");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	count = smp_begin(hart);
	CHECK(count > 1, true, "more than one hart");
	check_device(hart);
	check_genmsi(hart);
	guest_pass();
}
