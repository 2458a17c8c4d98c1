/* SPDX-License-Identifier: MIT */
/*
 * Packets go to the host with a copy of their header, which it checks, and what the guest's pages hold behind it; it copies
 * them, so a packet is over at once. What arrives is put by the host into buffers that the guest made available, header and
 * all.
 *
 * A packet that the host has no place for now stays in the ring, and those behind it: streams lose nothing. The host sees to it
 * that this does not last.
 */
#include <string.h>

#include "devices/vsock.h"
#include "include/abi/virtio_vsock.h"

#define BATCH      32     /* chains a run */
#define TX_SLICES  64     /* of a packet */
#define PACKET_MAX 65536u /* bytes behind the header; Linux sends as many */

struct vsock {
	struct virtio_vsock_config config;
	/* Posted buffers, in order; a buffer's place is its token. */
	uint32_t first, n;
	uint32_t head[DM_POSTED_MAX];
	/* The packet that is on its way. */
	struct dm_request request;
	uint8_t header[sizeof(struct virtio_vsock_hdr)];
	struct slice slices[TX_SLICES];
};

size_t vsock_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return sizeof(struct vsock);
}

enum status vsock_init(struct device *dev, void *mem, void *arena)
{
	struct vsock *vsock = mem;

	(void)arena;
	memset(vsock, 0, sizeof(*vsock));
	vsock->config.guest_cid = dev->spec->cid;
	dev->state = vsock;
	dev->n_queues = 3;
	for (unsigned q = 0; q < dev->n_queues; q++)
		virtqueue_init(&dev->queue[q], dev->host, DM_POSTED_MAX);
	return OK;
}

static const void *config(const struct device *dev, size_t *size)
{
	const struct vsock *vsock = dev->state;

	*size = sizeof(vsock->config);
	return &vsock->config;
}

static void port_ready(struct device *dev)
{
	dev->kicked |= 1u << VIRTIO_VSOCK_RX | 1u << VIRTIO_VSOCK_TX;
}

static void reset_queue(struct device *dev, unsigned q)
{
	struct vsock *vsock = dev->state;

	if (q == VIRTIO_VSOCK_TX)
		vsock->request.progress = 0;
	if (q != VIRTIO_VSOCK_RX)
		return;
	/* Even of nothing: the host learns that the guest begins anew. */
	host_unpost(dev->host, dev->spec->port, 0);
	vsock->first = vsock->n = 0;
}

static void reset(struct device *dev)
{
	reset_queue(dev, VIRTIO_VSOCK_RX);
	reset_queue(dev, VIRTIO_VSOCK_TX);
}

/* ---- packets of the guest ---- */

/* What lies behind the header, in at most TX_SLICES pieces; false: in more. */
static bool take_payload(struct vsock *vsock, const struct vq_chain *chain)
{
	struct dm_request *request = &vsock->request;
	uint32_t skip = sizeof(vsock->header);

	request->n_slices = 0;
	for (unsigned i = 0; i < chain->n_out; i++) {
		const struct vq_segment *s = &chain->segment[i];
		uint32_t over = skip < s->len ? skip : s->len;

		skip -= over;
		if (over == s->len)
			continue;
		if (request->n_slices == TX_SLICES)
			return false;
		vsock->slices[request->n_slices++] =
			(struct slice){gpa(s->addr.a + over), s->len - over};
	}
	return true;
}

/* A chain that is no packet is dropped: there is nobody to tell. */
static enum dm_answer send(struct device *dev, const struct vq_chain *chain)
{
	struct vsock *vsock = dev->state;

	if (vq_chain_read(chain, 0, vsock->header, sizeof(vsock->header)) < sizeof(vsock->header))
		return DM_FAILED;
	uint32_t len = chain->out_len - (uint32_t)sizeof(vsock->header);

	vsock->request = (struct dm_request){
		.progress = vsock->request.progress,
		.op = DM_SEND,
		.queue = VIRTIO_VSOCK_TX,
		.header = vsock->header,
		.header_len = sizeof(vsock->header),
		.len = len,
		.slices = vsock->slices,
	};
	if (len > PACKET_MAX || !take_payload(vsock, chain))
		return DM_FAILED;
	return device_submit(dev, &vsock->request);
}

static bool transmit(struct device *dev, struct vq_chain *chain)
{
	struct vsock *vsock = dev->state;
	struct virtqueue *vq = &dev->queue[VIRTIO_VSOCK_TX];

	if (virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	if (send(dev, chain) == DM_BUSY) {
		virtqueue_unpop(vq);
		return false;
	}
	vsock->request.progress = 0;
	return virtqueue_push(vq, chain->head, 0);
}

static bool run_transmit(struct device *dev, struct vq_chain *chain)
{
	for (unsigned i = 0; i < BATCH; i++)
		if (!transmit(dev, chain))
			return false;
	return true;
}

/* ---- packets for it ---- */

static bool give_packets(struct device *dev)
{
	struct vsock *vsock = dev->state;
	struct dm_received received;

	for (unsigned i = 0; i < BATCH; i++) {
		if (vsock->n == 0 || !host_take(dev->host, dev->spec->port, 0, &received))
			return false;
		vsock->first++;
		vsock->n--;
		if (!virtqueue_push(&dev->queue[VIRTIO_VSOCK_RX],
			    vsock->head[received.token % DM_POSTED_MAX], received.len))
			return false;
	}
	return true;
}

/* false: the host takes no more. A buffer of more pieces than it takes is used as far as those go. */
static bool post(struct device *dev, const struct vq_chain *chain)
{
	struct vsock *vsock = dev->state;
	struct slice slices[DM_POSTED_SLICES_MAX];
	uint32_t token = (vsock->first + vsock->n) % DM_POSTED_MAX;
	unsigned n = 0;

	for (; n < chain->n_in && n < DM_POSTED_SLICES_MAX; n++) {
		const struct vq_segment *s = &chain->segment[chain->n_out + n];

		slices[n] = (struct slice){s->addr, s->len};
	}
	if (!host_post(dev->host, dev->spec->port, 0, token, 0, slices, n))
		return false;
	vsock->head[token] = chain->head;
	vsock->n++;
	return true;
}

/* A buffer that can't hold a header is given back empty. */
static bool run_receive(struct device *dev, struct vq_chain *chain)
{
	struct vsock *vsock = dev->state;
	struct virtqueue *vq = &dev->queue[VIRTIO_VSOCK_RX];
	bool more = give_packets(dev);

	while (vsock->n < DM_POSTED_MAX && virtqueue_pop(vq, chain) == VQ_CHAIN) {
		if (chain->in_len < sizeof(struct virtio_vsock_hdr)) {
			if (!virtqueue_push(vq, chain->head, 0))
				return false;
		} else if (!post(dev, chain)) {
			virtqueue_unpop(vq);
			break;
		}
	}
	return more;
}

/* Events are for a guest that moves to another machine. */
static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	if (q == VIRTIO_VSOCK_TX)
		return run_transmit(dev, chain);
	return q == VIRTIO_VSOCK_RX && run_receive(dev, chain);
}

const struct device_ops vsock_ops = {
	.id = VIRTIO_ID_VSOCK,
	.class_code = {0, 0, 0x02},
	.config = config,
	.reset = reset,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
};
