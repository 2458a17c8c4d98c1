/* SPDX-License-Identifier: MIT */
/*
 * Frames for the guest. Its buffers are posted to the host, which fills them; of the first of a frame virtio's header is left
 * out, and written here when the frame is given to the driver with all its buffers at once.
 *
 * Buffers are fetched from the ring only when less than POSTED_LOW are posted, and then as many as there are: a driver that
 * gives buffers back one by one need not be heard each time.
 */
#include <string.h>

#include "devices/net_parts.h"

#define BATCH      64 /* frames a run */
#define POSTED_LOW (DM_POSTED_MAX / 2)

/* ---- to the driver ---- */

static bool negotiated_segmentation(const struct device *dev, const struct dm_frame *frame)
{
	unsigned bit = frame->gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ? VIRTIO_NET_F_GUEST_TSO4
								   : VIRTIO_NET_F_GUEST_TSO6;

	return frame->gso_type != VIRTIO_NET_HDR_GSO_NONE && device_has(dev, bit);
}

/* The host does as it was told; a wish that the driver does not know is not handed on whatever it does. */
static struct virtio_net_hdr make_header(
	const struct device *dev, const struct dm_frame *frame, uint16_t buffers)
{
	struct virtio_net_hdr hdr = {.num_buffers = buffers};

	if (!device_has(dev, VIRTIO_NET_F_GUEST_CSUM))
		return hdr;
	hdr.flags = frame->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
	if (!(hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return hdr;
	hdr.csum_start = frame->csum_start;
	hdr.csum_offset = frame->csum_offset;
	if (negotiated_segmentation(dev, frame)) {
		hdr.gso_type = frame->gso_type;
		hdr.gso_size = frame->gso_size;
		hdr.hdr_len = frame->hdr_len;
	}
	return hdr;
}

/* Where the guest has no memory any more nothing is written. */
static void write_header(
	struct device *dev, const struct net_rx_buffer *buffer, const struct virtio_net_hdr *hdr)
{
	const char *from = (const char *)hdr;

	for (uint32_t i = 0; i < buffer->n; i++) {
		const struct slice *slice = &buffer->header[i];
		void *at = host_ram(dev->host, slice->addr, slice->len);
		if (at)
			memcpy(at, from, slice->len);
		from += slice->len;
	}
}

/* The next buffer that the host has filled. */
static const struct net_rx_buffer *take(
	struct device *dev, unsigned pair, struct dm_received *received)
{
	struct net *net = dev->state;
	struct net_rx *rx = &net->rx[pair];

	if (rx->n == 0 || !host_take(dev->host, dev->spec->port, pair, received))
		return NULL;
	rx->first++;
	rx->n--;
	return &rx->buffer[received->token % DM_POSTED_MAX];
}

/* Gives one frame to the driver; false: there is none. */
static bool give_frame(struct device *dev, unsigned pair)
{
	struct net *net = dev->state;
	struct dm_received received;
	const struct net_rx_buffer *buffer = take(dev, pair, &received);
	unsigned n = 1;

	if (!buffer)
		return false;
	unsigned buffers = received.buffers;
	struct virtio_net_hdr hdr = make_header(dev, &received.frame, received.buffers);
	write_header(dev, buffer, &hdr);
	net->used[0] = (struct vq_used){buffer->head, NET_HEADER + received.len};
	for (; n < buffers && n < DM_POSTED_MAX; n++) {
		buffer = take(dev, pair, &received);
		if (!buffer)
			break;
		net->used[n] = (struct vq_used){buffer->head, received.len};
	}
	return virtqueue_push_all(&dev->queue[VIRTIO_NET_RECEIVEQ(pair)], net->used, n);
}

static bool give_frames(struct device *dev, unsigned pair)
{
	for (unsigned i = 0; i < BATCH; i++) {
		if (!give_frame(dev, pair))
			return false;
	}
	return true;
}

/* ---- to the host ---- */

/* A chain's buffer as it is posted. */
struct posting {
	struct slice slices[DM_POSTED_SLICES_MAX];
	unsigned n;
	uint32_t len;
};

/* Appends the part of a segment that the largest frame needs; false: that is all. */
static bool add_slice(struct posting *p, const struct vq_segment *segment)
{
	uint32_t room = NET_HEADER + NET_FRAME_MAX - p->len;
	uint32_t len = segment->len < room ? segment->len : room;
	struct slice *last = p->n ? &p->slices[p->n - 1] : NULL;

	if (len == 0)
		return false;
	if (last && last->addr.a + last->len == segment->addr.a)
		last->len += len;
	else if (p->n < DM_POSTED_SLICES_MAX)
		p->slices[p->n++] = (struct slice){segment->addr, len};
	else
		return false;
	p->len += len;
	return true;
}

/* false: virtio's header would lie in too many pieces, or there is room for nothing else. */
static bool place_header(struct net_rx_buffer *buffer, const struct posting *p)
{
	uint32_t left = NET_HEADER;

	buffer->n = 0;
	for (unsigned i = 0; i < p->n && i < NET_HEADER_SLICES && left > 0; i++) {
		uint32_t part = p->slices[i].len < left ? p->slices[i].len : left;
		buffer->header[buffer->n++] = (struct slice){p->slices[i].addr, part};
		left -= part;
	}
	return left == 0 && p->len > NET_HEADER;
}

enum posted {
	POSTED,
	UNUSABLE,
	FULL,
};

static enum posted post(struct device *dev, unsigned pair, const struct vq_chain *chain)
{
	struct net *net = dev->state;
	struct net_rx *rx = &net->rx[pair];
	uint32_t token = (rx->first + rx->n) % DM_POSTED_MAX;
	struct net_rx_buffer *buffer = &rx->buffer[token];
	struct posting p;

	p.n = p.len = 0;

	for (unsigned i = 0; i < chain->n_in; i++) {
		if (!add_slice(&p, &chain->segment[chain->n_out + i]))
			break;
	}
	if (!place_header(buffer, &p))
		return UNUSABLE;
	if (!host_post(dev->host, dev->spec->port, pair, token, NET_HEADER, p.slices, p.n))
		return rx->n ? FULL : UNUSABLE;
	buffer->head = chain->head;
	rx->n++;
	return POSTED;
}

/* true: there may be more buffers in the ring, and room for them. */
static bool fetch_buffers(struct device *dev, unsigned pair, struct vq_chain *chain)
{
	struct net *net = dev->state;
	struct virtqueue *vq = &dev->queue[VIRTIO_NET_RECEIVEQ(pair)];

	if (net->rx[pair].n >= POSTED_LOW)
		return false;
	virtqueue_want_kicks(vq, false);
	for (unsigned i = 0; i < DM_POSTED_MAX; i++) {
		if (net->rx[pair].n == DM_POSTED_MAX || virtqueue_pop(vq, chain) != VQ_CHAIN)
			return false;
		switch (post(dev, pair, chain)) {
		case POSTED:
			break;
		case UNUSABLE:
			if (!virtqueue_push(vq, chain->head, 0))
				return false;
			break;
		case FULL:
			virtqueue_unpop(vq);
			return false;
		}
	}
	return net->rx[pair].n < POSTED_LOW;
}

bool net_rx_run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	unsigned pair = q / 2;
	bool frames = give_frames(dev, pair);

	return fetch_buffers(dev, pair, chain) || frames;
}

void net_rx_reset(struct device *dev, unsigned pair)
{
	struct net *net = dev->state;

	if (net->rx[pair].n > 0)
		host_unpost(dev->host, dev->spec->port, pair);
	net->rx[pair].first = net->rx[pair].n = 0;
}
