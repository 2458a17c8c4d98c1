/* SPDX-License-Identifier: MIT */
/* Checksums and TCP segmentation against frames whose checksums are computed the plain way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/segment.h"
#include "include/abi/virtio_net.h"
#include "tests/unit/frames.h"

static uint8_t data[70000], out[70000];
static struct iovec_piece pieces[64];

/* The example of RFC 1071, section 3. */
static void test_known_sum(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	struct checksum sum = {0};
	uint8_t value[2];

	(void)state;
	checksum_add(&sum, bytes, sizeof(bytes));
	uint16_t folded = checksum_fold(&sum);
	memcpy(value, &folded, 2);
	assert_int_equal(value[0], 0xdd);
	assert_int_equal(value[1], 0xf2);
}

/* However bytes are cut, wherever they lie: the same sum. */
static void test_any_cut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++)
		data[i] = (uint8_t)(i * 7 + (i >> 3));
	for (unsigned start = 0; start < 16; start++) {
		for (unsigned len = 0; len < 64; len++) {
			uint32_t plain = 0;
			for (unsigned i = 0; i < len; i++)
				plain += i % 2 ? data[start + i] : (uint32_t)data[start + i] << 8;
			plain = (plain & 0xffff) + (plain >> 16);
			plain = (plain & 0xffff) + (plain >> 16);
			for (unsigned cut = 0; cut <= len; cut++) {
				struct checksum sum = {0};
				checksum_add(&sum, data + start, cut);
				checksum_add(&sum, data + start + cut, len - cut);
				uint16_t folded = checksum_fold(&sum);
				assert_int_equal((uint16_t)(folded << 8 | folded >> 8), plain);
			}
		}
	}
}

/* Makes a packet of what is in `data`, its rest cut into pieces of `cut` bytes that lie apart. */
static struct packet packet_of(size_t len, const struct dm_frame *frame, size_t cut)
{
	size_t header = len < DM_HEADER_MAX ? len : DM_HEADER_MAX;
	struct packet packet = {
		.frame = *frame,
		.header = data,
		.header_len = (uint32_t)header,
		.data = pieces,
		.len = (uint32_t)len,
	};

	for (size_t at = header; at < len; at += cut) {
		size_t part = cut < len - at ? cut : len - at;
		assert_true(packet.n < 64);
		pieces[packet.n++] = (struct iovec_piece){data + at, (uint32_t)part};
	}
	return packet;
}

static struct frame_wish wish_of(unsigned kind, size_t payload)
{
	return (struct frame_wish){
		.to = {2, 0, 0, 0, 0, 1},
		.from = {2, 0, 0, 0, 0, 2},
		.v6 = kind & 1,
		.udp = kind & 2,
		.vlan = kind & 4,
		.payload = payload,
		.seed = (uint8_t)payload,
		.port = 1234,
	};
}

static void test_complete(void **state)
{
	uint8_t header[DM_HEADER_MAX];

	(void)state;
	for (unsigned kind = 0; kind < 8; kind++) {
		for (size_t payload = 0; payload < 1400; payload += payload < 140 ? 1 : 97) {
			struct frame_wish wish = wish_of(kind, payload);
			struct dm_frame frame;
			size_t len = frame_make(data, &wish, &frame);
			struct packet packet = packet_of(len, &frame, 33);
			assert_true(packet_check(&packet));
			assert_false(frame_valid(data, len));
			memcpy(header, data, packet.header_len);
			packet_complete(&packet, header);
			memcpy(out, data, len);
			memcpy(out, header, packet.header_len);
			assert_true(frame_valid(out, len));
		}
	}
}

/* UDP says "no checksum" with 0, so one that is 0 is sent as its other form. */
static void test_udp_zero(void **state)
{
	struct frame_wish wish = wish_of(2, 2);
	struct dm_frame frame;
	uint8_t header[DM_HEADER_MAX];
	size_t len = frame_make(data, &wish, &frame), at = frame.csum_start + 6u;

	(void)state;
	data[len - 2] = data[len - 1] = 0;
	struct packet packet = packet_of(len, &frame, 33);
	memcpy(header, data, len);
	packet_complete(&packet, header);
	/* With its checksum for payload the sum is all ones. */
	memcpy(data + len - 2, header + at, 2);
	packet_complete(&packet, memcpy(header, data, len));
	assert_int_equal(header[at] << 8 | header[at + 1], 0xffff);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* One segment as a frame in `out`. */
static size_t lay_out(const struct segmenter *s, const struct packet *packet)
{
	struct iovec_piece cut[64];
	size_t len = s->header_len;

	memcpy(out, s->header, s->header_len);
	unsigned n = packet_cut(packet, s->offset, s->len, cut);
	for (unsigned i = 0; i < n; i++) {
		memcpy(out + len, cut[i].data, cut[i].len);
		len += cut[i].len;
	}
	assert_int_equal(len, s->header_len + s->len);
	return len;
}

static void check_segments(const struct packet *packet, uint16_t mss)
{
	struct segmenter s;
	size_t headers = frame_payload(data), sent = 0;
	size_t l4 = packet->frame.csum_start, l3 = l4 - (packet->frame.gso_type == 1 ? 20 : 40);
	unsigned index = 0;

	assert_true(segment_begin(&s, packet));
	for (; segment_next(&s, packet); index++) {
		size_t len = lay_out(&s, packet), payload = len - headers;
		bool last = sent + payload == packet->len - headers;
		assert_true(frame_valid(out, len));
		assert_int_equal(frame_payload(out), headers);
		assert_true(last ? payload > 0 && payload <= mss : payload == mss);
		assert_memory_equal(out + headers, data + headers + sent, payload);
		assert_int_equal(be32(out + l4 + 4), (uint32_t)(be32(data + l4 + 4) + sent));
		assert_int_equal(out[l4 + 13], 0x10 | (last ? 0x09 : 0) | (index == 0 ? 0x80 : 0));
		if (packet->frame.gso_type == VIRTIO_NET_HDR_GSO_TCPV4)
			assert_int_equal(out[l3 + 4] << 8 | out[l3 + 5], (0xfffe + index) & 0xffff);
		sent += payload;
	}
	assert_int_equal(sent, packet->len - headers);
	assert_false(segment_next(&s, packet));
}

static void test_segments(void **state)
{
	static const uint16_t sizes[] = {1, 7, 40, 61, 62, 63, 100, 536, 1448, 1460, 9000, 65535};
	static const size_t payloads[] = {
		1, 2, 40, 61, 62, 63, 64, 200, 255, 1448, 1449, 20000, 65483};

	(void)state;
	for (unsigned kind = 0; kind < 8; kind++) {
		if (kind & 2)
			continue;
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			for (unsigned k = 0; k < sizeof(payloads) / sizeof(payloads[0]); k++) {
				size_t payload = payloads[k];
				if (payload > 256u * sizes[i] || (kind & 1 && payload > 65000))
					continue;
				struct frame_wish wish = wish_of(kind, payload);
				wish.mss = sizes[i];
				struct dm_frame frame;
				size_t len = frame_make(data, &wish, &frame);
				struct packet packet = packet_of(len, &frame, 1061);
				packet.frame.hdr_len = 3; /* a hint that is wrong */
				assert_true(packet_check(&packet));
				check_segments(&packet, sizes[i]);
			}
		}
	}
}

