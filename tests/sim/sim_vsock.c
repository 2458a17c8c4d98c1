/* SPDX-License-Identifier: MIT */
/* The socket device: packets that go, wait, are no packets; buffers that are filled; over both transports and both forms of rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/sock_vm.h"

#define HDR sizeof(struct virtio_vsock_hdr)

static uint8_t bytes[HDR + 2 * SOCK_VM_PACKET];
static uint64_t features;
static struct host_port *port = &sock_vm.host.port[SOCK_VM_PORT];

static int setup(void **state)
{
	const enum vm_transport *transport = *state;

	sock_vm_open(*transport, SOCK_VM_RAM);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 5 + i / 256);
	assert_true(sock_vm_start(features, 64));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sock_vm_close();
	return 0;
}

static void run(void)
{
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_TX);
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_RX);
	driver_run(&sock_vm.driver);
}

static void ready(void)
{
	dm_port_ready(sock_vm.dm, SOCK_VM_PORT);
	driver_run(&sock_vm.driver);
}

static unsigned collect(unsigned q, uint32_t *written)
{
	uint16_t head;
	unsigned n = 0;

	while (driver_collect(&sock_vm.driver, q, &head, written))
		n++;
	return n;
}

/* All that was made available came back. */
static bool all_sent(unsigned n)
{
	uint32_t written = 0;

	return collect(VIRTIO_VSOCK_TX, &written) == n && written == 0;
}

static bool got(size_t len)
{
	return memcmp(&sock_vm.hdr, bytes, HDR) == 0 && sock_vm.len == len &&
	       memcmp(sock_vm.data, bytes + HDR, len) == 0;
}

static void identity(void **state)
{
	(void)state;
	assert_int_equal(driver_config(&sock_vm.driver, 0, 4), SOCK_VM_CID);
	assert_int_equal(driver_config(&sock_vm.driver, 4, 4), 0);
	for (unsigned q = 0; q < 3; q++)
		assert_int_equal(sock_vm.driver.q[q].size, 64);
	assert_int_equal(sock_vm.driver.q[3].size, 0);
	assert_int_equal(driver_offered(&sock_vm.driver) & 0xffffff, 0);
}

/* ---- sending ---- */

static void in_any_pieces(void **state)
{
	(void)state;
	for (size_t piece = 0; piece < 200; piece++) {
		size_t len = piece && piece < 20 ? 20 : 600;

		host_free_all(&sock_vm.host);
		assert_true(sock_vm_start(features, 64));
		if (piece && (HDR + len + piece - 1) / piece > 64)
			continue;
		assert_true(sock_vm_add(bytes, HDR + len, piece) >= 0);
		run();
		assert_true(all_sent(1));
		assert_true(got(len));
	}
}

static void the_largest(void **state)
{
	(void)state;
	assert_true(sock_vm_add(bytes, HDR + SOCK_VM_PACKET, 4096) >= 0);
	run();
	assert_true(all_sent(1) && got(SOCK_VM_PACKET));
	assert_true(sock_vm_add(bytes, HDR, 0) >= 0);
	run();
	assert_true(all_sent(1) && got(0));
}

/* No packets: they come back, and the host does not see them. */
static void no_packets(void **state)
{
	struct slice s[70];

	(void)state;
	assert_true(sock_vm_add(bytes, HDR - 1, 0) >= 0);
	assert_true(sock_vm_add(bytes, HDR - 1, 1) >= 0);
	assert_true(sock_vm_add(bytes, HDR + SOCK_VM_PACKET + 1, 8192) >= 0);
	gpa_t a = host_alloc(&sock_vm.host, MIB(1), 1);

	/* Pieces of MiBs. */
	s[0] = (struct slice){a, MIB(1)};
	s[1] = s[0];
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_TX, s, 2, NULL, 0) >= 0);
	/* Only room for an answer. */
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_TX, NULL, 0, s, 1) >= 0);
	/* Too many pieces. */
	s[0] = (struct slice){a, HDR};
	for (unsigned i = 1; i < 66; i++)
		s[i] = (struct slice){gpa(a.a + 100 * i), 1};
	run();
	assert_true(all_sent(5));
	assert_int_equal(sock_vm.submits, 0);
	assert_true(sock_vm_start(features, 128));
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_TX, s, 66, NULL, 0) >= 0);
	run();
	assert_true(all_sent(1));
	assert_int_equal(sock_vm.submits, 0);
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_TX, s, 65, NULL, 0) >= 0);
	run();
	assert_true(all_sent(1));
	assert_int_equal(sock_vm.n_slices, 64);
}

