/* SPDX-License-Identifier: MIT */
/* The network device and drivers that break every rule: only their own device suffers, and nothing is read twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/net_vm.h"

/* Split rings, as most tests write into them. */
#define FEATURES (~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))

static uint8_t data[4096];
static const struct virtio_net_hdr plain;
static struct host_port *port = &net_vm.host.port[NET_VM_PORT];

static int setup(void **state)
{
	const struct net_vm_options options = {.transport = VM_TRANSPORT_MMIO, .pairs = 2};

	(void)state;
	net_vm_open(&options);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3 + 1);
	assert_true(net_vm_start(FEATURES, 64));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	net_vm_close();
	return 0;
}

static void kick(unsigned q)
{
	driver_notify(&net_vm.driver, q);
	driver_run(&net_vm.driver);
}

static bool needs_reset(void)
{
	return driver_read(&net_vm.driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET;
}

/* After whatever it was, a reset makes a working device. */
static void assert_recovers(void)
{
	uint16_t head;
	uint32_t written;

	assert_true(net_vm_start(FEATURES, 64));
	assert_true(net_vm_send(&plain, data, 100, 0));
	assert_memory_equal(net_vm.data, data, 100);
	net_vm_add_buffer(0, 2048, 0);
	kick(0);
	assert_true(host_arrive(&net_vm.host, NET_VM_PORT, 0, data, 60, NULL, 1));
	dm_port_ready(net_vm.dm, NET_VM_PORT);
	driver_run(&net_vm.driver);
	assert_true(driver_collect(&net_vm.driver, 0, &head, &written));
}

/* A descriptor written as it stands. */
static void expose(unsigned q, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	net_vm.driver.q[q].desc[0] = (struct virtq_desc){addr, len, flags, next};
	driver_expose(&net_vm.driver, q, 0);
	kick(q);
}

/* Chains that are none: each queue, its device needs a reset, and no frame was sent. */
static void test_wild_chains(void **state)
{
	static const struct virtq_desc wild[] = {
		{GUEST_RAM_BASE, 0, 0, 0},                      /* empty */
		{GUEST_RAM_BASE, 0xffffffff, 0, 0},             /* 4 GiB */
		{GUEST_RAM_BASE - 1, 100, 0, 0},                /* in front of RAM */
		{GUEST_RAM_BASE + NET_VM_RAM - 50, 100, 0, 0},  /* past it */
		{UINT64_MAX - 10, 100, 0, 0},                   /* around the end */
		{0x10001000, 4, 0, 0},                          /* a device */
		{GUEST_RAM_BASE, 100, VIRTQ_DESC_F_NEXT, 0},    /* a circle */
		{GUEST_RAM_BASE, 100, VIRTQ_DESC_F_NEXT, 9999}, /* out of the table */
		{GUEST_RAM_BASE, 17, VIRTQ_DESC_F_INDIRECT, 0}, /* a table of no whole entries */
		{GUEST_RAM_BASE, 0, VIRTQ_DESC_F_INDIRECT, 0},
		{GUEST_RAM_BASE, 1u << 30, VIRTQ_DESC_F_INDIRECT, 0},
	};
	static const unsigned queues[] = {0, 1, 4};

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
			assert_true(net_vm_start(FEATURES, 64));
			unsigned before = net_vm.sent;
			expose(queues[k], wild[i].addr, wild[i].len, wild[i].flags, wild[i].next);
			assert_true(needs_reset());
			assert_int_equal(net_vm.sent, before);
			assert_int_equal(port->posted[0].n, 0);
		}
	}
	assert_recovers();
}

/* A queue breaks while frames of it and of others are lent: they come back, and nothing is pushed. */
static void test_break_while_lent(void **state)
{
	struct driver *d = &net_vm.driver;

	(void)state;
	net_vm_answer(3, DM_LENT);
	for (unsigned i = 0; i < 3; i++)
		assert_true(net_vm_add_frame(i == 2 ? 3 : 1, &plain, data, 100, 0) >= 0);
	kick(1);
	kick(3);
	assert_int_equal(net_vm.host.n_lent, 3);
	driver_expose(d, 1, 9999);
	kick(1);
	assert_true(needs_reset());
	uint16_t used = d->q[1].used->idx;
	host_complete_all(&net_vm.host, net_vm.dm, OK);
	driver_run(d);
	assert_int_equal(d->q[1].used->idx, used);
	assert_recovers();
}

