/* SPDX-License-Identifier: MIT */
/*
 * A VM that reboots itself times= (3) by SRST, with other vCPUs running, and then
 * passes. It counts its starts with directories in the file server, which keeps
 * them; its RAM is fresh each time, and all but the first vCPU are stopped.
 */
#include "tests/guest/measure.h"
#include "tests/guest/smp.h"
#include "tests/guest/virtio.h"

#define FS         1
#define REQUESTS   1
#define FUSE_MKDIR 9
#define FUSE_INIT  26
#define EEXIST     17
#define COLD       1
#define WARM       2
#define MARK       0x6d61726b6d61726bul
#define STARTS_MAX 9

struct mkdir_request {
	uint32_t len, opcode;
	uint64_t unique, nodeid;
	uint32_t uid, gid, pid, padding;
	uint32_t mode, umask;
	char name[8];
};

static struct virtio_ring ring;
static uint32_t answer[64];

/* The error of a request, positive. */
static uint32_t ask(const void *request, uint32_t len)
{
	uint16_t used = ring.used.idx;

	ring.desc[0] = (struct virtio_desc){(uint64_t)request, len, DESC_NEXT, 1};
	ring.desc[1] = (struct virtio_desc){(uint64_t)answer, sizeof(answer), DESC_WRITE, 0};
	virtio_offer(FS, REQUESTS, &ring, 0);
	CHECK(virtio_wait_used(&ring, (uint16_t)(used + 1)), true, "the file server answers");
	return -answer[1];
}

static void mount(void)
{
	static uint32_t init[14] = {sizeof(init), FUSE_INIT, 1};
	struct virtio_where where;

	init[10] = 7; /* major, minor */
	init[11] = 38;
	virtio_start(FS, 0);
	where = virtio_ring_init(&ring);
	CHECK(virtio_queue(FS, REQUESTS, &where), true, "the request queue");
	virtio_go(FS);
	CHECK(ask(init, sizeof(init)), 0, "FUSE_INIT");
}

/* How often it was started before: the first directory that is not there yet. */
static unsigned earlier_starts(void)
{
	struct mkdir_request mkdir = {
		.len = 50, .opcode = FUSE_MKDIR, .unique = 2, .nodeid = 1, .mode = 0755};

	for (unsigned n = 0; n < STARTS_MAX; n++) {
		mkdir.name[0] = (char)('0' + n);
		uint32_t error = ask(&mkdir, mkdir.len);

		if (!error)
			return n;
		CHECK(error, EEXIST, "the error of FUSE_MKDIR");
	}
	return STARTS_MAX;
}

static void check_fresh(void)
{
	const uint64_t places[] = {RAM_BASE, RAM_BASE + 0x1000000, RAM_END - 4096};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		volatile uint64_t *place = (volatile uint64_t *)places[i];

		CHECK(*place == MARK, false, "RAM after a restart has what was there before");
		*place = MARK;
	}
	for (unsigned hart = 0; hart < smp_count(); hart++)
		if (hart != smp_self()->id)
			CHECK(smp_status(hart), HSM_STOPPED, "the others after a restart");
}

static void burn(void *arg)
{
	(void)arg;
	for (;;)
		measure_work();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t times = guest_option(device_tree, "times=", 3);
	unsigned before;

	if (guest_is_native()) {
		print("skipped: no file server\n");
		guest_pass();
	}
	(void)smp_begin(hart);
	check_fresh();
	mount();
	before = earlier_starts();
	print_line("sd", "earlier starts: ", (uint64_t)before);
	smp_start_others(burn, NULL);
	smp_delay(SMP_MS);
	if (before == times)
		guest_pass();
	(void)SBI(EID_SRST, 0, before % 2 ? COLD : WARM, 0);
	guest_fail("the reboot came back", before, times);
}
