/* SPDX-License-Identifier: MIT */
/*
 * Several vCPUs race on one virtqueue: all offer and kick, and all rewrite the
 * descriptors, the indices and the buffers while the device looks at them; one
 * resets it at times. Afterwards, reset, it works again.
 */
#include "tests/guest/smp.h"
#include "tests/guest/virtio.h"

#define CONSOLE_TX 1
#define CONSOLE    0
#define FS         1
#define FUSE_INIT  26
#define RACE       (500 * SMP_MS)

static struct virtio_ring ring;
static struct virtio_where where;
static uint8_t buffer[4096] __attribute__((aligned(4096))); /* zeros: what a console may print */
static uint32_t request[16], answer[64];
static unsigned device, resets;
static bool stop;
static uint64_t kicks;

static struct virtio_desc any_desc(void)
{
	const uint64_t addresses[] = {(uint64_t)buffer, (uint64_t)request, (uint64_t)answer,
		(uint64_t)&ring, NOTHING, RAM_END - 8, ~7ul, 0};
	const uint32_t lengths[] = {0, 1, 16, 40, 56, 80, 0x7fffffff, 0xffffffff};
	/* A console prints what it is given: only what is quiet. */
	unsigned n = device == CONSOLE ? 1 : 4;
	uint64_t address = addresses[smp_random() % 4 ? smp_random() % n : 4 + smp_random() % 4];

	return (struct virtio_desc){address,
		lengths[smp_random() % 4 ? smp_random() % 6 : 6 + smp_random() % 2],
		(uint16_t)(smp_random() & 7), (uint16_t)(smp_random() % (RING_SIZE + 1))};
}

static void rewrite(void)
{
	for (unsigned i = 0; i < RING_SIZE; i++) {
		ring.desc[smp_random() % RING_SIZE] = any_desc();
		ring.avail.ring[i] = (uint16_t)(smp_random() % (RING_SIZE + 1));
		ring.avail.idx = (uint16_t)(ring.avail.idx + smp_random() % 3);
		request[smp_random() % 16] = (uint32_t)(smp_random() >> smp_random() % 64);
		request[1] = (uint32_t)(smp_random() % 50);
	}
}

static void kick(void)
{
	__asm__ volatile("fence rw, iorw" ::: "memory");
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, (uint32_t)(smp_random() % 2));
	smp_add(&kicks, 1);
}

static void race(void *arg)
{
	(void)arg;
	while (!smp_load(&stop)) {
		rewrite();
		kick();
		if (smp_random() % 64 == 0)
			virtio_set(device, VIRTIO_QUEUE_READY, (uint32_t)(smp_random() % 2));
	}
}

/* The others go on while this one resets the device, so that it may be broken again at once. */
static void set_up(void)
{
	static const uint32_t statuses[] = {0, 3, 11}; /* ACKNOWLEDGE and DRIVER, FEATURES_OK */

	resets++;
	for (unsigned i = 0; i < 3; i++) {
		virtio_set(device, VIRTIO_STATUS, statuses[i]);
		virtio_set(device, VIRTIO_DRIVER_FEATURES_SEL, 1);
		virtio_set(device, VIRTIO_DRIVER_FEATURES, VIRTIO_F_VERSION_1 >> 32);
	}
	for (unsigned queue = 0; queue < 2; queue++)
		(void)virtio_queue(device, queue, &where);
	virtio_go(device);
}

static void race_on(unsigned which)
{
	uint64_t start = guest_time();

	device = which;
	stop = false;
	where = virtio_ring_init(&ring);
	set_up();
	smp_start_others(race, NULL);
	while (guest_time() - start < RACE) {
		rewrite();
		kick();
		if (virtio_get(device, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET)
			set_up();
	}
	smp_store(&stop, true);
	smp_join();
}

static void check_console(void)
{
	static const char line[] = "\nthe console still prints\n";

	virtio_start(CONSOLE, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(CONSOLE, CONSOLE_TX, &where), true, "the transmit queue");
	virtio_go(CONSOLE);
	ring.desc[0] = (struct virtio_desc){(uint64_t)line, sizeof(line) - 1, 0, 0};
	virtio_offer(CONSOLE, CONSOLE_TX, &ring, 0);
	CHECK(virtio_wait_used(&ring, 1), true, "the console works after the race");
}

static void check_fs(void)
{
	memset(request, 0, sizeof(request));
	request[0] = 56;
	request[1] = FUSE_INIT;
	request[2] = 7;  /* unique */
	request[10] = 7; /* major, minor */
	request[11] = 38;
	virtio_start(FS, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(FS, 1, &where), true, "the request queue");
	virtio_go(FS);
	ring.desc[0] = (struct virtio_desc){(uint64_t)request, 56, DESC_NEXT, 1};
	ring.desc[1] = (struct virtio_desc){(uint64_t)answer, 80, DESC_WRITE, 0};
	virtio_offer(FS, 1, &ring, 0);
	CHECK(virtio_wait_used(&ring, 1), true, "the file server works after the race");
	CHECK(answer[1], 0, "the error of FUSE_INIT");
	CHECK(answer[2], 7, "unique of FUSE_INIT");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	CHECK(smp_begin(hart) > 1, true, "more than one hart");
	if (!guest_is_native()) {
		race_on(FS);
		check_fs();
	}
	race_on(CONSOLE);
	check_console();
	print_line("sdsd", "kicks ", kicks, ", resets ", (uint64_t)resets);
	CHECK(kicks > 100, true, "kicks");
	guest_pass();
}