/* What the queue is not for: a frame to write into, buffers to read, a command without an answer. */
static void test_wrong_direction(void **state)
{
	struct driver *d = &net_vm.driver;
	struct slice s = {host_alloc(&net_vm.host, 2048, 8), 2048};
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(driver_add(d, 1, NULL, 0, &s, 1) >= 0);
	assert_true(driver_add(d, 0, &s, 1, NULL, 0) >= 0);
	assert_true(driver_add(d, 4, NULL, 0, &s, 1) >= 0);
	kick(0);
	kick(1);
	kick(4);
	assert_true(driver_collect(d, 0, &head, &written));
	assert_int_equal(written, 0);
	assert_true(driver_collect(d, 1, &head, &written));
	assert_int_equal(written, 0);
	assert_true(driver_collect(d, 4, &head, &written));
	assert_int_equal(written, 1); /* a command of no bytes is refused */
	assert_int_equal(*net_vm_ram(s.addr), VIRTIO_NET_ERR);
	assert_int_equal(net_vm.sent, 0);
	/* Both parts in one chain: each queue uses its own. */
	struct slice in = {host_alloc(&net_vm.host, 100, 8), 100};
	memset(net_vm_ram(s.addr), 0, 2048);
	assert_true(driver_add(d, 1, &s, 1, &in, 1) >= 0);
	assert_true(driver_add(d, 0, &s, 1, &in, 1) >= 0);
	kick(1);
	kick(0);
	assert_int_equal(net_vm.len, 2048 - 12);
	assert_int_equal(port->posted[0].n, 1);
	assert_false(needs_reset());
}

static const struct virtio_net_hdr good = {
	.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
	.hdr_len = 54,
	.gso_size = 1448,
	.csum_start = 34,
	.csum_offset = 16,
};

