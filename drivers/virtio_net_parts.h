/* SPDX-License-Identifier: MIT */
/* What the files of the network driver share: one pair of queues, and the control queue. */
#ifndef VESPER_DRIVERS_VIRTIO_NET_PARTS_H
#define VESPER_DRIVERS_VIRTIO_NET_PARTS_H

#include "drivers/virtio.h"
#include "include/abi/virtio_net.h"
#include "include/nic.h"
#include "lib/spinlock.h"

#define NET_NICS_MAX     4
#define NET_DEPTH        256          /* entries of each ring */
#define NET_BUFFER       2048         /* bytes of a receive buffer and of a slot to send from */
#define NET_TABLE        116          /* descriptors of a frame to send */
#define NET_FRAME_MAX    (65536 + 64) /* bytes of what is received, Ethernet header included */
#define NET_CONTROL_RING 4

/* A frame on its way out; the number of its slot is the head of its chain. */
struct net_slot {
	void (*done)(void *owner); /* NULL: free */
	void *owner;
	uint32_t started; /* net_nic.seconds */
	struct virtio_net_hdr header;
	uint8_t head[DM_HEADER_MAX]; /* the frame's first bytes follow the header without a gap */
	struct virtq_desc table[NET_TABLE];
};
_Static_assert(sizeof(struct net_slot) <= NET_BUFFER, "net_slot");
_Static_assert(offsetof(struct net_slot, head) ==
		       offsetof(struct net_slot, header) + sizeof(struct virtio_net_hdr),
	"no gap");

struct net_tx {
	struct spinlock lock; /* of all below */
	bool refused;         /* ERR_BUSY was said since it last had room */
	uint8_t *slots;       /* at multiples of NET_BUFFER */
	struct virtio_ring ring;
};

struct net_rx {
	struct spinlock lock; /* of the two flags */
	bool serving;         /* a hart works on what is below, which is its own meanwhile */
	bool again;           /* it has to look again */
	struct virtio_ring ring;
	uint8_t *buffers;              /* of NET_BUFFER bytes */
	uint16_t buffer_of[NET_DEPTH]; /* by the head of its chain */
	uint8_t *whole;                /* where a frame of several buffers is put together */
};

struct net_control {
	struct spinlock lock;
	bool present;
	struct virtio_ring ring;
	struct virtq_desc table[3];
	struct virtio_net_ctrl_hdr header;
	uint8_t on, answer;
};

struct net_nic {
	struct virtio_device *device;
	struct nic_info info;
	unsigned number;
	const struct nic_user *user; /* NULL: nobody has opened it */
	bool failed;
	uint32_t seconds; /* ticks that there were */
	struct net_tx tx;
	struct net_rx rx;
	struct net_control control;
};

extern struct net_nic *net_nics[NET_NICS_MAX];
extern unsigned net_n_nics;

static inline struct net_slot *net_slot(const struct net_tx *tx, unsigned n)
{
	return (struct net_slot *)(tx->slots + (size_t)NET_BUFFER * n);
}

/* Nothing works any more: what was to be sent is done, and it says that there is no link. */
void net_fail(struct net_nic *nic, const char *why);

/* ---- virtio_net_tx.c ---- */

void net_tx_serve(void *nic);
void net_tx_drop_all(struct net_nic *nic); /* after a reset */

/* Is anything on its way; for longer than `seconds`? */
bool net_tx_busy(struct net_nic *nic, uint32_t seconds, bool *late);

/* ---- virtio_net_rx.c ---- */

/* Gives the device all buffers. */
void net_rx_fill(struct net_nic *nic);
void net_rx_serve(void *nic);

#endif
