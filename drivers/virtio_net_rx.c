/* SPDX-License-Identifier: MIT */
/*
 * Receiving. One hart at a time works on the ring, so that frames stay in
 * order and no lock is held while the user of the interface has them; whoever
 * comes meanwhile tells it to look again. A frame of several buffers is put together first.
 */
#include <string.h>

#include "drivers/virtio_net_parts.h"

#define HEADER sizeof(struct virtio_net_hdr)

static uint8_t *buffer(const struct net_rx *rx, unsigned n)
{
	return rx->buffers + (size_t)NET_BUFFER * n;
}

/* Gives the device the buffer (again). There is room: there are no more buffers than entries. */
static void give(struct net_rx *rx, unsigned n)
{
	struct virtq_desc table = {
		.addr = (uintptr_t)buffer(rx, n), .len = NET_BUFFER, .flags = VIRTQ_DESC_F_WRITE};

	rx->buffer_of[virtio_ring_add(&rx->ring, &table, 1)] = (uint16_t)n;
}

static void notify(struct net_nic *nic)
{
	if (virtio_ring_must_notify(&nic->rx.ring))
		virtio_notify(nic->device, &nic->rx.ring);
}

void net_rx_fill(struct net_nic *nic)
{
	for (unsigned i = 0; i < nic->rx.ring.size; i++)
		give(&nic->rx, i);
	notify(nic);
}

/* The next buffer that was filled, and how far; VIRTIO_RING_NONE, VIRTIO_RING_BROKEN. */
static int take(struct net_rx *rx, uint32_t *len)
{
	int head = virtio_ring_take(&rx->ring, len);

	if (*len > NET_BUFFER)
		*len = NET_BUFFER;
	return head < 0 ? head : rx->buffer_of[head];
}

static struct dm_frame frame_of(const struct net_nic *nic, const struct virtio_net_hdr *h)
{
	struct dm_frame f = {0};

	if (nic->info.receives_csum) {
		f.flags = h->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
		f.csum_start = h->csum_start;
		f.csum_offset = h->csum_offset;
	}
	if (nic->info.receives_gso) {
		f.gso_type = h->gso_type;
		f.hdr_len = h->hdr_len;
		f.gso_size = h->gso_size;
	}
	return f;
}

/* The other buffers of a frame behind its first `at` bytes. Its length; 0: it is not to be had. */
static size_t gather(struct net_rx *rx, unsigned buffers, size_t at)
{
	while (--buffers) {
		uint32_t len = 0;
		int n = take(rx, &len);

		if (n < 0)
			return 0;
		if (at + len <= NET_FRAME_MAX)
			memcpy(rx->whole + at, buffer(rx, (unsigned)n), len);
		at += len;
		give(rx, (unsigned)n);
	}
	return at <= NET_FRAME_MAX ? at : 0;
}

/* The frame that begins in buffer `n`. Shorter than its header, or in pieces that are not there: nobody gets it. */
static void receive(struct net_nic *nic, unsigned n, uint32_t len)
{
	struct net_rx *rx = &nic->rx;
	const uint8_t *data = buffer(rx, n) + HEADER;
	struct virtio_net_hdr header;
	size_t bytes = len > HEADER ? len - HEADER : 0;

	memcpy(&header, buffer(rx, n), HEADER);
	struct dm_frame frame = frame_of(nic, &header);

	if (bytes && virtio_has(nic->device, VIRTIO_NET_F_MRG_RXBUF) && header.num_buffers > 1) {
		memcpy(rx->whole, data, bytes);
		data = rx->whole;
		bytes = gather(rx, header.num_buffers, bytes);
	}
	if (bytes && nic->user)
		nic->user->receive(nic->number, 0, &frame, data, bytes);
	give(rx, n);
}

/* What is there, *left frames at most. false: the device has gone mad. */
static bool receive_some(struct net_nic *nic, unsigned *left)
{
	uint32_t len = 0;
	int n = VIRTIO_RING_NONE;

	do {
		while (*left && (n = take(&nic->rx, &len)) >= 0) {
			receive(nic, (unsigned)n, len);
			--*left;
		}
		notify(nic);
	} while (*left && n == VIRTIO_RING_NONE && virtio_ring_rearm(&nic->rx.ring, 1));
	return n != VIRTIO_RING_BROKEN;
}

/* true: this hart serves. */
static bool begin(struct net_rx *rx)
{
	spin_lock(&rx->lock);
	bool mine = !rx->serving;

	rx->serving = true;
	rx->again = !mine;
	spin_unlock(&rx->lock);
	return mine;
}

/* true: this hart serves on: somebody came meanwhile. Not when it has done enough. */
static bool end(struct net_rx *rx, bool enough)
{
	spin_lock(&rx->lock);
	bool again = rx->again && !enough;

	rx->serving = again;
	rx->again = false;
	spin_unlock(&rx->lock);
	return again;
}

/* However fast frames come, this hart has other things to do: after a ring full of them the rest waits for its next turn. */
void net_rx_serve(void *owner)
{
	struct net_nic *nic = owner;
	unsigned left = NET_DEPTH;
	bool sane = true;

	if (!begin(&nic->rx))
		return;
	do {
		if (sane && !nic->failed && nic->user)
			sane = receive_some(nic, &left);
	} while (end(&nic->rx, !left));
	if (!sane)
		net_fail(nic, "the device returns what it was not given");
	else if (!left)
		driver_again(net_rx_serve, nic);
}
