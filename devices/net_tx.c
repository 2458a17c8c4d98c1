/* SPDX-License-Identifier: MIT */
/*
 * Frames from the guest. virtio's header and the first DM_HEADER_MAX bytes of the frame are copied once: this copy is what is
 * checked and what is sent, whatever the guest does to its pages meanwhile. The rest goes as it lies there.
 * A frame that is none is given back and forgotten, as a wire would lose it.
 */
#include "devices/net_parts.h"

#define BATCH 64 /* frames a run */

/* Appends bytes of guest memory; false: there are too many pieces. */
static bool add_slice(struct dm_request *request, struct slice *slices, gpa_t addr, uint32_t len)
{
	struct slice *last = request->n_slices ? &slices[request->n_slices - 1] : NULL;

	if (last && last->addr.a + last->len == addr.a) {
		last->len += len;
		return true;
	}
	if (request->n_slices == NET_TX_SLICES)
		return false;
	slices[request->n_slices++] = (struct slice){addr, len};
	return true;
}

/* What lies behind the first `skip` bytes of a chain. */
static bool add_slices(struct net_tx *tx, const struct vq_chain *chain, uint32_t skip)
{
	for (unsigned i = 0; i < chain->n_out; i++) {
		const struct vq_segment *segment = &chain->segment[i];
		uint32_t over = skip < segment->len ? skip : segment->len;
		skip -= over;
		if (over < segment->len &&
			!add_slice(&tx->request, tx->slices, gpa(segment->addr.a + over),
				segment->len - over))
			return false;
	}
	return true;
}

static bool segmentation_allowed(const struct device *dev, unsigned gso_type)
{
	switch (gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return device_has(dev, VIRTIO_NET_F_HOST_TSO4);
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return device_has(dev, VIRTIO_NET_F_HOST_TSO6);
	default:
		return false;
	}
}

/* Is what the driver asks for negotiated, and does it lie inside of the copy? */
static bool check_header(
	const struct device *dev, const struct virtio_net_hdr *hdr, uint32_t header_len)
{
	bool checksum = hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	uint32_t end = (uint32_t)hdr->csum_start + hdr->csum_offset + 2;

	if (!segmentation_allowed(dev, hdr->gso_type))
		return false;
	if (!checksum)
		return hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE;
	return device_has(dev, VIRTIO_NET_F_CSUM) && end <= header_len &&
	       (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE || hdr->gso_size > 0);
}

static struct dm_frame wishes(const struct virtio_net_hdr *hdr)
{
	return (struct dm_frame){
		.flags = hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = hdr->gso_type,
		.hdr_len = hdr->hdr_len,
		.gso_size = hdr->gso_size,
		.csum_start = hdr->csum_start,
		.csum_offset = hdr->csum_offset,
	};
}

/* false: the chain holds no frame that can be sent. */
static bool prepare(const struct device *dev, struct net_tx *tx, const struct vq_chain *chain)
{
	struct virtio_net_hdr hdr;

	if (chain->out_len < NET_HEADER + NET_FRAME_MIN ||
		chain->out_len > NET_HEADER + NET_FRAME_MAX)
		return false;
	uint32_t frame_len = chain->out_len - NET_HEADER;
	uint32_t header_len = frame_len < DM_HEADER_MAX ? frame_len : DM_HEADER_MAX;
	vq_chain_read(chain, 0, &hdr, sizeof(hdr));
	vq_chain_read(chain, NET_HEADER, tx->header, header_len);
	tx->request = (struct dm_request){
		.op = DM_SEND,
		.header_len = (uint16_t)header_len,
		.len = frame_len - header_len,
		.slices = tx->slices,
		.header = tx->header,
		.frame = wishes(&hdr),
	};
	return check_header(dev, &hdr, header_len) &&
	       add_slices(tx, chain, NET_HEADER + header_len);
}

/* false: nothing more can be done now. */
static bool step(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct net *net = dev->state;
	struct virtqueue *vq = &dev->queue[q];

	if (net->n_free == 0) {
		net->starved |= 1u << q;
		return false;
	}
	if (virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	struct net_tx *tx = &net->tx[net->free[net->n_free - 1]];
	if (!prepare(dev, tx, chain))
		return virtqueue_push(vq, chain->head, 0);
	tx->head = chain->head;
	tx->request.queue = (uint8_t)q;
	switch (device_submit(dev, &tx->request)) {
	case DM_LENT:
		net->n_free--;
		return true;
	case DM_BUSY:
		virtqueue_unpop(vq);
		net->waiting |= 1u << q;
		return false;
	default:
		return virtqueue_push(vq, chain->head, 0);
	}
}

bool net_tx_run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	virtqueue_want_kicks(&dev->queue[q], false);
	for (unsigned i = 0; i < BATCH; i++) {
		if (!step(dev, q, chain))
			return false;
	}
	return true;
}

/* Whether it was sent is nothing a guest is told. Its queue may be gone since. */
void net_tx_done(struct device *dev, struct dm_request *request, enum status status)
{
	struct net *net = dev->state;
	struct net_tx *tx = (struct net_tx *)((char *)request - offsetof(struct net_tx, request));

	(void)status;
	net->free[net->n_free++] = (uint8_t)(tx - net->tx);
	if (virtqueue_push(&dev->queue[request->queue], tx->head, 0))
		dev->notify |= 1u << request->queue;
	dev->kicked |= net->starved;
	net->starved = 0;
}
