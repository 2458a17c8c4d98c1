/* SPDX-License-Identifier: MIT */
/*
 * What frames say of themselves, read with bounds from the header's copy.
 */
#include <string.h>

#include "backends/packet.h"
#include "include/abi/virtio_net.h"

#define ETHER_HEADER 14
#define ETHER_TYPE   12
#define TYPE_IPV4    0x0800
#define TYPE_IPV6    0x86dd
#define TYPE_VLAN    0x8100
#define TYPE_QINQ    0x88a8
#define VLAN_TAGS    2 /* that are looked behind */

#define IPV4_HEADER   20
#define IPV4_FRAGMENT 6 /* flags and offset */
#define IPV6_HEADER   40
#define TCP_HEADER    20
#define TCP_DATA      12 /* the upper four bits: its header's length in words */
#define TCP_CHECKSUM  16
#define UDP_CHECKSUM  6

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool parse_ipv4(const struct packet *packet, uint32_t at, struct packet_form *form)
{
	const uint8_t *ip = packet->header + at;

	if (packet->header_len - at < IPV4_HEADER || ip[0] >> 4 != 4)
		return false;
	uint32_t size = 4 * (ip[0] & 15u);
	if (size < IPV4_HEADER || size > packet->header_len - at)
		return false;
	*form = (struct packet_form){(uint16_t)at, (uint16_t)(at + size), ip[9], false};
	return true;
}

static bool parse_ipv6(const struct packet *packet, uint32_t at, struct packet_form *form)
{
	const uint8_t *ip = packet->header + at;

	if (packet->header_len - at < IPV6_HEADER || ip[0] >> 4 != 6)
		return false;
	*form = (struct packet_form){(uint16_t)at, (uint16_t)(at + IPV6_HEADER), ip[6], true};
	return true;
}

bool packet_parse(const struct packet *packet, struct packet_form *form)
{
	uint32_t at = ETHER_TYPE;
	uint16_t type = 0;

	for (unsigned tags = 0; tags <= VLAN_TAGS && at + 2 <= packet->header_len; tags++) {
		type = be16(packet->header + at);
		if (type != TYPE_VLAN && type != TYPE_QINQ)
			break;
		at += 4;
	}
	at += 2;
	if (at > packet->header_len)
		return false;
	if (type == TYPE_IPV4)
		return parse_ipv4(packet, at, form);
	return type == TYPE_IPV6 && parse_ipv6(packet, at, form);
}

/* ---- what the sender left to be done ---- */

/* The length of all headers of a TCP segment; 0: it is none, or they are longer than what is known of it. */
static uint32_t tcp_headers(const struct packet *packet)
{
	const struct dm_frame *frame = &packet->frame;
	struct packet_form form;

	if (!packet_parse(packet, &form) || form.protocol != PACKET_TCP ||
		form.v6 != (frame->gso_type == VIRTIO_NET_HDR_GSO_TCPV6))
		return 0;
	if (frame->csum_start != form.l4 || frame->csum_offset != TCP_CHECKSUM ||
		packet->header_len - form.l4 < TCP_HEADER)
		return 0;
	uint32_t size = 4 * (packet->header[form.l4 + TCP_DATA] >> 4);
	return size >= TCP_HEADER && size <= packet->header_len - form.l4 ? form.l4 + size : 0;
}

static bool check_segmentation(struct packet *packet)
{
	struct dm_frame *frame = &packet->frame;

	if (frame->gso_type != VIRTIO_NET_HDR_GSO_TCPV4 &&
		frame->gso_type != VIRTIO_NET_HDR_GSO_TCPV6)
		return false;
	uint32_t headers = tcp_headers(packet);
	frame->hdr_len = (uint16_t)headers;
	return headers > 0 && headers < packet->len && frame->gso_size > 0;
}

bool packet_check(struct packet *packet)
{
	struct dm_frame *frame = &packet->frame;

	if (!(frame->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		bool fine = frame->gso_type == VIRTIO_NET_HDR_GSO_NONE;
		*frame = (struct dm_frame){.flags = frame->flags & VIRTIO_NET_HDR_F_DATA_VALID};
		return fine;
	}
	frame->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (frame->csum_start < ETHER_HEADER ||
		(uint32_t)frame->csum_start + frame->csum_offset + 2 > packet->header_len)
		return false;
	if (frame->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return check_segmentation(packet);
	frame->gso_size = frame->hdr_len = 0;
	return true;
}

void packet_complete(const struct packet *packet, uint8_t *header)
{
	const struct dm_frame *frame = &packet->frame;
	struct checksum sum = {0};

	checksum_add(&sum, header + frame->csum_start, packet->header_len - frame->csum_start);
	packet_sum(packet, 0, packet->len - packet->header_len, &sum);
	uint16_t value = (uint16_t)~checksum_fold(&sum);
	/* UDP's 0 means that there is none (RFC 768). */
	if (value == 0 && frame->csum_offset == UDP_CHECKSUM)
		value = 0xffff;
	memcpy(header + frame->csum_start + frame->csum_offset, &value, sizeof(value));
}

/* ---- its flow ---- */

static uint32_t mix(uint32_t hash, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i + 4 <= len; i += 4) {
		uint32_t word;
		memcpy(&word, data + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	return hash;
}

uint32_t packet_flow(const struct packet *packet)
{
	struct packet_form form;

	if (!packet_parse(packet, &form))
		return 0;
	const uint8_t *ip = packet->header + form.l3, *l4 = packet->header + form.l4;
	uint32_t hash = form.v6 ? mix(0, ip + 8, 32) : mix(0, ip + 12, 8);
	/* Only the first fragment has ports. */
	bool whole = form.v6 || (be16(ip + IPV4_FRAGMENT) & 0x3fff) == 0;
	bool ports = form.protocol == PACKET_TCP || form.protocol == PACKET_UDP;
	return whole && ports && packet->header_len - form.l4 >= 4 ? mix(hash, l4, 4) : hash;
}

/* ---- its bytes ---- */

unsigned packet_cut(
	const struct packet *packet, uint32_t offset, uint32_t len, struct iovec_piece *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < packet->n && len > 0; i++) {
		const struct iovec_piece *piece = &packet->data[i];
		if (offset >= piece->len) {
			offset -= piece->len;
			continue;
		}
		uint32_t part = piece->len - offset < len ? piece->len - offset : len;
		out[n++] = (struct iovec_piece){(uint8_t *)piece->data + offset, part};
		len -= part;
		offset = 0;
	}
	return n;
}

void packet_sum(const struct packet *packet, uint32_t offset, uint32_t len, struct checksum *sum)
{
	for (unsigned i = 0; i < packet->n && len > 0; i++) {
		const struct iovec_piece *piece = &packet->data[i];
		if (offset >= piece->len) {
			offset -= piece->len;
			continue;
		}
		uint32_t part = piece->len - offset < len ? piece->len - offset : len;
		checksum_add(sum, (const uint8_t *)piece->data + offset, part);
		len -= part;
		offset = 0;
	}
}
