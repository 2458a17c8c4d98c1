/* SPDX-License-Identifier: MIT */
/*
 * From a port to where a frame belongs. A port speaks with its own address only, and what it sends to all is paid for: each
 * such frame is work for every other VM, so a port has no more of them than FLOOD_RATE a second, beyond
 * a burst.
 */
#include "backends/switch_parts.h"
#include "include/abi/virtio_net.h"
#include "include/driver_env.h"

#define FLOOD_RATE  2000ull /* frames a second */
#define FLOOD_BURST 512ull  /* frames */
#define FLOOD_COST  (1000000000ull / FLOOD_RATE)

/* Addresses that a bridge does not forward (IEEE 802.1Q, 8.6.3): 01:80:c2:00:00:00 .. 0f. */
#define RESERVED      0x0000c28001ull
#define RESERVED_MASK 0xf0ffffffffffull

_Static_assert((RESERVED & SWITCH_MAC_GROUP) == 1, "byte 0 is the lowest");

#define ETHER_SOURCE 6
#define ETHER_HEADER 14
#define FRAME_MAX    65550 /* bytes: the largest that virtio knows (1.2, 5.1.6.3) */

/* false: it is nothing that can be sent. */
static bool make_packet(const struct switch_frame *frame, struct packet *packet)
{
	uint64_t len = frame->header_len;

	if (frame->header_len < ETHER_HEADER || frame->header_len > DM_HEADER_MAX ||
		frame->n > SWITCH_PIECES_MAX || frame->n_segments > SWITCH_PIECES_MAX)
		return false;
	for (unsigned i = 0; i < frame->n; i++)
		len += frame->data[i].len;
	if (len > FRAME_MAX)
		return false;
	*packet = (struct packet){
		.frame = frame->frame,
		.header = frame->header,
		.header_len = frame->header_len,
		.data = frame->data,
		.n = frame->n,
		.len = (uint32_t)len,
	};
	/* What a VM says of its own checksums is not believed. */
	packet->frame.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return packet_check(packet);
}

/* May the port send to all once more? */
static bool flood_allowed(struct switch_port *port)
{
	uint64_t now = driver_time_ns();

	spin_lock(&port->lock);
	if (port->flood_ns < now)
		port->flood_ns = now;
	bool allowed = port->flood_ns - now < FLOOD_BURST * FLOOD_COST;
	if (allowed)
		port->flood_ns += FLOOD_COST;
	spin_unlock(&port->lock);
	return allowed;
}

/* true: it goes to the uplink, too, or only there. */
static bool send_to_ports(struct switch_port *port, const struct packet *packet, uint64_t to)
{
	struct network *network = port->network;
	struct switch_wake wake;
	bool up = true;

	wake.n = 0;
	shared_lock_read(&network->lock);
	if (to & SWITCH_MAC_GROUP) {
		switch_flood(network, port, packet, &wake);
	} else {
		struct switch_port *other = switch_find(network, to);
		up = !other;
		if (other && other != port)
			switch_deliver(other, packet, &wake);
	}
	shared_unlock_read(&network->lock);
	switch_wake_all(&wake);
	return up;
}

static enum switch_answer drop(uint64_t *counter)
{
	switch_count(counter);
	return SWITCH_DONE;
}

enum switch_answer switch_send(struct switch_port *port, const struct switch_frame *frame)
{
	struct switch_stats *stats = &port->stats;
	enum switch_answer answer = SWITCH_DONE;
	struct packet packet;

	if (!make_packet(frame, &packet))
		return drop(&stats->dropped);
	if (switch_mac(packet.header + ETHER_SOURCE) != port->mac)
		return drop(&stats->spoofed);
	uint64_t to = switch_mac(packet.header);
	bool group = to & SWITCH_MAC_GROUP;
	if ((to & RESERVED_MASK) == RESERVED || (group && !flood_allowed(port)))
		return drop(&stats->dropped);

	int uplink = __atomic_load_n(&port->network->uplink, __ATOMIC_ACQUIRE);
	uint64_t dropped = 0;
	/* A frame that others have got already can't be sent once more. */
	if (send_to_ports(port, &packet, to) && uplink >= 0)
		answer = switch_uplink_send(uplink, frame, &packet, !group, &dropped);
	if (dropped)
		switch_count(&stats->dropped);
	else if (answer != SWITCH_BUSY)
		switch_count(&stats->sent);
	return answer;
}
