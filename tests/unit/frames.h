/* SPDX-License-Identifier: MIT */
/* Ethernet frames for tests, and their checksums computed the plain way, a byte after the other. */
#ifndef VESPER_TESTS_UNIT_FRAMES_H
#define VESPER_TESTS_UNIT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/dm.h"

struct frame_wish {
	uint8_t to[6], from[6];
	bool v6, udp, vlan;
	size_t payload; /* bytes, of a pattern that `seed` begins */
	uint8_t seed;
	uint16_t port; /* of the source */
	uint16_t mss;  /* 0: none */
};

/*
 * Writes the frame with a partial checksum, as a guest's kernel leaves it, and what is left to be done; its length. With an
 * mss it is a large TCP frame.
 */
size_t frame_make(uint8_t *out, const struct frame_wish *wish, struct dm_frame *frame);

/* Are all its checksums, IPv4's and TCP's or UDP's, and its lengths right? */
bool frame_valid(const uint8_t *data, size_t len);

/* Where the payload of TCP or UDP begins. */
size_t frame_payload(const uint8_t *data);

#endif
