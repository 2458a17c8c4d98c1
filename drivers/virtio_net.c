/* SPDX-License-Identifier: MIT */
/* A network interface: what it can, its link, its filter, and its end. */
#include "drivers/virtio_net.h"

#include <stdio.h>
#include <string.h>

#include "drivers/virtio_net_parts.h"
#include "lib/log.h"

#define TIMEOUT_SECONDS 30
#define SECOND_NS       1000000000ull
#define MTU             1500u
#define MTU_MIN         68u
#define ETHERNET        18u /* bytes of an Ethernet header with a VLAN tag */
#define MEMORY_PAGES    512 /* a block of 2 MiB: buffers, slots, and a frame put together */

_Static_assert(2 * NET_DEPTH * NET_BUFFER + NET_FRAME_MAX <= MEMORY_PAGES * 4096, "");
_Static_assert(sizeof(struct net_nic) <= 2 * 4096, "driver_pages(2)");

struct net_nic *net_nics[NET_NICS_MAX];
unsigned net_n_nics;

unsigned nic_count(void)
{
	return net_n_nics;
}

const struct nic_info *nic_info(unsigned nic)
{
	return &net_nics[nic]->info;
}

void nic_open(unsigned number, const struct nic_user *user)
{
	struct net_nic *nic = net_nics[number];

	bool first = !nic->user;

	nic->user = user;
	if (first)
		net_rx_fill(nic);
}

/* ---- its end ---- */

void net_fail(struct net_nic *nic, const char *why)
{
	spin_lock(&nic->tx.lock);
	bool was = nic->failed;

	nic->failed = true;
	spin_unlock(&nic->tx.lock);
	if (was)
		return;
	log_line("%s: %s; nothing goes through it from now on", nic->info.name, why);
	nic->info.link = false;
	virtio_stop(nic->device);
	net_tx_drop_all(nic);
}

static void changed(void *owner)
{
	struct net_nic *nic = owner;

	if (nic->failed)
		return;
	if (virtio_is_broken(nic->device))
		net_fail(nic, "the device has failed or is gone");
	else if (virtio_has(nic->device, VIRTIO_NET_F_STATUS))
		nic->info.link = VIRTIO_CONFIG(nic->device, struct virtio_net_config, status) &
				 VIRTIO_NET_S_LINK_UP;
}

static bool tick(void *owner)
{
	struct net_nic *nic = owner;
	bool late = false, busy;

	if (nic->failed)
		return false;
	nic->seconds++;
	busy = net_tx_busy(nic, TIMEOUT_SECONDS, &late);
	if (late)
		net_fail(nic, "a frame has taken more than 30 s");
	else
		changed(nic);
	return busy;
}

/* ---- control ---- */

static void nothing(void *owner)
{
	(void)owner;
}

/* Polled: it is rare, and short. */
static bool command(struct net_nic *nic, uint8_t class, uint8_t what, uint8_t on)
{
	struct net_control *c = &nic->control;
	uint64_t start = driver_time_ns();
	uint32_t written;
	int head;

	c->header = (struct virtio_net_ctrl_hdr){class, what};
	c->on = on;
	c->answer = VIRTIO_NET_ERR;
	c->table[0] = (struct virtq_desc){.addr = (uintptr_t)&c->header, .len = sizeof(c->header)};
	c->table[1] = (struct virtq_desc){.addr = (uintptr_t)&c->on, .len = sizeof(c->on)};
	c->table[2] = (struct virtq_desc){
		.addr = (uintptr_t)&c->answer, .len = 1, .flags = VIRTQ_DESC_F_WRITE};
	virtio_ring_add(&c->ring, c->table, 3);
	if (virtio_ring_must_notify(&c->ring))
		virtio_notify(nic->device, &c->ring);
	do {
		head = virtio_ring_take(&c->ring, &written);
	} while (head == VIRTIO_RING_NONE && driver_time_ns() - start < SECOND_NS);
	/* One that does not answer may still do so, into what would be the next one's. */
	c->present = head >= 0;
	return head >= 0 && *(volatile uint8_t *)&c->answer == VIRTIO_NET_OK;
}

void nic_promiscuous(unsigned number)
{
	struct net_nic *nic = net_nics[number];
	bool done;

	if (!nic->control.present)
		return;
	spin_lock(&nic->control.lock);
	done = nic->control.present &&
	       command(nic, VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 1);
	spin_unlock(&nic->control.lock);
	if (!done)
		log_line("%s: it listens to its own address only", nic->info.name);
}

/* ---- at boot ---- */

#define F(name) VIRTIO_FEATURE(VIRTIO_NET_F_##name)
#define WANTED                                                                                 \
	(F(MAC) | F(STATUS) | F(MTU) | F(CSUM) | F(GUEST_CSUM) | F(HOST_TSO4) | F(HOST_TSO6) | \
		F(GUEST_TSO4) | F(GUEST_TSO6) | F(MRG_RXBUF) | F(CTRL_VQ) | F(CTRL_RX))