/* Between them, before them, after them. */
static void pieces_of_nothing(void **state)
{
	gpa_t a = host_alloc(&sock_vm.host, 4096, 1);
	struct slice s[] = {{a, 0}, {a, 20}, {a, 0}, {gpa(a.a + 20), HDR - 20}, {a, 0},
		{gpa(a.a + HDR), 5}, {a, 0}};

	(void)state;
	memcpy(sock_vm_ram(a), bytes, HDR + 5);
	if (driver_add(&sock_vm.driver, VIRTIO_VSOCK_TX, s, 7, NULL, 0) < 0)
		return;
	run();
	/* A ring may not hold them: then it is broken, and nothing else happened. */
	assert_true(sock_vm.submits == 0 || (got(5) && sock_vm.n_slices == 1));
}

/* A packet that has to wait, in its place, with what went already; those behind it wait, too. */
static void busy(void **state)
{
	(void)state;
	sock_vm_answer(DM_BUSY, 0);
	sock_vm_answer(DM_BUSY, 7);
	sock_vm_answer(DM_BUSY, 99);
	assert_true(sock_vm_add(bytes, HDR + 100, 30) >= 0);
	assert_true(sock_vm_add(bytes, HDR + 5, 0) >= 0);
	run();
	assert_int_equal(sock_vm.progress, 0);
	assert_true(sock_vm.submits >= 1 && all_sent(0));
	while (sock_vm.at_answer < sock_vm.n_answers) {
		assert_true(got(100));
		ready();
	}
	assert_true(all_sent(0));
	ready();
	assert_true(all_sent(2));
	assert_true(got(5));
	assert_int_equal(sock_vm.progress, 0);
	assert_int_equal(sock_vm.submits, 5);
}

static void what_went_is_known(void **state)
{
	(void)state;
	sock_vm_answer(DM_BUSY, 42);
	sock_vm_answer(DM_BUSY, 77);
	assert_true(sock_vm_add(bytes, HDR + 100, 0) >= 0);
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_TX);
	driver_run(&sock_vm.driver);
	assert_int_equal(sock_vm.progress, 0);
	ready();
	assert_int_equal(sock_vm.progress, 42);
	ready();
	assert_int_equal(sock_vm.progress, 77);
	assert_true(all_sent(1));
}

/* After a reset, of all or of the queue, another packet begins at its start. */
static void what_went_is_forgotten(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		sock_vm_answer(DM_BUSY, 42);
		assert_true(sock_vm_add(bytes, HDR + 100, 0) >= 0);
		driver_notify(&sock_vm.driver, VIRTIO_VSOCK_TX);
		driver_run(&sock_vm.driver);
		if (i) {
			dm_reset(sock_vm.dm);
			driver_open(&sock_vm.driver, &sock_vm.host, sock_vm.dm, SOCK_VM_DEVICE);
		}
		assert_true(sock_vm_start(features, 64));
		assert_true(sock_vm_add(bytes, HDR + 50, 0) >= 0);
		run();
		assert_true(all_sent(1) && got(50));
		assert_int_equal(sock_vm.progress, 0);
	}
	if (!(features & VIRTIO_FEATURE(VIRTIO_F_RING_RESET)))
		return;
	sock_vm_answer(DM_BUSY, 42);
	assert_true(sock_vm_add(bytes, HDR + 100, 0) >= 0);
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_TX);
	driver_run(&sock_vm.driver);
	driver_write(&sock_vm.driver, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_VSOCK_TX);
	assert_int_equal(
		driver_try_write(&sock_vm.driver, VIRTIO_MMIO_QUEUE_RESET, 1), DM_MMIO_DONE);
	driver_alloc_queue(&sock_vm.driver, VIRTIO_VSOCK_TX, 64);
	driver_set_queue(&sock_vm.driver, VIRTIO_VSOCK_TX);
	assert_true(sock_vm_add(bytes, HDR + 50, 0) >= 0);
	run();
	assert_true(all_sent(1) && got(50));
	assert_int_equal(sock_vm.progress, 0);
}

