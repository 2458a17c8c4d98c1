/* SPDX-License-Identifier: MIT */
/* See frames.h. */
#include "tests/unit/frames.h"

#include <string.h>

#include "include/abi/virtio_net.h"

#define OPTIONS 12u /* bytes of TCP options */

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Bytes at even places count 256 times. */
static uint32_t sum(uint32_t start, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static uint32_t pseudo(const uint8_t *ip, bool v6, unsigned protocol, size_t len)
{
	uint32_t start = sum(protocol, ip + (v6 ? 8 : 12), v6 ? 32 : 8);

	return sum(start + (uint32_t)len, NULL, 0);
}

static size_t make_ip(uint8_t *ip, const struct frame_wish *wish, size_t l4_len)
{
	size_t size = wish->v6 ? 40 : 20;

	memset(ip, 0, size);
	for (unsigned i = 0; i < (wish->v6 ? 32 : 8); i++)
		ip[(wish->v6 ? 8 : 12) + i] = (uint8_t)(wish->from[5] + 3 * i + 1);
	if (wish->v6) {
		ip[0] = 0x60;
		put16(ip + 4, l4_len);
		ip[6] = wish->udp ? 17 : 6;
		ip[7] = 64;
		return size;
	}
	ip[0] = 0x45;
	put16(ip + 2, 20 + l4_len);
	put16(ip + 4, 0xfffe);
	ip[8] = 64;
	ip[9] = wish->udp ? 17 : 6;
	put16(ip + 10, 0xffff - sum(0, ip, 20));
	return size;
}

static size_t make_l4(uint8_t *l4, const struct frame_wish *wish)
{
	size_t size = wish->udp ? 8 : 20 + OPTIONS;

	memset(l4, 0, size);
	put16(l4, wish->port);
	put16(l4 + 2, 80);
	if (wish->udp) {
		put16(l4 + 4, size + wish->payload);
		return size;
	}
	put16(l4 + 4, 0xffff); /* the sequence number overflows into its upper half */
	put16(l4 + 6, 0xff00);
	l4[12] = (uint8_t)(size / 4 << 4);
	l4[13] = 0x99; /* CWR, ACK, PSH, FIN */
	memset(l4 + 20, 1, OPTIONS);
	return size;
}

size_t frame_make(uint8_t *out, const struct frame_wish *wish, struct dm_frame *frame)
{
	size_t l3 = wish->vlan ? 18 : 14, l4 = l3 + (wish->v6 ? 40 : 20);
	size_t size = make_l4(out + l4, wish), l4_len = size + wish->payload;

	memcpy(out, wish->to, 6);
	memcpy(out + 6, wish->from, 6);
	if (wish->vlan) {
		put16(out + 12, 0x8100);
		put16(out + 14, 5);
	}
	put16(out + l3 - 2, wish->v6 ? 0x86dd : 0x0800);
	make_ip(out + l3, wish, l4_len);
	for (size_t i = 0; i < wish->payload; i++)
		out[l4 + size + i] = (uint8_t)(wish->seed + i + i / 251);
	unsigned offset = wish->udp ? 6 : 16;
	put16(out + l4 + offset, pseudo(out + l3, wish->v6, wish->udp ? 17 : 6, l4_len));
	*frame = (struct dm_frame){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = (uint16_t)l4,
		.csum_offset = (uint16_t)offset,
	};
	if (wish->mss) {
		frame->gso_type = wish->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		frame->gso_size = wish->mss;
		frame->hdr_len = (uint16_t)(l4 + size);
	}
	return l4 + l4_len;
}

static size_t ip_at(const uint8_t *data)
{
	return get16(data + 12) == 0x8100 ? 18 : 14;
}

static bool is_v6(const uint8_t *data)
{
	return data[ip_at(data)] >> 4 == 6;
}

bool frame_valid(const uint8_t *data, size_t len)
{
	const uint8_t *ip = data + ip_at(data);
	bool v6 = is_v6(data);
	size_t l3_len = len - ip_at(data), header = v6 ? 40 : 20;
	size_t l4_len = l3_len - header;
	unsigned protocol = v6 ? ip[6] : ip[9];

	if (get16(ip + (v6 ? 4 : 2)) != (v6 ? l4_len : l3_len))
		return false;
	if (!v6 && sum(0, ip, 20) != 0xffff)
		return false;
	return sum(pseudo(ip, v6, protocol, l4_len), ip + header, l4_len) == 0xffff;
}

size_t frame_payload(const uint8_t *data)
{
	const uint8_t *ip = data + ip_at(data);
	size_t header = is_v6(data) ? 40 : 20;
	unsigned protocol = is_v6(data) ? ip[6] : ip[9];

	return ip_at(data) + header + (protocol == 17 ? 8 : 4u * (ip[header + 12] >> 4));
}
