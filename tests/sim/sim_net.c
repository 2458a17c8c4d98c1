/* SPDX-License-Identifier: MIT */
/* The network device as a driver that keeps to the rules sees it, over both transports and both forms of rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/net_vm.h"

#define F(name) VIRTIO_FEATURE(VIRTIO_NET_F_##name)
#define ALL     (~UINT64_C(0))

static uint8_t data[NET_VM_FRAME];
static const struct virtio_net_hdr plain;
static struct host_port *port = &net_vm.host.port[NET_VM_PORT];

static int setup(void **state)
{
	const struct net_vm_options *options = *state;

	net_vm_open(options);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 5 + i / 256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	net_vm_close();
	return 0;
}

static void test_identity(void **state)
{
	struct driver *d = &net_vm.driver;

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(driver_config(d, i, 1), net_vm_mac[i]);
	assert_int_equal(driver_config(d, 6, 2), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(driver_config(d, 8, 2), 1);
	uint64_t offered = driver_offered(d);
	assert_true(offered & F(MRG_RXBUF));
	assert_false(offered & (F(MQ) | F(GUEST_UFO) | F(HOST_UFO) | F(GUEST_ANNOUNCE)));
	assert_int_equal(port->pairs, 1);
	assert_int_equal(
		port->guest_features, F(MRG_RXBUF) | F(GUEST_CSUM) | F(GUEST_TSO4) | F(GUEST_TSO6));
	assert_true(port->filter.all_multicast);
}

static void test_send(void **state)
{
	(void)state;
	assert_true(net_vm_start(ALL, 256));
	for (size_t len = 14; len < 1600; len += len < 140 ? 1 : 131) {
		assert_true(net_vm_send(&plain, data, len, 0));
		assert_int_equal(net_vm.len, len);
		assert_memory_equal(net_vm.data, data, len);
		assert_int_equal(net_vm.frame.flags, 0);
	}
	/* The header cut wherever it may be, and the frame behind it, too. */
	for (size_t piece = 1; piece < 40; piece++) {
		unsigned before = net_vm.sent;
		assert_true(net_vm_send(&plain, data, 160, piece));
		assert_int_equal(net_vm.sent, before + 1);
		assert_int_equal(net_vm.len, 160);
		assert_memory_equal(net_vm.data, data, 160);
	}
	/* The largest, and one byte more. */
	assert_true(net_vm_send(&plain, data, 65550, 4096));
	assert_int_equal(net_vm.len, 65550);
	unsigned before = net_vm.sent;
	assert_true(net_vm_send(&plain, data, 65551, 4096));
	assert_true(net_vm_send(&plain, data, 13, 0));
	assert_int_equal(net_vm.sent, before);
}

