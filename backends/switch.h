/* SPDX-License-Identifier: MIT */
/*
 * L2 learning switches: ports of VMs and at most one physical interface as the uplink. Each port of a VM has one unicast address, the one of
 * its configuration; nothing leaves it with another source, and nothing for another reaches it.
 * A frame is copied once, from the sender's pages into buffers that the receiver posted, or not at all on its way
 * to the uplink.
 */
#ifndef VESPER_BACKENDS_SWITCH_H
#define VESPER_BACKENDS_SWITCH_H

#include "backends/mailbox.h"
#include "include/nic.h"

struct switch_port;

/* Networks by name, made at the first use; uplink: index of a NIC, -1: none. ERR_NO_SPACE; ERR_BUSY: that NIC is another network's. */
MUST_CHECK enum status switch_network(const char *name, int uplink);

/* Bytes of a port, 8-byte aligned memory that the caller gives to switch_attach(); the size with VM_QUEUES_MAX queues. */
#define SWITCH_PORT_SIZE (112u << 10)
size_t switch_port_size(unsigned queues);

/*
 * A port on the network, of switch_port_size(queues) bytes of memory. ready(owner) is called, on any hart with no lock held, when
 * the port has frames in its mailbox or has room again to send; also without need.
 * ERR_NOT_FOUND: no such network; ERR_BUSY: another port there has the address; ERR_INVALID: the address is no station's, or
 * queues is not 1..VM_QUEUES_MAX; ERR_NO_SPACE: the network has SWITCH_PORTS_MAX ports.
 */
#define SWITCH_PORTS_MAX 128 /* of a network */
MUST_CHECK enum status switch_attach(void *memory, const char *network, const uint8_t mac[6],
	unsigned queues, void (*ready)(void *owner), void *owner, struct switch_port **out);

/*
 * Nothing more goes to it. What it posted is dropped. It may be attached again. Waits for calls of its ready() that are going
 * on, so it is called with no lock that ready() takes. What it sent and is lent comes back all the same.
 */
void switch_detach(struct switch_port *port);

/* Both as host_net_features() and host_net_filter() say; what a port has at first is switch_features(port, 0, 1) and all multicast. */
void switch_features(struct switch_port *port, uint64_t guest_features, unsigned queues);
void switch_filter(struct switch_port *port, const struct dm_net_filter *filter);

/* The mailbox of queue `queue` (0..queues-1), where the VM posts buffers. */
struct mailbox *switch_mailbox(struct switch_port *port, unsigned queue);

/*
 * A frame of the port: `header` (a copy that nobody changes), then the rest in memory that is readable at `data` and for a device at `segment`, the
 * same bytes. The arrays are read during the call only.
 * SWITCH_LENT: done() of it follows, on any hart with no lock held, until when the memory stays; SWITCH_DONE: it is done, or was dropped
 * (by a filter, for want of buffers, because it is malformed); SWITCH_BUSY: nothing happened, ready() follows.
 */
#define SWITCH_PIECES_MAX 96
struct switch_frame {
	struct dm_frame frame;
	const void *header;
	uint16_t header_len;
	uint8_t queue;
	uint16_t n;
	const struct iovec_piece *data; /* n pieces, SWITCH_PIECES_MAX at most */
	/* More pieces than n, where a piece is not contiguous for a device; SWITCH_PIECES_MAX at most. */
	const struct block_segment *segment;
	uint16_t n_segments;
	void (*done)(void *owner);
	void *owner;
};
enum switch_answer { SWITCH_DONE, SWITCH_LENT, SWITCH_BUSY };
enum switch_answer switch_send(struct switch_port *port, const struct switch_frame *frame);

/* What `networks` of the monitor shows. sent: taken from it and not dropped on this side. */
struct switch_stats {
	/* Frames. dropped: what it sent that went nowhere, by limits or for its form, and what found no buffer of it. */
	uint64_t sent, received, dropped, spoofed;
};
void switch_stats(const struct switch_port *port, struct switch_stats *out);

#endif