static void test_header_lies(void **state)
{
	struct virtio_net_hdr hdr;

	(void)state;
	assert_true(net_vm_send(&good, data, 2000, 0));
	assert_int_equal(net_vm.sent, 1);
#define LIE(change)                                            \
	do {                                                   \
		hdr = good;                                    \
		change;                                        \
		assert_true(net_vm_send(&hdr, data, 2000, 0)); \
		assert_int_equal(net_vm.sent, 1);              \
	} while (0)
	LIE(hdr.flags = 0);
	LIE(hdr.gso_type = 2);
	LIE(hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP);
	LIE(hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN);
	LIE(hdr.gso_type = 0xff);
	LIE(hdr.gso_size = 0);
	LIE(hdr.csum_start = 0xffff);
	LIE(hdr.csum_offset = 0xffff);
	LIE(hdr.csum_start = 111);
	LIE(hdr.csum_start = 0xfff0; hdr.csum_offset = 0xfff0);
#undef LIE
	/* The checksum lies behind a frame that is short. */
	assert_true(net_vm_send(&good, data, 51, 0));
	assert_int_equal(net_vm.sent, 1);
	assert_true(net_vm_send(&good, data, 52, 0));
	assert_int_equal(net_vm.sent, 2);
	/* The hint is only one. */
	hdr = good;
	hdr.hdr_len = 0xffff;
	hdr.num_buffers = 0xffff;
	hdr.flags |= 0xfe;
	assert_true(net_vm_send(&hdr, data, 2000, 0));
	assert_int_equal(net_vm.sent, 3);
	assert_int_equal(net_vm.frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_false(needs_reset());
}

static gpa_t header_place;
static unsigned changes;

/* The guest turns a good header into a bad one as often as anyone could look. */
static void change_header(struct host *host)
{
	uint8_t *ram = host->ram + (header_place.a - GUEST_RAM_BASE);

	changes++;
	for (unsigned i = 0; i < 12 + 100; i++)
		ram[i] ^= 0xff;
}

static enum dm_answer compare(struct host *host, unsigned number, struct dm_request *request)
{
	const uint8_t *header = request->header;
	uint8_t first = header[0];

	(void)host;
	(void)number;
	/* All of the copy is of one moment, and it lies where the guest can't write. */
	for (unsigned i = 0; i < request->header_len; i++)
		assert_int_equal(header[i], first);
	change_header(host);
	assert_int_equal(header[0], first);
	assert_int_equal(request->frame.csum_start, 0);
	net_vm.sent++;
	return DM_DONE;
}

static void test_changed_meanwhile(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	net_vm.host.submit = compare;
	for (unsigned i = 0; i < 50; i++) {
		header_place = host_alloc(&net_vm.host, 12 + 100, 8);
		struct slice s[2] = {{header_place, 12}, {gpa(header_place.a + 12), 100}};
		assert_true(driver_add(d, 1, s, 2, NULL, 0) >= 0);
		net_vm.host.meddle = change_header;
		kick(1);
		net_vm.host.meddle = NULL;
		assert_true(driver_collect(d, 1, &head, &written));
	}
	assert_true(changes > 100);
	assert_true(net_vm.sent > 0);
}

/* Memory that is RAM when the buffer is posted and the descriptors that say so are gone when it is filled. */
static void test_descriptors_rewritten(void **state)
{
	struct driver *d = &net_vm.driver;
	gpa_t at = net_vm_add_buffer(0, 500, 0);
	uint16_t head;
	uint32_t written;

	(void)state;
	kick(0);
	memset(d->q[0].desc, 0xff, VIRTQ_DESC_BYTES(64));
	assert_true(host_arrive(&net_vm.host, NET_VM_PORT, 0, data, 60, NULL, 1));
	dm_port_ready(net_vm.dm, NET_VM_PORT);
	driver_run(d);
	d->q[0].chain_len[0] = 0;
	assert_true(driver_collect(d, 0, &head, &written));
	assert_int_equal(written, 72);
	assert_memory_equal(net_vm_ram(at) + 12, data, 60);
}

/* The same buffer given many times, and one that is all of RAM: bounded, and nobody else's. */
static void test_same_buffer(void **state)
{
	struct driver *d = &net_vm.driver;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		driver_expose(d, 0, 0);
	d->q[0].desc[0] = (struct virtq_desc){GUEST_RAM_BASE, NET_VM_RAM, VIRTQ_DESC_F_WRITE, 0};
	kick(0);
	assert_int_equal(port->posted[0].n, 64);
	for (unsigned i = 0; i < 64; i++)
		assert_true(port->posted[0].buffer[i].slices[0].len <= 65562);
	for (unsigned i = 0; i < 1000; i++)
		driver_expose(d, 0, 0);
	kick(0);
	assert_true(needs_reset());
	assert_recovers();
}

/* Thousands of chains that are no frames: each run of the device ends. */
static void test_rubbish_is_bounded(void **state)
{
	struct driver *d = &net_vm.driver;
	unsigned runs = 0;

	(void)state;
	assert_true(net_vm_start(FEATURES, 256));
	for (unsigned q = 0; q < 2; q++) {
		d->q[q].desc[0] =
			(struct virtq_desc){GUEST_RAM_BASE, 5, q ? 0 : VIRTQ_DESC_F_WRITE, 0};
		for (unsigned i = 0; i < 256; i++)
			driver_expose(d, q, 0);
		driver_notify(d, q);
	}
	while (dm_run(net_vm.dm)) {
		assert_true(++runs < 100);
		assert_true((uint16_t)(d->q[1].used->idx) <= runs * 64);
	}
	assert_int_equal(d->q[0].used->idx, 256);
	assert_int_equal(d->q[1].used->idx, 256);
	assert_int_equal(net_vm.sent, 0);
}

/* Features that change after DRIVER_OK do not. */
static void test_late_features(void **state)
{
	struct driver *d = &net_vm.driver;

	(void)state;
	assert_true(net_vm_start(VIRTIO_FEATURE(VIRTIO_F_VERSION_1), 64));
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
	assert_true(net_vm_send(&good, data, 2000, 0));
	assert_int_equal(net_vm.sent, 0);
	assert_int_equal(net_vm_control(2, VIRTIO_NET_CTRL_RX, 0, "\1", 1), -1);
	assert_true(net_vm_send(&plain, data, 2000, 0));
	assert_int_equal(net_vm.sent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wild_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_break_while_lent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_direction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_header_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rubbish_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_features, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
