/* SPDX-License-Identifier: MIT */
/*
 * What the files of the network device share: net.c (what it is, its life), net_tx.c (frames from the guest), net_rx.c (frames for it),
 * net_ctrl.c (the control queue).
 */
#ifndef VESPER_DEVICES_NET_PARTS_H
#define VESPER_DEVICES_NET_PARTS_H

#include "devices/net.h"
#include "include/abi/virtio_net.h"

#define NET_HEADER    ((uint32_t)sizeof(struct virtio_net_hdr))
#define NET_FRAME_MIN 14u
#define NET_FRAME_MAX 65550u /* bytes, without virtio's header (5.1.6.3) */

#define NET_TX_REQUESTS   64 /* frames in flight, of all queues */
#define NET_TX_SLICES     48 /* of a frame, behind its copied start */
#define NET_HEADER_SLICES 3  /* that virtio's header of a receive buffer may lie in */

struct net_tx {
	struct dm_request request;
	uint32_t head; /* the chain, of request.queue */
	uint8_t header[DM_HEADER_MAX];
	struct slice slices[NET_TX_SLICES];
};

struct net_rx_buffer {
	uint32_t head;
	uint32_t n;
	struct slice header[NET_HEADER_SLICES]; /* where virtio's header goes */
};

/* The posted buffers of a queue, in order; a buffer's place is its token. */
struct net_rx {
	uint32_t first, n;
	struct net_rx_buffer buffer[DM_POSTED_MAX];
};

struct net {
	struct virtio_net_config config;
	uint16_t pairs; /* that there are */
	/* Set by the driver. */
	bool started;      /* the host knows what follows */
	uint16_t active;   /* pairs in use */
	uint64_t offloads; /* GUEST_ features that are on */
	struct dm_net_filter filter;
	bool all_multicast; /* asked for */
	bool filtered;      /* it has said which groups it wants */
	bool overflow;      /* ... and they were too many */
	uint8_t filter_mac[DM_NET_FILTER_MAX][6];
	/* Sending. */
	uint32_t starved; /* queues that wait for a free request */
	uint32_t waiting; /* queues that wait for the port */
	uint8_t n_free;
	uint8_t free[NET_TX_REQUESTS];
	struct net_tx tx[NET_TX_REQUESTS];
	struct vq_used used[DM_POSTED_MAX]; /* scratch: the buffers of one frame */
	struct net_rx rx[];                 /* `pairs` of them */
};

/* What may be switched off by command (5.1.6.5.6). */
#define NET_GUEST_OFFLOADS                                                                         \
	(VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4) |       \
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN) | \
		VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_UFO))

/* Tells the host what the driver wants of received frames, or which. */
void net_tell_features(struct device *dev);
void net_tell_filter(struct device *dev);

/* The device's run() for a queue of each kind. */
bool net_tx_run(struct device *dev, unsigned q, struct vq_chain *chain);
bool net_rx_run(struct device *dev, unsigned q, struct vq_chain *chain);
bool net_ctrl_run(struct device *dev, unsigned q, struct vq_chain *chain);

void net_tx_done(struct device *dev, struct dm_request *request, enum status status);
void net_rx_reset(struct device *dev, unsigned pair);

#endif
