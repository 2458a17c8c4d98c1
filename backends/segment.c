/* SPDX-License-Identifier: MIT */
/*
 * TCP segmentation in software. What differs from one segment to the next: lengths, IPv4's identification, the
 * sequence number, flags that only the first or the last carries, and the checksums, which are computed anew.
 */
#include <string.h>

#include "backends/segment.h"

#define IPV4_LENGTH         2
#define IPV4_IDENTIFICATION 4
#define IPV4_CHECKSUM       10
#define IPV4_ADDRESSES      12 /* 8 bytes */
#define IPV6_LENGTH         4
#define IPV6_ADDRESSES      8 /* 32 bytes */
#define IPV6_HEADER         40

#define TCP_SEQUENCE 4
#define TCP_FLAGS    13
#define TCP_CHECKSUM 16
#define TCP_FIN      0x01
#define TCP_PSH      0x08
#define TCP_CWR      0x80

static uint32_t get_be(const uint8_t *at, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static void put_be(uint8_t *at, unsigned bytes, uint32_t value)
{
	for (unsigned i = bytes; i-- > 0; value >>= 8)
		at[i] = (uint8_t)value;
}

bool segment_begin(struct segmenter *s, const struct packet *packet)
{
	memset(s, 0, sizeof(*s));
	if (!packet_parse(packet, &s->form))
		return false;
	s->payload = packet->len - packet->frame.hdr_len;
	return (s->payload - 1) / packet->frame.gso_size < SEGMENTS_MAX;
}

/* Payload [sent, sent + part): what of it lies in the packet's header is copied, the rest is named. */
static void place_payload(struct segmenter *s, const struct packet *packet, uint32_t part)
{
	uint32_t headers = packet->frame.hdr_len, inside = packet->header_len - headers;
	uint32_t copied = s->sent < inside ? inside - s->sent : 0;

	if (copied > part)
		copied = part;
	memcpy(s->header, packet->header, headers);
	memcpy(s->header + headers, packet->header + headers + s->sent, copied);
	s->header_len = headers + copied;
	s->offset = s->sent + copied - inside;
	s->len = part - copied;
	if (s->len == 0)
		s->offset = 0;
}

static void write_ip(struct segmenter *s)
{
	uint8_t *ip = s->header + s->form.l3;
	uint32_t size = s->header_len + s->len - s->form.l3;

	if (s->form.v6) {
		put_be(ip + IPV6_LENGTH, 2, size - IPV6_HEADER);
		return;
	}
	struct checksum sum = {0};
	put_be(ip + IPV4_LENGTH, 2, size);
	put_be(ip + IPV4_IDENTIFICATION, 2, get_be(ip + IPV4_IDENTIFICATION, 2) + s->index);
	put_be(ip + IPV4_CHECKSUM, 2, 0);
	checksum_add(&sum, ip, (size_t)(s->form.l4 - s->form.l3));
	uint16_t value = (uint16_t)~checksum_fold(&sum);
	memcpy(ip + IPV4_CHECKSUM, &value, sizeof(value));
}

/* Over the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1), the TCP header and the payload. */
static void write_tcp_checksum(struct segmenter *s, const struct packet *packet)
{
	const uint8_t *ip = s->header + s->form.l3;
	uint8_t *tcp = s->header + s->form.l4;
	uint32_t in_header = s->header_len - s->form.l4;
	struct checksum sum = {0};

	put_be(tcp + TCP_CHECKSUM, 2, 0);
	if (s->form.v6)
		checksum_add(&sum, ip + IPV6_ADDRESSES, 32);
	else
		checksum_add(&sum, ip + IPV4_ADDRESSES, 8);
	checksum_add_be16(&sum, PACKET_TCP);
	checksum_add_be16(&sum, (uint16_t)(in_header + s->len));
	checksum_add(&sum, tcp, in_header);
	packet_sum(packet, s->offset, s->len, &sum);
	uint16_t value = (uint16_t)~checksum_fold(&sum);
	memcpy(tcp + TCP_CHECKSUM, &value, sizeof(value));
}

static void write_tcp(struct segmenter *s, bool last)
{
	uint8_t *tcp = s->header + s->form.l4;

	put_be(tcp + TCP_SEQUENCE, 4, get_be(tcp + TCP_SEQUENCE, 4) + s->sent);
	if (!last)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (s->index > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

bool segment_next(struct segmenter *s, const struct packet *packet)
{
	uint32_t left = s->payload - s->sent, size = packet->frame.gso_size;
	uint32_t part = left < size ? left : size;

	if (left == 0)
		return false;
	place_payload(s, packet, part);
	write_ip(s);
	write_tcp(s, part == left);
	write_tcp_checksum(s, packet);
	s->sent += part;
	s->index++;
	return true;
}