static void test_wishes(void **state)
{
	struct virtio_net_hdr hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 54,
		.gso_size = 1448,
		.csum_start = 34,
		.csum_offset = 16,
		.num_buffers = 0xffff,
	};

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	assert_true(net_vm_send(&hdr, data, 20000, 4096));
	assert_int_equal(net_vm.frame.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(net_vm.frame.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(net_vm.frame.gso_size, 1448);
	assert_int_equal(net_vm.frame.csum_start, 34);
	assert_int_equal(net_vm.frame.csum_offset, 16);
	assert_memory_equal(net_vm.data, data, 20000);
	/* What was not negotiated is not sent. */
	unsigned before = net_vm.sent;
	assert_true(net_vm_start(~F(HOST_TSO4), 256));
	assert_true(net_vm_send(&hdr, data, 20000, 4096));
	assert_int_equal(net_vm.sent, before);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	assert_true(net_vm_send(&hdr, data, 20000, 4096));
	assert_int_equal(net_vm.sent, before + 1);
	assert_true(net_vm_start(~F(CSUM), 256));
	hdr.gso_type = 0;
	assert_true(net_vm_send(&hdr, data, 100, 0));
	assert_int_equal(net_vm.sent, before + 1);
}

/* Lent, refused, failed: a chain comes back exactly when its frame is over. */
static void test_answers(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	net_vm_answer(1, DM_LENT);
	assert_false(net_vm_send(&plain, data, 1000, 0));
	assert_int_equal(net_vm.host.n_lent, 1);
	/* Another overtakes it. */
	assert_true(net_vm_send(&plain, data, 1000, 0));
	host_complete(&net_vm.host, net_vm.dm, 0, ERR_IO);
	driver_run(d);
	while (driver_collect(d, 1, &head, &written))
		assert_int_equal(written, 0);
	assert_int_equal(d->q[1].n_free, d->q[1].size);

	net_vm_answer(2, DM_BUSY);
	assert_int_equal(net_vm_send(&plain, data, 700, 0), false);
	dm_port_ready(net_vm.dm, NET_VM_PORT);
	driver_run(d);
	assert_false(driver_collect(d, 1, &head, &written));
	dm_port_ready(net_vm.dm, NET_VM_PORT);
	driver_run(d);
	assert_true(driver_collect(d, 1, &head, &written));
	assert_int_equal(net_vm.len, 700);

	unsigned before = net_vm.sent;
	net_vm_answer(1, DM_FAILED);
	assert_true(net_vm_send(&plain, data, 100, 0));
	assert_int_equal(net_vm.sent, before);
}

/* More frames in flight than there are requests: the rest waits and goes on by itself. */
static void test_many_lent(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;
	unsigned back = 0;

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	net_vm_answer(128, DM_LENT);
	for (unsigned i = 0; i < 100; i++)
		assert_true(net_vm_add_frame(1, &plain, data, 200 + i, 0) >= 0);
	driver_kick(d, 1);
	driver_run(d);
	assert_int_equal(net_vm.host.n_lent, 64);
	while (net_vm.host.n_lent > 0) {
		/* In another order than they came. */
		host_complete(&net_vm.host, net_vm.dm, net_vm.host.n_lent / 2, OK);
		driver_run(d);
		while (driver_collect(d, 1, &head, &written))
			back++;
	}
	assert_int_equal(back, 100);
	assert_int_equal(net_vm.sent, 100);
}

static bool arrive(unsigned queue, size_t len, const struct dm_frame *frame, unsigned max)
{
	bool arrived = host_arrive(&net_vm.host, NET_VM_PORT, queue, data, len, frame, max);

	dm_port_ready(net_vm.dm, NET_VM_PORT);
	driver_run(&net_vm.driver);
	return arrived;
}

static struct virtio_net_hdr header_at(gpa_t addr)
{
	struct virtio_net_hdr hdr;

	memcpy(&hdr, net_vm_ram(addr), sizeof(hdr));
	return hdr;
}

static void test_receive(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	assert_false(arrive(0, 100, NULL, 1));
	gpa_t at = net_vm_add_buffer(0, 2048, 0);
	driver_kick(d, 0);
	driver_run(d);
	assert_true(arrive(0, 1514, NULL, 1));
	assert_true(driver_interrupt(d) & VIRTIO_INTERRUPT_USED);
	assert_true(driver_collect(d, 0, &head, &written));
	assert_int_equal(written, 12 + 1514);
	assert_memory_equal(net_vm_ram(at) + 12, data, 1514);
	struct virtio_net_hdr hdr = header_at(at);
	assert_int_equal(hdr.num_buffers, 1);
	assert_int_equal(hdr.flags, 0);
	assert_int_equal(net_vm_ram(at)[12 + 1514], 0xee);
}

/* One frame in many buffers, which appear together; only the first has a header. */
static void test_merged(void **state)
{
	struct driver *d = &net_vm.driver;
	struct dm_frame frame = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
		.hdr_len = 74,
		.gso_size = 1428,
		.csum_start = 54,
		.csum_offset = 16};
	gpa_t at[50];
	uint16_t head;
	uint32_t written;
	size_t done = 0;

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	for (unsigned i = 0; i < 50; i++)
		at[i] = net_vm_add_buffer(0, 1536, 0);
	driver_kick(d, 0);
	driver_run(d);
	assert_true(arrive(0, 60000, &frame, 50));
	for (unsigned i = 0; done < 60000; i++) {
		assert_true(driver_collect(d, 0, &head, &written));
		unsigned skip = i == 0 ? 12 : 0;
		assert_memory_equal(net_vm_ram(at[i]) + skip, data + done, written - skip);
		done += written - skip;
	}
	assert_false(driver_collect(d, 0, &head, &written));
	struct virtio_net_hdr hdr = header_at(at[0]);
	assert_int_equal(hdr.num_buffers, 40);
	assert_int_equal(hdr.gso_size, 1428);
	assert_int_equal(hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(hdr.csum_start, 54);
	assert_int_equal(hdr.hdr_len, 74);
	/* A driver that did not ask for it hears nothing of partial checksums. */
	assert_true(net_vm_start(~(F(GUEST_CSUM) | F(GUEST_TSO6)), 64));
	at[0] = net_vm_add_buffer(0, 1536, 0);
	driver_kick(d, 0);
	driver_run(d);
	assert_true(arrive(0, 100, &frame, 1));
	hdr = header_at(at[0]);
	assert_int_equal(hdr.flags | hdr.gso_type | hdr.csum_start | hdr.gso_size, 0);
}

/* Where virtio's header may lie: in a piece of its own, in three; a buffer that it does not fit comes back empty. */
static void test_header_pieces(void **state)
{
	struct driver *d = &net_vm.driver;
	static const struct {
		uint32_t len;
		size_t piece;
		bool usable;
	} forms[] = {{100, 12, true}, {100, 6, true}, {80, 4, true}, {100, 5, true}, {90, 3, false},
		{12, 0, false}, {1, 0, false}, {13, 0, true}, {100, 1, false}};

	(void)state;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint16_t head;
		uint32_t written;
		size_t len = forms[i].len > 40 ? 40 : 1;
		assert_true(net_vm_start(ALL, 128));
		gpa_t at = net_vm_add_buffer(0, forms[i].len, forms[i].piece);
		driver_kick(d, 0);
		driver_run(d);
		assert_int_equal(arrive(0, len, NULL, 1), forms[i].usable);
		assert_true(driver_collect(d, 0, &head, &written));
		assert_int_equal(written, forms[i].usable ? 12 + len : 0);
		if (!forms[i].usable)
			continue;
		/* num_buffers is in the last two bytes, at or behind the gaps between pieces. */
		uint8_t *ram = net_vm_ram(at);
		size_t gaps = forms[i].piece ? (11 / forms[i].piece) : 0;
		assert_int_equal(ram[0], 0);
		assert_int_equal(ram[11 + gaps], 0);
	}
}

