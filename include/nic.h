/* SPDX-License-Identifier: MIT */
/* The contract between what drives a physical network interface (drivers/) and the switch (backends/). */
#ifndef VESPER_NIC_H
#define VESPER_NIC_H

#include "include/block.h"
#include "include/dm.h"

struct nic_info {
	char name[8]; /* "nic0", ... */
	uint8_t mac[6];
	uint16_t mtu;       /* bytes */
	bool checksum;      /* it completes a checksum (NEEDS_CSUM) */
	bool tso4, tso6;    /* it segments */
	bool receives_csum; /* it may deliver frames with NEEDS_CSUM or DATA_VALID */
	bool receives_gso;  /* ... and with a gso_type */
	unsigned queues;    /* pairs */
	bool link;
};

unsigned nic_count(void);
const struct nic_info *nic_info(unsigned nic);

/* A frame to send: `header` (copied at the call), then the segments, which stay until done(). */
struct nic_frame {
	struct dm_frame frame;
	const void *header;
	uint16_t header_len; /* DM_HEADER_MAX at most */
	uint8_t queue;       /* a hint */
	uint16_t n;          /* segments; 0: all of it is in the header */
	const struct block_segment *segment;
	void (*done)(
		void *owner); /* on any hart, with no lock held; never before nic_send() returns */
	void *owner;
};

/* ERR_BUSY: its queue is full: nothing happened, room() is called later. ERR_IO: it is gone. */
MUST_CHECK enum status nic_send(unsigned nic, const struct nic_frame *frame);

/*
 * From now on received frames go to receive(), which copies what it wants, on any hart, with no lock of the driver held.
 * `data` is contiguous. Frames longer than the MTU come only where receives_gso.
 */
struct nic_user {
	void (*receive)(unsigned nic, unsigned queue, const struct dm_frame *frame,
		const void *data, size_t len);
	void (*room)(unsigned nic);
};
void nic_open(unsigned nic, const struct nic_user *user);

/* Which addresses it listens to. All, if it can't choose. */
void nic_promiscuous(unsigned nic);

#endif
