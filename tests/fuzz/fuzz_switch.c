/* SPDX-License-Identifier: MIT */
/*
 * The switch with three VMs and an interface: frames with any wishes from any side, ports that come and go, an interface that
 * is full. Whatever happens, nobody receives another's unicast, nothing of a foreign source passes, what is said to be
 * complete is, and every frame that was lent comes back once.
 */
#include <stdlib.h>
#include <string.h>

#include "include/abi/virtio.h"
#include "include/abi/virtio_net.h"
#include "include/vm_spec.h"
#include "tests/fuzz/input.h"
#include "tests/unit/nic_mock.h"
#include "tests/unit/switch_vm.h"

#define VMS   3
#define STEPS 120

static struct input input;
static struct switch_vm vms[VMS];
static uint8_t data[70000];
static unsigned lent[VMS]; /* frames of each since it was attached */

static void require(bool what)
{
	if (!what)
		abort();
}

static unsigned number(unsigned bound)
{
	return (unsigned)input_number(&input, 2) % bound;
}

static void attach(unsigned i)
{
	static const uint32_t sizes[] = {64, 1600, 2048};
	uint32_t size = number(16) ? sizes[number(3)] : 65562;

	require(vm_attach(&vms[i], "fuzz", (uint8_t)(i + 1), 1 + number(3), size));
	lent[i] = 0;
}

/* An address: a VM's, a group's, or one outside. */
static void put_address(uint8_t *at)
{
	const uint8_t vm[6] = {0x52, 0x54, 0, 0, 0, (uint8_t)(1 + number(VMS + 1))};

	memcpy(at, vm, 6);
	if (number(4) == 0)
		memcpy(at, vm_broadcast, 6);
	if (number(8) == 0)
		input_bytes(&input, at, 6);
}

static size_t make_frame(struct dm_frame *frame, const uint8_t *from)
{
	struct frame_wish wish = {
		.v6 = number(2),
		.udp = number(3) == 0,
		.vlan = number(4) == 0,
		.payload = number(4) ? number(2000) : number(60000),
		.mss = (uint16_t)(number(3)   ? 0
				  : number(4) ? 1400
					      : number(3000)),
		.port = (uint16_t)number(16),
	};

	put_address(wish.to);
	memcpy(wish.from, from, 6);
	if (wish.udp)
		wish.mss = 0;
	return frame_make(data, &wish, frame);
}

/* Lies about it. */
static void spoil(struct dm_frame *frame, size_t len)
{
	unsigned how = number(6);

	if (how == 0)
		input_bytes(&input, frame, sizeof(*frame));
	if (how == 1)
		input_bytes(&input, data + number((unsigned)(len < 128 ? len : 128)), number(8));
	if (how == 2)
		put_address(data + 6);
}

static void send(void)
{
	unsigned i = number(VMS);
	struct dm_frame frame;

	if (!vms[i].port)
		return;
	size_t len = make_frame(&frame, vms[i].mac);
	spoil(&frame, len);
	if (number(8) == 0)
		len = number((unsigned)len + 1);
	bool own = len >= 12 && memcmp(data + 6, vms[i].mac, 6) == 0;
	struct switch_stats before, after;
	switch_stats(vms[i].port, &before);
	size_t header = number(4) ? DM_HEADER_MAX : number(DM_HEADER_MAX);
	enum switch_answer answer =
		vm_send_bytes(&vms[i], data, len, &frame, header, 700 + number(2000));
	switch_stats(vms[i].port, &after);
	require(own || after.sent == before.sent);
	require(answer != SWITCH_LENT || own);
	lent[i] += answer == SWITCH_LENT;
}

static void receive(void)
{
	static const uint8_t outside[6] = {0x52, 0x55, 1, 2, 3, 4};
	struct dm_frame frame;
	size_t len = make_frame(&frame, outside);

	spoil(&frame, len);
	if (number(8) == 0)
		len = number((unsigned)len + 1);
	if (len > 0)
		nic_mock_receive(0, &frame, data, len);
}

/* What a VM gets is for it, and in a form that it asked for. */
static void take(void)
{
	unsigned i = number(VMS);

	if (!vms[i].port)
		return;
	while (vm_take(&vms[i])) {
		const struct switch_vm *vm = &vms[i];
		require(vm->len >= 14);
		require((vm->data[0] & 1) || memcmp(vm->data, vm->mac, 6) == 0);
		require(memcmp(vm->data + 6, vm->mac, 6) != 0);
		require(!(vm->data[6] & 1));
		if (!(vm->frame.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
			require(vm->frame.gso_type == 0);
	}
}

static void features(void)
{
	unsigned i = number(VMS);

	if (vms[i].port)
		switch_features(vms[i].port, input_number(&input, 2), number(5));
}

static void filter(void)
{
	unsigned i = number(VMS);
	struct dm_net_filter f = {
		.promiscuous = number(2),
		.all_multicast = number(2),
		.no_broadcast = number(8) == 0,
		.no_multicast = number(8) == 0,
		.no_unicast = number(8) == 0,
		.n = (uint16_t)number(DM_NET_FILTER_MAX + 2),
	};
	static const uint8_t table[DM_NET_FILTER_MAX][6] = {{0x33, 0x33}, {1, 0, 0x5e}};

	f.mac = table;
	if (vms[i].port)
		switch_filter(vms[i].port, &f);
}

static void done(void)
{
	nic_mock_done(0);
	for (unsigned i = 0; i < VMS; i++)
		require(vms[i].done <= lent[i]);
}

static void room(void)
{
	nic_mock[0].room = number(20);
	nic_mock[0].user->room(0);
}

static void abilities(void)
{
	nic_mock[0].info.checksum = number(2);
	nic_mock[0].info.tso4 = nic_mock[0].info.tso6 = number(2);
	nic_mock[0].info.mtu = (uint16_t)(number(4) ? 1500 : 9000);
}

static void time_passes(void)
{
	nic_mock_ns += (uint64_t)number(1000) * 1000000;
}

/* All that is on its way ends, and each frame came back once. */
static void settle(void)
{
	nic_mock[0].room = NIC_MOCK_SENT;
	nic_mock[0].answer = OK;
	for (unsigned i = 0; i < 3; i++) {
		nic_mock[0].user->room(0);
		nic_mock_done(0);
		for (unsigned k = 0; k < nic_mock[0].n; k++) {
			free(nic_mock[0].sent[k].data);
			nic_mock[0].sent[k].data = NULL;
		}
		nic_mock[0].n = 0;
	}
	for (unsigned i = 0; i < VMS; i++)
		require(vms[i].done == lent[i]);
}

static void reattach(void)
{
	unsigned i = number(VMS);

	settle();
	if (vms[i].port)
		vm_detach(&vms[i]);
	else
		attach(i);
	if (!vms[i].port)
		lent[i] = vms[i].done = 0;
}

static void step(void)
{
	static void (*const ops[])(void) = {send, send, send, receive, receive, take, take,
		features, filter, done, room, abilities, time_passes, reattach};

	ops[number(sizeof(ops) / sizeof(ops[0]))]();
	if (nic_mock[0].n > NIC_MOCK_SENT - 300)
		settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	input = (struct input){bytes, size};
	nic_mock_reset();
	nic_mock[0].room = 100;
	nic_mock_ns += 1000000000;
	require(switch_network("fuzz", 0) == OK);
	for (unsigned i = 0; i < VMS; i++)
		attach(i);
	for (unsigned i = 0; i < STEPS && input.left > 0; i++)
		step();
	settle();
	for (unsigned i = 0; i < VMS; i++)
		vm_detach(&vms[i]);
	return 0;
}