/* Many buffers: as many as the host takes are posted, and all are used in turn. */
static void test_many_buffers(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;
	unsigned got = 0;

	(void)state;
	assert_true(net_vm_start(ALL, 256));
	size_t taken = net_vm.host.ram_taken;
	for (unsigned round = 0; round < 40; round++) {
		while (d->q[0].n_free > 0) {
			net_vm.host.ram_taken = taken;
			net_vm_add_buffer(0, 200, 0);
		}
		driver_kick(d, 0);
		driver_run(d);
		for (unsigned i = 0; i < 50; i++)
			assert_true(arrive(0, 60, NULL, 1));
		while (driver_collect(d, 0, &head, &written))
			got++;
	}
	assert_int_equal(got, 40 * 50);
	/* It is kicked far less often than buffers are given. */
	assert_true(d->q[0].kicks <= 40);
}

static bool few(struct host *host, unsigned number, unsigned queue)
{
	return host->port[number].posted[queue].n < 3;
}

static void test_host_takes_few(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	net_vm.host.post = few;
	assert_true(net_vm_start(ALL, 64));
	for (unsigned i = 0; i < 20; i++)
		net_vm_add_buffer(0, 200, 0);
	driver_kick(d, 0);
	driver_run(d);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(port->posted[0].n, i < 17 ? 3 : 20 - i);
		assert_true(arrive(0, 60, NULL, 1));
		assert_true(driver_collect(d, 0, &head, &written));
		assert_int_equal(written, 72);
	}
	assert_false(arrive(0, 60, NULL, 1));
}

