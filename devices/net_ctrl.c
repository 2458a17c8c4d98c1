/* SPDX-License-Identifier: MIT */
/*
 * The control queue (virtio 1.2, 5.1.6.5): a table of commands, each with the feature it needs and the length of its data.
 * The address is the one of the configuration; a driver that wants another hears that it can't. Unicast addresses beside it are
 * taken and change nothing: what is for another machine never comes here.
 */
#include <string.h>

#include "devices/net_parts.h"

#define BATCH 16 /* commands a run */

#define MAC       6u /* bytes */
#define MAC_COUNT 4u /* bytes of the number before a table */

#define COMMAND_HEADER ((uint32_t)sizeof(struct virtio_net_ctrl_hdr))

/* ---- which frames ---- */

/* One byte of data: on or off. */
static bool set_flag(struct device *dev, bool *flag, const struct vq_chain *chain)
{
	uint8_t on;

	vq_chain_read(chain, COMMAND_HEADER, &on, sizeof(on));
	if (on > 1)
		return false;
	*flag = on;
	net_tell_filter(dev);
	return true;
}

static bool set_promiscuous(struct device *dev, const struct vq_chain *chain)
{
	return set_flag(dev, &((struct net *)dev->state)->filter.promiscuous, chain);
}

static bool set_all_multicast(struct device *dev, const struct vq_chain *chain)
{
	struct net *net = dev->state;

	net->filtered = true;
	return set_flag(dev, &net->all_multicast, chain);
}

/* It gets all unicast that it may get as it is. */
static bool set_all_unicast(struct device *dev, const struct vq_chain *chain)
{
	bool ignored;

	return set_flag(dev, &ignored, chain);
}

static bool set_no_multicast(struct device *dev, const struct vq_chain *chain)
{
	return set_flag(dev, &((struct net *)dev->state)->filter.no_multicast, chain);
}

static bool set_no_unicast(struct device *dev, const struct vq_chain *chain)
{
	return set_flag(dev, &((struct net *)dev->state)->filter.no_unicast, chain);
}

static bool set_no_broadcast(struct device *dev, const struct vq_chain *chain)
{
	return set_flag(dev, &((struct net *)dev->state)->filter.no_broadcast, chain);
}

/* The table at byte `at` of the data: its entries, and where it ends. false: it is longer than the data. */
static bool find_table(const struct vq_chain *chain, uint64_t at, uint32_t *n, uint64_t *end)
{
	if (vq_chain_read(chain, at, n, MAC_COUNT) != MAC_COUNT)
		return false;
	*end = at + MAC_COUNT + (uint64_t)*n * MAC;
	return *end <= chain->out_len;
}

/* Two tables, of unicast and of multicast addresses. What is too long for the host's is taken for "all". */
static bool set_table(struct device *dev, const struct vq_chain *chain)
{
	struct net *net = dev->state;
	uint64_t at, end;
	uint32_t n;

	if (!find_table(chain, COMMAND_HEADER, &n, &at) || !find_table(chain, at, &n, &end))
		return false;
	net->filtered = true;
	net->overflow = n > DM_NET_FILTER_MAX;
	net->filter.n = net->overflow ? 0 : (uint16_t)n;
	vq_chain_read(chain, at + MAC_COUNT, net->filter_mac, MAC * (size_t)net->filter.n);
	net_tell_filter(dev);
	return true;
}

static bool set_address(struct device *dev, const struct vq_chain *chain)
{
	const struct net *net = dev->state;
	uint8_t mac[MAC];

	vq_chain_read(chain, COMMAND_HEADER, mac, MAC);
	return memcmp(mac, net->config.mac, MAC) == 0;
}

/* ---- how they come ---- */

static bool set_pairs(struct device *dev, const struct vq_chain *chain)
{
	struct net *net = dev->state;
	uint16_t pairs;

	vq_chain_read(chain, COMMAND_HEADER, &pairs, sizeof(pairs));
	if (pairs < VIRTIO_NET_CTRL_MQ_PAIRS_MIN || pairs > net->pairs)
		return false;
	net->active = pairs;
	net_tell_features(dev);
	return true;
}

static bool set_offloads(struct device *dev, const struct vq_chain *chain)
{
	struct net *net = dev->state;
	uint64_t offloads;

	vq_chain_read(chain, COMMAND_HEADER, &offloads, sizeof(offloads));
	if (offloads & ~(dev->driver_features & NET_GUEST_OFFLOADS))
		return false;
	net->offloads = offloads;
	net_tell_features(dev);
	return true;
}

/* ---- commands ---- */

static const struct command {
	uint8_t class, command;
	uint8_t feature;
	uint8_t len; /* bytes of data at least */
	bool (*run)(struct device *dev, const struct vq_chain *chain);
} commands[] = {
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, 1, set_promiscuous},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, 1,
		set_all_multicast},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1,
		set_all_unicast},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1,
		set_no_multicast},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1,
		set_no_unicast},
	{VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA, 1,
		set_no_broadcast},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_F_CTRL_RX, 2 * MAC_COUNT,
		set_table},
	{VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR, MAC,
		set_address},
	{VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, 2, set_pairs},
	{VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
		VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, 8, set_offloads},
};

static uint8_t run_command(struct device *dev, const struct vq_chain *chain)
{
	struct virtio_net_ctrl_hdr hdr;

	if (vq_chain_read(chain, 0, &hdr, sizeof(hdr)) != sizeof(hdr))
		return VIRTIO_NET_ERR;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		if (c->class != hdr.class || c->command != hdr.command)
			continue;
		bool done = device_has(dev, c->feature) &&
			    chain->out_len - COMMAND_HEADER >= c->len && c->run(dev, chain);
		return (uint8_t)(done ? VIRTIO_NET_OK : VIRTIO_NET_ERR);
	}
	return VIRTIO_NET_ERR;
}

bool net_ctrl_run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct virtqueue *vq = &dev->queue[q];

	for (unsigned i = 0; i < BATCH; i++) {
		if (virtqueue_pop(vq, chain) != VQ_CHAIN)
			return false;
		uint8_t answer = run_command(dev, chain);
		uint32_t written = (uint32_t)vq_chain_write(chain, 0, &answer, sizeof(answer));
		if (!virtqueue_push(vq, chain->head, written))
			return false;
	}
	return true;
}
