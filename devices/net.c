/* SPDX-License-Identifier: MIT */
/*
 * The network device: what it offers, and its life. Which queue is for control depends on what was negotiated:
 * without MQ it is the third, with it the last (virtio 1.2, 5.1.2).
 *
 * What the driver wants of received frames is told to the host when a queue runs for the first time: before, no buffer is
 * there for any.
 */
#include <string.h>

#include "devices/net_parts.h"

#define CTRL_QUEUE_SIZE 64

#define FEATURES                                                                                   \
	(VIRTIO_FEATURE(VIRTIO_NET_F_CSUM) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM) |             \
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) |                                 \
		VIRTIO_FEATURE(VIRTIO_NET_F_MAC) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4) |       \
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO4) | \
		VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO6) | VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF) |  \
		VIRTIO_FEATURE(VIRTIO_NET_F_STATUS) | VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ) |       \
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_RX) |                                             \
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_RX_EXTRA) |                                       \
		VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_MAC_ADDR))

static unsigned n_pairs(const struct vm_device *spec)
{
	unsigned n = spec->net.queues ? spec->net.queues : 1;

	return n < VM_QUEUES_MAX ? n : VM_QUEUES_MAX;
}

size_t net_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	return sizeof(struct net) + n_pairs(spec) * sizeof(struct net_rx);
}

_Static_assert(sizeof(struct net) + VM_QUEUES_MAX * sizeof(struct net_rx) <= 200 * 1024,
	"a network takes");
_Static_assert(2 * VM_QUEUES_MAX + 1 <= DEVICE_QUEUES_MAX, "there is a queue for each");
_Static_assert(NET_TX_REQUESTS <= UINT8_MAX, "a place in the pool is a byte");

static void forget(struct net *net)
{
	net->started = false;
	net->active = 1;
	net->offloads = 0;
	net->starved = net->waiting = 0;
	net->filter = (struct dm_net_filter){.mac = (const uint8_t(*)[6])net->filter_mac};
	net->all_multicast = net->filtered = net->overflow = false;
}

enum status net_init(struct device *dev, void *mem, void *arena)
{
	struct net *net = mem;

	(void)arena;
	memset(net, 0, net_state_size(dev->vm, dev->spec));
	dev->state = net;
	net->pairs = (uint16_t)n_pairs(dev->spec);
	memcpy(net->config.mac, dev->spec->net.mac, sizeof(net->config.mac));
	net->config.status = VIRTIO_NET_S_LINK_UP;
	net->config.max_virtqueue_pairs = net->pairs;
	for (unsigned i = 0; i < NET_TX_REQUESTS; i++)
		net->free[net->n_free++] = (uint8_t)i;
	dev->n_queues = 2u * net->pairs + 1;
	for (unsigned q = 0; q < dev->n_queues; q++)
		virtqueue_init(&dev->queue[q], dev->host,
			q < 2u * net->pairs ? NET_QUEUE_SIZE : CTRL_QUEUE_SIZE);
	forget(net);
	return OK;
}

static uint64_t offered(const struct device *dev)
{
	const struct net *net = dev->state;

	return FEATURES | (net->pairs > 1 ? VIRTIO_FEATURE(VIRTIO_NET_F_MQ) : 0);
}

static const void *config(const struct device *dev, size_t *size)
{
	const struct net *net = dev->state;

	*size = sizeof(net->config);
	return &net->config;
}

/* ---- what the host is told ---- */

void net_tell_features(struct device *dev)
{
	const struct net *net = dev->state;
	uint64_t merge = dev->driver_features & VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF);

	host_net_features(dev->host, dev->spec->port, net->offloads | merge, net->active);
}

void net_tell_filter(struct device *dev)
{
	struct net *net = dev->state;

	/* A driver that never says which groups it wants gets all of them. */
	net->filter.all_multicast = net->all_multicast || net->overflow || !net->filtered;
	host_net_filter(dev->host, dev->spec->port, &net->filter);
}

static void start(struct device *dev)
{
	struct net *net = dev->state;

	if (net->started)
		return;
	net->started = true;
	net->offloads = dev->driver_features & NET_GUEST_OFFLOADS;
	net_tell_features(dev);
	net_tell_filter(dev);
}

/* ---- life ---- */

/* Pairs that the driver may use. */
static unsigned usable_pairs(const struct device *dev)
{
	const struct net *net = dev->state;

	return device_has(dev, VIRTIO_NET_F_MQ) ? net->pairs : 1;
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	unsigned control = 2 * usable_pairs(dev);

	start(dev);
	if (q < control)
		return q % 2 ? net_tx_run(dev, q, chain) : net_rx_run(dev, q, chain);
	return q == control && device_has(dev, VIRTIO_NET_F_CTRL_VQ) && net_ctrl_run(dev, q, chain);
}

static void reset_queue(struct device *dev, unsigned q)
{
	struct net *net = dev->state;

	if (q % 2 == 0 && q < 2u * net->pairs)
		net_rx_reset(dev, q / 2);
	net->starved &= ~(1u << q);
	net->waiting &= ~(1u << q);
}

static void reset(struct device *dev)
{
	struct net *net = dev->state;

	for (unsigned pair = 0; pair < net->pairs; pair++)
		net_rx_reset(dev, pair);
	forget(net);
}

static void port_ready(struct device *dev)
{
	struct net *net = dev->state;

	for (unsigned pair = 0; pair < net->pairs; pair++)
		dev->kicked |= 1u << VIRTIO_NET_RECEIVEQ(pair);
	dev->kicked |= net->waiting;
	net->waiting = 0;
}

const struct device_ops net_ops = {
	.id = VIRTIO_ID_NET,
	.offered = offered,
	.class_code = {0x00, 0x00, 0x02},
	.config = config,
	.reset = reset,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
	.done = net_tx_done,
};