static void test_reset(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	net_vm_add_buffer(0, 2048, 0);
	driver_kick(d, 0);
	net_vm_answer(1, DM_LENT);
	assert_false(net_vm_send(&plain, data, 1000, 0));
	assert_int_equal(port->posted[0].n, 1);
	(void)driver_try_write(d, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(port->posted[0].n, 0);
	assert_int_equal(dm_lent(net_vm.dm), 1);
	host_complete_all(&net_vm.host, net_vm.dm, OK);
	driver_run(d);
	(void)driver_try_write(d, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	assert_true(net_vm_start(ALL, 64));
	assert_false(driver_collect(d, 1, &head, &written));
	assert_true(net_vm_send(&plain, data, 1000, 0));
	assert_false(arrive(0, 60, NULL, 1));
}

/* One queue is reset and set up again; the other goes on. */
static void test_queue_reset(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	net_vm_add_buffer(0, 2048, 0);
	driver_kick(d, 0);
	driver_run(d);
	assert_int_equal(port->posted[0].n, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_RESET, 1);
	assert_int_equal(port->posted[0].n, 0);
	assert_false(arrive(0, 60, NULL, 1));
	assert_true(net_vm_send(&plain, data, 1000, 0));
	driver_alloc_queue(d, 0, 32);
	driver_set_queue(d, 0);
	net_vm_add_buffer(0, 2048, 0);
	driver_kick(d, 0);
	driver_run(d);
	assert_true(arrive(0, 60, NULL, 1));
	assert_true(driver_collect(d, 0, &head, &written));
	assert_int_equal(written, 72);
}

/* ---- control ---- */

#define CTRL(class, command, bytes, len) \
	net_vm_control(2, VIRTIO_NET_CTRL_##class, VIRTIO_NET_CTRL_##class##_##command, bytes, len)

static void test_flags(void **state)
{
	const struct dm_net_filter *filter = &port->filter;

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	assert_int_equal(CTRL(RX, PROMISC, "\1", 1), VIRTIO_NET_OK);
	assert_true(filter->promiscuous);
	assert_int_equal(CTRL(RX, PROMISC, "\0", 1), VIRTIO_NET_OK);
	assert_false(filter->promiscuous);
	assert_true(filter->all_multicast);
	assert_int_equal(CTRL(RX, ALLMULTI, "\0", 1), VIRTIO_NET_OK);
	assert_false(filter->all_multicast);
	assert_int_equal(CTRL(RX, ALLMULTI, "\1", 1), VIRTIO_NET_OK);
	assert_true(filter->all_multicast);
	assert_int_equal(CTRL(RX, ALLUNI, "\1", 1), VIRTIO_NET_OK);
	assert_int_equal(CTRL(RX, NOMULTI, "\1", 1), VIRTIO_NET_OK);
	assert_true(filter->no_multicast && !filter->no_unicast);
	assert_int_equal(CTRL(RX, NOUNI, "\1", 1), VIRTIO_NET_OK);
	assert_true(filter->no_unicast && !filter->no_broadcast);
	assert_int_equal(CTRL(RX, NOBCAST, "\1", 1), VIRTIO_NET_OK);
	assert_true(filter->no_broadcast);
	assert_int_equal(CTRL(RX, NOBCAST, "\2", 1), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(RX, NOBCAST, "", 0), VIRTIO_NET_ERR);
	assert_true(filter->no_broadcast);
	assert_int_equal(net_vm_control(2, VIRTIO_NET_CTRL_RX, 6, "\1", 1), VIRTIO_NET_ERR);
	assert_int_equal(net_vm_control(2, VIRTIO_NET_CTRL_VLAN, 0, "\1\0", 2), VIRTIO_NET_ERR);
	assert_int_equal(net_vm_control(2, 200, 0, "", 0), VIRTIO_NET_ERR);
	/* All is as at first after a reset. */
	assert_true(net_vm_start(~F(CTRL_RX_EXTRA), 64));
	assert_true(filter->all_multicast && !filter->no_broadcast);
	assert_int_equal(CTRL(RX, NOBCAST, "\1", 1), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(RX, PROMISC, "\1", 1), VIRTIO_NET_OK);
}

/* Two tables; `claim` is what the second says of itself. */
static int set_table(uint32_t unicast, uint32_t multicast, uint32_t claim)
{
	uint8_t bytes[8 + 6 * 300];
	size_t at = 4;

	memcpy(bytes, &unicast, 4);
	memset(bytes + at, 0x52, 6 * (size_t)unicast);
	at += 6 * (size_t)unicast;
	memcpy(bytes + at, &claim, 4);
	at += 4;
	for (uint32_t i = 0; i < multicast; i++, at += 6) {
		memset(bytes + at, 0x33, 5);
		bytes[at + 5] = (uint8_t)i;
	}
	return CTRL(MAC, TABLE_SET, bytes, at);
}

static void test_tables(void **state)
{
	const struct dm_net_filter *filter = &port->filter;
	static const uint8_t last[6] = {0x33, 0x33, 0x33, 0x33, 0x33, 63};

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	assert_int_equal(set_table(0, 0, 0), VIRTIO_NET_OK);
	assert_true(!filter->all_multicast && filter->n == 0);
	assert_int_equal(set_table(3, DM_NET_FILTER_MAX, DM_NET_FILTER_MAX), VIRTIO_NET_OK);
	assert_true(!filter->all_multicast && filter->n == DM_NET_FILTER_MAX);
	assert_memory_equal(filter->mac[63], last, 6);
	assert_int_equal(set_table(0, 65, 65), VIRTIO_NET_OK);
	assert_true(filter->all_multicast && filter->n == 0);
	assert_int_equal(set_table(100, 1, 1), VIRTIO_NET_OK);
	assert_true(!filter->all_multicast && filter->n == 1);
	/* Longer than they are. */
	assert_int_equal(set_table(2, 5, 6), VIRTIO_NET_ERR);
	assert_int_equal(set_table(2, 5, UINT32_MAX), VIRTIO_NET_ERR);
	assert_int_equal(set_table(2, 5, 0x2aaaaaab), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(MAC, TABLE_SET, "\xff\xff\xff\xff\0\0\0\0", 8), VIRTIO_NET_ERR);
	assert_int_equal(filter->n, 1);

	assert_int_equal(CTRL(MAC, ADDR_SET, net_vm_mac, 6), VIRTIO_NET_OK);
	assert_int_equal(CTRL(MAC, ADDR_SET, "\x52\x54\0\0\0\3", 6), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(MAC, ADDR_SET, net_vm_mac, 5), VIRTIO_NET_ERR);
}

static void test_offloads(void **state)
{
	uint64_t some = F(GUEST_CSUM), unknown = F(GUEST_CSUM) | F(GUEST_UFO), none = 0;

	(void)state;
	assert_true(net_vm_start(~F(GUEST_TSO6), 64));
	assert_int_equal(port->guest_features, F(MRG_RXBUF) | F(GUEST_CSUM) | F(GUEST_TSO4));
	assert_int_equal(CTRL(GUEST_OFFLOADS, SET, &some, 8), VIRTIO_NET_OK);
	assert_int_equal(port->guest_features, F(MRG_RXBUF) | F(GUEST_CSUM));
	assert_int_equal(CTRL(GUEST_OFFLOADS, SET, &unknown, 8), VIRTIO_NET_ERR);
	unknown = F(GUEST_TSO6);
	assert_int_equal(CTRL(GUEST_OFFLOADS, SET, &unknown, 8), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(GUEST_OFFLOADS, SET, &none, 7), VIRTIO_NET_ERR);
	assert_int_equal(CTRL(GUEST_OFFLOADS, SET, &none, 8), VIRTIO_NET_OK);
	assert_int_equal(port->guest_features, F(MRG_RXBUF));
}

/* A command with nowhere to answer, or with nothing in it. */
static void test_no_answer(void **state)
{
	struct driver *d = &net_vm.driver;
	uint8_t answer = 0x77;

	(void)state;
	assert_true(net_vm_start(ALL, 64));
	assert_int_equal(driver_request(d, 2, "\0\0\1", 3, &answer, 0, 0), 0);
	assert_true(port->filter.promiscuous);
	assert_int_equal(driver_request(d, 2, "\0", 1, &answer, 1, 0), 1);
	assert_int_equal(answer, VIRTIO_NET_ERR);
	assert_int_equal(driver_request(d, 2, "", 0, &answer, 1, 0), 1);
	assert_int_equal(answer, VIRTIO_NET_ERR);
}

/* ---- several pairs ---- */

static int set_pairs(unsigned q, uint16_t pairs)
{
	return net_vm_control(
		q, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs, sizeof(pairs));
}

/* The last queue is for control with MQ, the third without. */
static void test_pairs(void **state)
{
	struct driver *d = &net_vm.driver;
	uint16_t head;
	uint32_t written;

	(void)state;
	assert_true(driver_offered(d) & F(MQ));
	assert_true(net_vm_start(~F(MQ), 64));
	assert_int_equal(driver_config(d, 8, 2), 4);
	assert_int_equal(CTRL(RX, PROMISC, "\1", 1), VIRTIO_NET_OK);
	assert_int_equal(set_pairs(2, 1), VIRTIO_NET_ERR);
	assert_int_equal(set_pairs(8, 1), -1);

	assert_true(net_vm_start(ALL, 64));
	assert_int_equal(port->pairs, 1);
	assert_int_equal(set_pairs(8, 4), VIRTIO_NET_OK);
	assert_int_equal(port->pairs, 4);
	assert_int_equal(set_pairs(8, 5), VIRTIO_NET_ERR);
	assert_int_equal(set_pairs(8, 0), VIRTIO_NET_ERR);
	assert_int_equal(port->pairs, 4);
	for (unsigned pair = 0; pair < 4; pair++) {
		unsigned rx = VIRTIO_NET_RECEIVEQ(pair), tx = VIRTIO_NET_TRANSMITQ(pair);
		gpa_t at = net_vm_add_buffer(rx, 2048, 0);
		assert_true(net_vm_add_frame(tx, &plain, data, 100 + pair, 0) >= 0);
		driver_kick(d, rx);
		driver_kick(d, tx);
		driver_run(d);
		assert_true(arrive(pair, 300 + pair, NULL, 1));
		assert_true(driver_collect(d, rx, &head, &written));
		assert_int_equal(written, 312 + pair);
		assert_memory_equal(net_vm_ram(at) + 12, data, 300);
		assert_true(driver_collect(d, tx, &head, &written));
		assert_int_equal(net_vm.len, 100 + pair);
		assert_int_equal(net_vm.queue, tx);
	}
	assert_int_equal(set_pairs(8, 2), VIRTIO_NET_OK);
	assert_int_equal(port->pairs, 2);
}

/* ---- every subset of what is offered ---- */

static void test_subsets(void **state)
{
	struct driver *d = &net_vm.driver;
	uint64_t random = 1;
	uint16_t head;
	uint32_t written;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		uint64_t mask = random >> 7 | VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
		assert_true(net_vm_start(mask, 1u << (random >> 60) % 9));
		if (d->q[1].size >= 1)
			assert_true(net_vm_send(&plain, data, 60 + i, 0));
		net_vm_add_buffer(0, 600, 0);
		driver_kick(d, 0);
		driver_run(d);
		assert_true(arrive(0, 500, NULL, 1));
		assert_true(driver_collect(d, 0, &head, &written));
		assert_int_equal(written, 512);
		int answer = d->q[2].size >= 4 ? CTRL(RX, PROMISC, "\1", 1) : -1;
		int expected = mask & F(CTRL_RX) ? (int)VIRTIO_NET_OK : (int)VIRTIO_NET_ERR;
		bool queue = (mask & F(CTRL_VQ)) && d->q[2].size >= 4;
		assert_int_equal(answer, queue ? expected : -1);
	}
}

#define TEST(function)                            \
	cmocka_unit_test_prestate_setup_teardown( \
		function, setup, teardown, (void *)(uintptr_t)options)

static int all_tests(const struct net_vm_options *options)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identity),
		TEST(test_send),
		TEST(test_wishes),
		TEST(test_answers),
		TEST(test_many_lent),
		TEST(test_receive),
		TEST(test_merged),
		TEST(test_header_pieces),
		TEST(test_many_buffers),
		TEST(test_host_takes_few),
		TEST(test_reset),
		TEST(test_queue_reset),
		TEST(test_flags),
		TEST(test_tables),
		TEST(test_offloads),
		TEST(test_no_answer),
		TEST(test_subsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

static int pairs_tests(const struct net_vm_options *options)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	static const struct net_vm_options machines[] = {
		{.transport = VM_TRANSPORT_MMIO},
		{.transport = VM_TRANSPORT_PCI},
		{.transport = VM_TRANSPORT_PCI, .msix = true},
	};
	static const struct net_vm_options many[] = {
		{.transport = VM_TRANSPORT_MMIO, .pairs = 4},
		{.transport = VM_TRANSPORT_PCI, .pairs = 4, .msix = true},
	};
	int failed = 0;

	for (unsigned i = 0; i < 3; i++)
		failed += all_tests(&machines[i]);
	for (unsigned i = 0; i < 2; i++)
		failed += pairs_tests(&many[i]);
	return failed;
}