static void test_too_many(void **state)
{
	struct frame_wish wish = wish_of(0, SEGMENTS_MAX * 100);
	struct dm_frame frame;
	struct segmenter s;

	(void)state;
	wish.mss = 100;
	struct packet packet = packet_of(frame_make(data, &wish, &frame), &frame, 1061);
	assert_true(packet_check(&packet));
	assert_true(segment_begin(&s, &packet));
	packet.frame.gso_size = 99;
	assert_false(segment_begin(&s, &packet));
}

/* What a guest may lie about. */
static void test_lies(void **state)
{
	struct frame_wish wish = wish_of(0, 1000);
	struct dm_frame frame, good;

	(void)state;
	wish.mss = 500;
	size_t len = frame_make(data, &wish, &good);
	struct packet packet = packet_of(len, &good, 1061);
	assert_true(packet_check(&packet));
	assert_int_equal(packet.frame.hdr_len, good.hdr_len);
#define LIE(change)                                  \
	do {                                         \
		frame = good;                        \
		change;                              \
		packet.frame = frame;                \
		assert_false(packet_check(&packet)); \
	} while (0)
	LIE(frame.flags = 0);
	LIE(frame.gso_size = 0);
	LIE(frame.gso_type = VIRTIO_NET_HDR_GSO_TCPV6);
	LIE(frame.gso_type = VIRTIO_NET_HDR_GSO_UDP);
	LIE(frame.gso_type |= VIRTIO_NET_HDR_GSO_ECN);
	LIE(frame.csum_start = 13);
	LIE(frame.csum_start = 65535);
	LIE(frame.csum_start++);
	LIE(frame.csum_offset = 65535);
	LIE(frame.csum_offset = 14);
	LIE(frame.csum_start = 0; frame.gso_type = 0);
	LIE(frame.csum_start = DM_HEADER_MAX - 17; frame.gso_type = 0);
#undef LIE
	data[good.csum_start + 12] = 0x40; /* a TCP header of 16 bytes */
	packet.frame = good;
	assert_false(packet_check(&packet));
	data[good.csum_start + 12] = 0xf0; /* of 60: it still fits the copy */
	packet.frame = good;
	assert_true(packet_check(&packet));
	packet.header_len = good.csum_start + 59u;
	packet.frame = good;
	assert_false(packet_check(&packet));
	data[14] = 0x46; /* options that nobody counted */
	packet.header_len = DM_HEADER_MAX;
	packet.frame = good;
	assert_false(packet_check(&packet));
	data[14] = 0x41;
	packet.frame = good;
	assert_false(packet_check(&packet));

	/* All payload lies in the headers: there is none. */
	len = frame_make(data, &wish, &good);
	packet = packet_of(good.hdr_len, &good, 1061);
	assert_false(packet_check(&packet));
}

static void test_flows(void **state)
{
	struct dm_frame frame;
	uint32_t seen[4] = {0};
	unsigned different = 0;

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct frame_wish wish = wish_of(kind, 100);
		struct packet packet = packet_of(frame_make(data, &wish, &frame), &frame, 1061);
		seen[kind] = packet_flow(&packet);
		data[packet.len - 1]++;
		assert_int_equal(packet_flow(&packet), seen[kind]);
		for (uint16_t port = 1; port < 64; port++) {
			wish.port = port;
			packet = packet_of(frame_make(data, &wish, &frame), &frame, 1061);
			different += packet_flow(&packet) % 8 != seen[kind] % 8;
		}
	}
	assert_true(different > 150);
	memset(data, 0, 64);
	struct packet packet = packet_of(60, &frame, 1061);
	assert_int_equal(packet_flow(&packet), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sum),
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_udp_zero),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
