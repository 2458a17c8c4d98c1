/* SPDX-License-Identifier: MIT */
/*
 * Into a port's mailbox, in a form that its guest said it understands: where it wants no partial checksum, the checksum is
 * completed, where no large segments, TCP is cut into frames. One copy either way, from the sender's
 * memory to the receiver's.
 */
#include <string.h>

#include "backends/segment.h"
#include "backends/switch_parts.h"
#include "include/abi/virtio.h"
#include "include/abi/virtio_net.h"

struct delivery {
	struct mailbox *box;
	unsigned max_buffers;
	uint64_t features;
};

static bool has(const struct delivery *d, unsigned bit)
{
	return d->features & VIRTIO_FEATURE(bit);
}

static void begin(struct delivery *d, struct switch_port *to, const struct packet *packet)
{
	unsigned queues = __atomic_load_n(&to->queues, __ATOMIC_RELAXED);

	d->features = __atomic_load_n(&to->features, __ATOMIC_RELAXED);
	d->max_buffers = has(d, VIRTIO_NET_F_MRG_RXBUF) ? DM_POSTED_MAX : 1;
	d->box = to->mailbox[queues > 1 ? packet_flow(packet) % queues : 0];
}

/* A header of its own, then [offset, +len) of the packet's data. */
static bool put(const struct delivery *d, const struct dm_frame *frame, const uint8_t *header,
	uint32_t header_len, const struct packet *packet, uint32_t offset, uint32_t len)
{
	struct iovec_piece pieces[1 + SWITCH_PIECES_MAX];

	pieces[0] = (struct iovec_piece){(void *)(uintptr_t)header, header_len};
	unsigned n = 1 + packet_cut(packet, offset, len, pieces + 1);
	return mailbox_deliver(d->box, frame, pieces, n, header_len + len, d->max_buffers);
}

static bool put_whole(const struct delivery *d, const struct dm_frame *frame, const uint8_t *header,
	const struct packet *packet)
{
	return put(
		d, frame, header, packet->header_len, packet, 0, packet->len - packet->header_len);
}

/* What is said of a frame whose checksum was just made. */
static struct dm_frame complete_frame(const struct delivery *d)
{
	return (struct dm_frame){
		.flags = has(d, VIRTIO_NET_F_GUEST_CSUM) ? VIRTIO_NET_HDR_F_DATA_VALID : 0,
	};
}

static bool put_completed(const struct delivery *d, const struct packet *packet)
{
	struct dm_frame frame = complete_frame(d);
	uint8_t header[DM_HEADER_MAX];

	memcpy(header, packet->header, packet->header_len);
	packet_complete(packet, header);
	return put_whole(d, &frame, header, packet);
}

/* All segments or, from the first that finds no buffer on, none: TCP sends them again. */
static bool put_segments(const struct delivery *d, const struct packet *packet)
{
	struct dm_frame frame = complete_frame(d);
	struct segmenter s;

	if (!segment_begin(&s, packet))
		return false;
	while (segment_next(&s, packet)) {
		if (!put(d, &frame, s.header, s.header_len, packet, s.offset, s.len))
			return s.index > 1;
	}
	return true;
}

static bool takes_segments(const struct delivery *d, const struct packet *packet)
{
	unsigned bit = packet->frame.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? VIRTIO_NET_F_GUEST_TSO4
									  : VIRTIO_NET_F_GUEST_TSO6;

	return has(d, VIRTIO_NET_F_GUEST_CSUM) && has(d, bit);
}

static bool put_as_wanted(const struct delivery *d, const struct packet *packet)
{
	struct dm_frame frame = packet->frame;

	if (frame.gso_type != VIRTIO_NET_HDR_GSO_NONE && !takes_segments(d, packet))
		return put_segments(d, packet);
	if (!has(d, VIRTIO_NET_F_GUEST_CSUM)) {
		if (frame.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			return put_completed(d, packet);
		frame.flags = 0;
	}
	return put_whole(d, &frame, packet->header, packet);
}

/* ---- filters ---- */

static bool wants_group(const struct switch_port *to, const uint8_t *address)
{
	const struct dm_net_filter *filter = &to->filter;

	if (switch_mac(address) == SWITCH_MAC_BROADCAST)
		return !filter->no_broadcast;
	if (filter->no_multicast)
		return false;
	if (filter->promiscuous || filter->all_multicast)
		return true;
	for (unsigned i = 0; i < filter->n; i++) {
		if (memcmp(to->filter_mac[i], address, 6) == 0)
			return true;
	}
	return false;
}

static bool wants(struct switch_port *to, const uint8_t *address)
{
	bool group = switch_mac(address) & SWITCH_MAC_GROUP;

	spin_lock(&to->lock);
	bool wanted = group ? wants_group(to, address) : !to->filter.no_unicast;
	spin_unlock(&to->lock);
	return wanted;
}

void switch_deliver(struct switch_port *to, const struct packet *packet, struct switch_wake *wake)
{
	struct delivery d;

	if (!wants(to, packet->header))
		return;
	begin(&d, to, packet);
	if (!put_as_wanted(&d, packet)) {
		switch_count(&to->stats.dropped);
		return;
	}
	switch_count(&to->stats.received);
	switch_wake_add(wake, to);
}

void switch_flood(struct network *network, const struct switch_port *from,
	const struct packet *packet, struct switch_wake *wake)
{
	for (unsigned i = 0; i < network->n; i++) {
		if (network->port[i] != from)
			switch_deliver(network->port[i], packet, wake);
	}
}