static void refused(void **state)
{
	(void)state;
	sock_vm_answer(DM_BUSY, 42);
	sock_vm_answer(DM_FAILED, 50);
	assert_true(sock_vm_add(bytes, HDR + 100, 0) >= 0);
	assert_true(sock_vm_add(bytes, HDR + 5, 0) >= 0);
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_TX);
	driver_run(&sock_vm.driver);
	ready();
	assert_true(all_sent(2) && got(5));
	assert_int_equal(sock_vm.progress, 0);
}

static void many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++)
		assert_true(sock_vm_add(bytes, HDR + i, 0) >= 0);
	run();
	assert_true(all_sent(60));
	assert_int_equal(sock_vm.submits, 60);
}

/* ---- receiving ---- */

static bool arrive(size_t len)
{
	bool arrived = host_arrive(&sock_vm.host, SOCK_VM_PORT, 0, bytes, len, NULL, 1);

	ready();
	return arrived;
}

static void receive(void **state)
{
	uint32_t written;
	gpa_t at[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		at[i] = sock_vm_post(1000, 0);
	run();
	assert_int_equal(port->posted[0].n, 3);
	assert_true(arrive(HDR));
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 1);
	assert_int_equal(written, HDR);
	assert_true(driver_interrupt(&sock_vm.driver));
	assert_true(arrive(1000));
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 1);
	assert_int_equal(written, 1000);
	assert_memory_equal(sock_vm_ram(at[0]), bytes, HDR);
	assert_memory_equal(sock_vm_ram(at[1]), bytes, 1000);
	assert_false(arrive(1001));
	assert_int_equal(port->posted[0].n, 1);
}

static void in_pieces(void **state)
{
	uint32_t written;

	(void)state;
	/* In as many as the host takes; of more the rest stays empty. */
	sock_vm_post(100, 5);
	sock_vm_post(300, 5);
	run();
	assert_int_equal(port->posted[0].n, 2);
	assert_true(arrive(100));
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 1);
	assert_int_equal(written, 100);
	assert_false(arrive(101));
	assert_true(arrive(100));
}

/* A buffer that holds no header goes back, empty. */
static void small_buffers(void **state)
{
	uint32_t written = 1;
	struct slice s = {host_alloc(&sock_vm.host, 1000, 1), 1000};

	(void)state;
	sock_vm_post(HDR - 1, 0);
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_RX, &s, 1, NULL, 0) >= 0);
	run();
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 2);
	assert_int_equal(written, 0);
	assert_int_equal(port->posted[0].n, 0);
	sock_vm_post(HDR, 0);
	run();
	assert_true(arrive(HDR));
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 1);
}

static bool full(struct host *host, unsigned p, unsigned queue)
{
	(void)p;
	(void)queue;
	return host->port[SOCK_VM_PORT].posted[0].n < 2;
}

static void the_host_takes_few(void **state)
{
	uint32_t written;
	unsigned sum = 0;

	(void)state;
	sock_vm.host.post = full;
	for (unsigned i = 0; i < 10; i++)
		sock_vm_post(100, 0);
	run();
	assert_int_equal(port->posted[0].n, 2);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(arrive(100));
		sum += collect(VIRTIO_VSOCK_RX, &written);
	}
	assert_int_equal(sum, 10);
	assert_int_equal(port->posted[0].n, 0);
}

