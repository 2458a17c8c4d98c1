/* SPDX-License-Identifier: MIT */
/*
 * What the files of the switch share: switch.c (networks and ports), switch_send.c (from a port to where a frame belongs), switch_deliver.c
 * (into a port's mailbox), switch_uplink.c (to and from the physical interface), switch_job.c (segments for one that can't make them).
 *
 * Locks, outermost first: that of the list of networks; a network's, which senders share and who attaches or detaches has
 * alone; a port's; a mailbox's. An uplink's nests in none of them. ready() and done() are called with none held.
 */
#ifndef VESPER_BACKENDS_SWITCH_PARTS_H
#define VESPER_BACKENDS_SWITCH_PARTS_H

#include "backends/packet.h"
#include "backends/switch.h"
#include "include/vm_spec.h"

/* Held by any number that read, or by one that writes. Readers give way to a writer that waits. */
struct shared_lock {
	struct spinlock writer;
	uint32_t readers;
};

void shared_lock_read(struct shared_lock *lock);
void shared_unlock_read(struct shared_lock *lock);
void shared_lock_write(struct shared_lock *lock);
void shared_unlock_write(struct shared_lock *lock);

struct network {
	char name[VM_LABEL_MAX];
	int uplink; /* of switch_uplink.c; -1: none; set once */
	struct shared_lock lock;
	/* Guarded by it. */
	unsigned n;
	struct switch_port *port[SWITCH_PORTS_MAX];
};

struct switch_port {
	/* Set at switch_attach(). */
	struct network *network;
	uint64_t mac; /* as switch_mac() makes it */
	unsigned queues_max;
	void (*ready)(void *owner);
	void *owner;
	struct mailbox *mailbox[VM_QUEUES_MAX];
	/* Atomic. */
	uint32_t pins; /* calls of ready() that may be going on */
	uint32_t queues;
	uint64_t features;
	struct switch_stats stats;
	/* Guarded by `lock`. */
	struct spinlock lock;
	uint64_t flood_ns; /* when what it sent to all is paid for */
	struct dm_net_filter filter;
	uint8_t filter_mac[DM_NET_FILTER_MAX][6];
};

/* Ports to be called ready() once no lock is held; they stay while they are in here. */
struct switch_wake {
	unsigned n;
	struct switch_port *port[SWITCH_PORTS_MAX];
};
void switch_wake_add(struct switch_wake *wake, struct switch_port *port);
void switch_wake_all(struct switch_wake *wake);

/* An address of 6 bytes in a number; its lowest bit is that of a group. */
uint64_t switch_mac(const uint8_t *bytes);
#define SWITCH_MAC_GROUP     1u
#define SWITCH_MAC_BROADCAST 0xffffffffffffull

static inline void switch_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* With the network's lock: the port that has the address; NULL: none. */
struct switch_port *switch_find(struct network *network, uint64_t mac);

/* The same: into the mailbox of `to`, in a form that it understands; or it is lost, and counted. */
void switch_deliver(struct switch_port *to, const struct packet *packet, struct switch_wake *wake);

/* The same, to all ports but `from` (NULL: the uplink) that want it. */
void switch_flood(struct network *network, const struct switch_port *from,
	const struct packet *packet, struct switch_wake *wake);

/* Begins to receive for the network. */
MUST_CHECK enum status switch_uplink_open(int nic, struct network *network);

/* packet: the frame after packet_check(). retry: may SWITCH_BUSY be said? `dropped` counts what can't be sent. */
enum switch_answer switch_uplink_send(int nic, const struct switch_frame *frame,
	const struct packet *packet, bool retry, uint64_t *dropped);

#endif
