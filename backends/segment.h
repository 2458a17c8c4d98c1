/* SPDX-License-Identifier: MIT */
/*
 * TCP segmentation in software, for who can't do it: one large frame that packet_check() passed becomes frames with
 * gso_size bytes of payload each. No payload is copied but what lies in the header: a segment is a header of its own and a range of
 * the packet's data.
 */
#ifndef VESPER_BACKENDS_SEGMENT_H
#define VESPER_BACKENDS_SEGMENT_H

#include "backends/packet.h"

#define SEGMENTS_MAX 256 /* of one frame: what it can cost */

struct segmenter {
	/* The segment: complete, with its checksums. */
	uint8_t header[DM_HEADER_MAX];
	uint32_t header_len;
	uint32_t offset, len; /* of the packet's data, behind it */
	/* Private. */
	struct packet_form form;
	uint32_t payload; /* bytes of the packet behind its headers */
	uint32_t sent;    /* of them, in segments so far */
	uint32_t index;
};

/* false: there would be more than SEGMENTS_MAX. */
MUST_CHECK bool segment_begin(struct segmenter *s, const struct packet *packet);

/* The next segment; false: there is none left. */
MUST_CHECK bool segment_next(struct segmenter *s, const struct packet *packet);

#endif