/* What was posted comes back with the reset, also while something has arrived. */
static void resets(void **state)
{
	uint32_t written;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		sock_vm_post(100, 0);
	run();
	assert_true(host_arrive(&sock_vm.host, SOCK_VM_PORT, 0, bytes, 100, NULL, 1));
	assert_true(sock_vm_start(features, 64));
	assert_int_equal(port->posted[0].n, 0);
	sock_vm_post(100, 0);
	run();
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 0);
	assert_true(arrive(60));
	assert_int_equal(collect(VIRTIO_VSOCK_RX, &written), 1);
	assert_int_equal(written, 60);
}

/* A circle, and memory that is none: the device asks for its reset, and has nothing of the guest's left. */
static void broken_rings(void **state)
{
	struct driver *d = &sock_vm.driver;

	(void)state;
	if (d->packed)
		return;
	for (unsigned q = 0; q < 2; q++) {
		assert_true(sock_vm_start(features & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX), 64));
		sock_vm_post(100, 0);
		run();
		d->q[q].desc[5] = (struct virtq_desc){GUEST_RAM_BASE, 50,
			VIRTQ_DESC_F_NEXT | (q == 0 ? VIRTQ_DESC_F_WRITE : 0), 5};
		driver_expose(d, q, 5);
		driver_notify(d, q);
		driver_run(d);
		assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
		assert_int_equal(sock_vm.submits, 0);
		assert_true(q == 1 || port->posted[0].n == 0);
		assert_true(sock_vm_start(features, 64));
		d->q[q].desc[5] = (struct virtq_desc){GUEST_RAM_BASE + SOCK_VM_RAM - 10, UINT32_MAX,
			q == 0 ? VIRTQ_DESC_F_WRITE : 0, 0};
		driver_expose(d, q, 5);
		driver_notify(d, q);
		driver_run(d);
		assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
		assert_int_equal(sock_vm.submits, 0);
	}
}

/* The guest rewrites the header while the device looks: what the host gets is what was checked. */
static void rewrite(struct host *host)
{
	for (size_t i = 0; i < SOCK_VM_RAM; i += 4096)
		host->ram[i] ^= 0xff;
}

static void memory_that_changes(void **state)
{
	(void)state;
	sock_vm.host.meddle = rewrite;
	for (unsigned i = 0; i < 20; i++)
		(void)sock_vm_add(bytes, HDR + 10, 9);
	run();
	sock_vm.host.meddle = NULL;
	assert_true(sock_vm.submits <= 20);
}

static void events(void **state)
{
	struct slice s = {host_alloc(&sock_vm.host, 8, 1), 8};
	uint32_t written;

	(void)state;
	assert_true(driver_add(&sock_vm.driver, VIRTIO_VSOCK_EVENT, NULL, 0, &s, 1) >= 0);
	driver_notify(&sock_vm.driver, VIRTIO_VSOCK_EVENT);
	driver_run(&sock_vm.driver);
	assert_int_equal(collect(VIRTIO_VSOCK_EVENT, &written), 0);
}

#define TEST(function)                            \
	cmocka_unit_test_prestate_setup_teardown( \
		function, setup, teardown, (void *)(uintptr_t)transport)

static int all_tests(const enum vm_transport *transport)
{
	const struct CMUnitTest tests[] = {
		TEST(identity),
		TEST(in_any_pieces),
		TEST(the_largest),
		TEST(no_packets),
		TEST(pieces_of_nothing),
		TEST(busy),
		TEST(what_went_is_known),
		TEST(what_went_is_forgotten),
		TEST(refused),
		TEST(many),
		TEST(receive),
		TEST(in_pieces),
		TEST(small_buffers),
		TEST(the_host_takes_few),
		TEST(resets),
		TEST(broken_rings),
		TEST(memory_that_changes),
		TEST(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	static const enum vm_transport transports[] = {VM_TRANSPORT_MMIO, VM_TRANSPORT_PCI};
	static const uint64_t all[] = {DRIVER_FEATURES, DRIVER_TRANSPORT_FEATURES};
	int failed = 0;

	for (unsigned t = 0; t < 2; t++) {
		for (unsigned f = 0; f < 2; f++) {
			features = all[f];
			failed += all_tests(&transports[t]);
		}
	}
	return failed;
}
