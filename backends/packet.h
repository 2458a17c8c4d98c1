/* SPDX-License-Identifier: MIT */
/*
 * A frame on its way through the switch: a header that nobody changes any more, then bytes that a guest may still be
 * changing. What is looked at is in the header; of the rest only sums and copies are made.
 */
#ifndef VESPER_BACKENDS_PACKET_H
#define VESPER_BACKENDS_PACKET_H

#include "backends/checksum.h"
#include "backends/mailbox.h"

struct packet {
	struct dm_frame frame;
	const uint8_t *header; /* Ethernet's at least, DM_HEADER_MAX bytes at most */
	uint32_t header_len;
	const struct iovec_piece *data; /* what follows it */
	unsigned n;
	uint32_t len; /* of all */
};

/* Where its headers are. */
struct packet_form {
	uint16_t l3, l4; /* offsets of the IP header and of what is behind it */
	uint8_t protocol;
	bool v6;
};
#define PACKET_TCP 6
#define PACKET_UDP 17

/* false: it is not IP, or more than is in the header. */
MUST_CHECK bool packet_parse(const struct packet *packet, struct packet_form *form);

/*
 * Does what the sender left to be done fit the frame? If so packet->frame is brought into its one form: fields
 * that mean nothing are 0, hdr_len is right. Only partial checksums inside of the header and TCP segmentation with all headers inside of
 * it pass.
 */
MUST_CHECK bool packet_check(struct packet *packet);

/* Writes the checksum that is wanted into `header`, a copy of the packet's. */
void packet_complete(const struct packet *packet, uint8_t *header);

/* A number that is the same for all frames of a flow. */
uint32_t packet_flow(const struct packet *packet);

/* Of the bytes behind the header: their sum, and the pieces that they are made of (packet->n at most); how many. */
void packet_sum(const struct packet *packet, uint32_t offset, uint32_t len, struct checksum *sum);
unsigned packet_cut(
	const struct packet *packet, uint32_t offset, uint32_t len, struct iovec_piece *out);

#endif
