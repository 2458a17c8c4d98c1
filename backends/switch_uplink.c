/* SPDX-License-Identifier: MIT */
/*
 * To and from a physical interface. Frames of VMs go there as they lie in guest memory. What the interface can't do is done on the
 * way: a checksum goes into the copy of the header that is sent; a large TCP frame becomes segments (switch_job.c). What comes from it is
 * contiguous and in Vesper's memory.
 */
#include <string.h>

#include "backends/switch_job.h"
#include "include/abi/virtio_net.h"

#define UPLINKS_MAX 8

#define ETHER_HEADER 14
#define ETHER_SOURCE 6
#define VLAN_TAG     4
#define FRAME_MIN    ETHER_HEADER

static struct uplink uplinks[UPLINKS_MAX];

/* ---- sending ---- */

static enum switch_answer drop(uint64_t *dropped)
{
	++*dropped;
	return SWITCH_DONE;
}

static bool nic_segments(const struct nic_info *info, const struct packet *packet)
{
	if (packet->frame.gso_type == VIRTIO_NET_HDR_GSO_TCPV4)
		return info->checksum && info->tso4;
	return info->checksum && info->tso6;
}

/* Ethernet's header and a tag do not count. */
static bool fits_mtu(const struct nic_info *info, const struct packet *packet)
{
	bool tagged = packet->header_len >= ETHER_HEADER + VLAN_TAG && packet->header[12] == 0x81 &&
		      packet->header[13] == 0;
	uint32_t most = info->mtu + ETHER_HEADER + (tagged ? VLAN_TAG : 0u);

	if (packet->frame.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return (uint32_t)packet->frame.hdr_len + packet->frame.gso_size <= most;
	return packet->len <= most;
}

/* One frame of the interface for one of a VM. */
static enum switch_answer send_whole(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, const struct dm_frame *wishes, const void *header,
	uint64_t *dropped)
{
	struct nic_frame out = {
		.frame = *wishes,
		.header = header,
		.header_len = (uint16_t)packet->header_len,
		.queue = frame->queue,
		.n = frame->n_segments,
		.segment = frame->segment,
		.done = frame->done,
		.owner = frame->owner,
	};

	if (__atomic_load_n(&up->busy, __ATOMIC_ACQUIRE))
		return SWITCH_BUSY;
	switch (nic_send(up->nic, &out)) {
	case OK:
		return SWITCH_LENT;
	case ERR_BUSY:
		return SWITCH_BUSY;
	default:
		return drop(dropped);
	}
}

static enum switch_answer send_completed(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, uint64_t *dropped)
{
	static const struct dm_frame nothing;
	uint8_t header[DM_HEADER_MAX];

	memcpy(header, packet->header, packet->header_len);
	packet_complete(packet, header);
	return send_whole(up, frame, packet, &nothing, header, dropped);
}

static enum switch_answer send_as_wanted(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, uint64_t *dropped)
{
	const struct dm_frame *wishes = &packet->frame;

	if (wishes->gso_type != VIRTIO_NET_HDR_GSO_NONE && !nic_segments(up->info, packet))
		return switch_job_send(up, frame, packet, dropped);
	if ((wishes->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && !up->info->checksum)
		return send_completed(up, frame, packet, dropped);
	return send_whole(up, frame, packet, wishes, packet->header, dropped);
}

enum switch_answer switch_uplink_send(int nic, const struct switch_frame *frame,
	const struct packet *packet, bool retry, uint64_t *dropped)
{
	struct uplink *up = &uplinks[nic];

	if (!fits_mtu(up->info, packet))
		return drop(dropped);
	enum switch_answer answer = send_as_wanted(up, frame, packet, dropped);
	return answer == SWITCH_BUSY && !retry ? drop(dropped) : answer;
}

/* ---- receiving ---- */

static void forward(struct network *network, const struct packet *packet)
{
	uint64_t to = switch_mac(packet->header);
	uint64_t from = switch_mac(packet->header + ETHER_SOURCE);
	struct switch_wake wake;

	wake.n = 0;
	shared_lock_read(&network->lock);
	/* Nobody out there has a VM's address. */
	if (!(from & SWITCH_MAC_GROUP) && !switch_find(network, from)) {
		struct switch_port *port = NULL;
		if (to & SWITCH_MAC_GROUP)
			switch_flood(network, NULL, packet, &wake);
		else
			port = switch_find(network, to);
		if (port)
			switch_deliver(port, packet, &wake);
	}
	shared_unlock_read(&network->lock);
	switch_wake_all(&wake);
}

static void receive(
	unsigned nic, unsigned queue, const struct dm_frame *frame, const void *data, size_t len)
{
	struct network *network = uplinks[nic].network;

	(void)queue;
	if (len < FRAME_MIN || len > UINT32_MAX)
		return;
	uint32_t header_len = len < DM_HEADER_MAX ? (uint32_t)len : DM_HEADER_MAX;
	struct iovec_piece rest = {
		(uint8_t *)(uintptr_t)data + header_len, (uint32_t)len - header_len};
	struct packet packet = {
		.frame = *frame,
		.header = data,
		.header_len = header_len,
		.data = &rest,
		.n = rest.len > 0,
		.len = (uint32_t)len,
	};
	if (packet_check(&packet))
		forward(network, &packet);
}

static void room(unsigned nic)
{
	switch_job_room(&uplinks[nic]);
}

enum status switch_uplink_open(int nic, struct network *network)
{
	static const struct nic_user user = {receive, room};

	if (nic < 0 || nic >= UPLINKS_MAX || (unsigned)nic >= nic_count())
		return ERR_NOT_FOUND;
	struct uplink *up = &uplinks[nic];
	if (up->network)
		return ERR_BUSY;
	up->network = network;
	up->nic = (unsigned)nic;
	up->info = nic_info((unsigned)nic);
	nic_promiscuous((unsigned)nic);
	nic_open((unsigned)nic, &user);
	return OK;
}