/* What does not fit one buffer needs several; large frames come with checksums to do. */
static uint64_t wanted(const struct virtio_device *v)
{
	uint64_t offered = v->transport->features(v), w = WANTED;

	if (!(offered & F(MRG_RXBUF)) || !(offered & F(GUEST_CSUM)))
		w &= ~(F(GUEST_TSO4) | F(GUEST_TSO6));
	if (!(offered & F(CSUM)))
		w &= ~(F(HOST_TSO4) | F(HOST_TSO6));
	if (!(offered & F(CTRL_VQ)))
		w &= ~F(CTRL_RX);
	return w;
}

static void read_config(struct net_nic *nic)
{
	const struct virtio_device *v = nic->device;
	struct nic_info *info = &nic->info;
	uint64_t mtu = MTU;

	if (virtio_has(v, VIRTIO_NET_F_MAC))
		for (unsigned i = 0; i < sizeof(info->mac); i++)
			info->mac[i] = (uint8_t)virtio_config(
				v, offsetof(struct virtio_net_config, mac) + i, 1);
	if (virtio_has(v, VIRTIO_NET_F_MTU))
		mtu = VIRTIO_CONFIG(v, struct virtio_net_config, mtu);
	if (!virtio_has(v, VIRTIO_NET_F_MRG_RXBUF) &&
		mtu > NET_BUFFER - sizeof(struct virtio_net_hdr) - ETHERNET)
		mtu = MTU;
	info->mtu = mtu >= MTU_MIN && mtu <= UINT16_MAX ? (uint16_t)mtu : MTU;
	info->checksum = virtio_has(v, VIRTIO_NET_F_CSUM);
	info->tso4 = virtio_has(v, VIRTIO_NET_F_HOST_TSO4);
	info->tso6 = virtio_has(v, VIRTIO_NET_F_HOST_TSO6);
	info->receives_csum = virtio_has(v, VIRTIO_NET_F_GUEST_CSUM);
	info->receives_gso =
		virtio_has(v, VIRTIO_NET_F_GUEST_TSO4) || virtio_has(v, VIRTIO_NET_F_GUEST_TSO6);
	info->queues = 1;
	info->link = true;
}

/* Without MQ the control queue is the third. */
static bool start_queues(struct net_nic *nic)
{
	struct virtio_device *v = nic->device;
	uint8_t *memory = driver_pages(MEMORY_PAGES);

	if (!memory)
		return false;
	nic->rx.buffers = memory;
	nic->tx.slots = memory + NET_DEPTH * NET_BUFFER;
	nic->rx.whole = memory + 2 * NET_DEPTH * NET_BUFFER;
	if (virtio_queue_init(
		    v, VIRTIO_NET_RECEIVEQ(0), &nic->rx.ring, NET_DEPTH, net_rx_serve, nic) != OK ||
		virtio_queue_init(v, VIRTIO_NET_TRANSMITQ(0), &nic->tx.ring, NET_DEPTH,
			net_tx_serve, nic) != OK)
		return false;
	/* Buffers are given without tables of their own. */
	nic->rx.ring.indirect = false;
	nic->control.present = virtio_has(v, VIRTIO_NET_F_CTRL_RX) &&
			       virtio_queue_init(v, VIRTIO_NET_RECEIVEQ(1), &nic->control.ring,
				       NET_CONTROL_RING, nothing, NULL) == OK;
	return true;
}

static bool start(struct net_nic *nic, struct virtio_device *v)
{
	if (virtio_begin(v, 0, wanted(v)) != OK)
		return false;
	virtio_on_change(v, changed, nic);
	read_config(nic);
	return start_queues(nic) && virtio_go(v) == OK;
}

static void say(const struct net_nic *nic)
{
	const struct nic_info *info = &nic->info;
	const uint8_t *m = info->mac;

	log_line("%s: %02x:%02x:%02x:%02x:%02x:%02x%s%s%s, virtio at %s", info->name, m[0], m[1],
		m[2], m[3], m[4], m[5], info->checksum ? ", checksums" : "",
		info->tso4 ? ", segments" : "", info->receives_gso ? ", joins" : "",
		nic->device->where);
}

bool virtio_net_start(struct virtio_device *v)
{
	struct net_nic *nic = net_n_nics < NET_NICS_MAX ? driver_pages(2) : NULL;

	if (!nic)
		return false;
	nic->device = v;
	nic->number = net_n_nics;
	snprintf(nic->info.name, sizeof(nic->info.name), "nic%u", net_n_nics);
	if (!start(nic, v) || !driver_every_second(tick, nic))
		return false;
	net_nics[net_n_nics++] = nic;
	changed(nic);
	say(nic);
	return true;
}
