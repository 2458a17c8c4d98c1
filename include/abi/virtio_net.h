/* SPDX-License-Identifier: MIT */
/*
 * Numbers and layouts of a virtio network device (virtio 1.2, section 5.1): feature bits, configuration, the header
 * in front of each frame, and the control queue's commands. All fields are little-endian.

 */
#ifndef VESPER_ABI_VIRTIO_NET_H
#define VESPER_ABI_VIRTIO_NET_H

#include <stddef.h>
#include <stdint.h>

#define VIRTIO_ID_NET 1

/* Queue pair i: received frames come by queue 2i, queue 2i + 1 is transmitted; control is last (5.1.2). */
#define VIRTIO_NET_RECEIVEQ(pair)  (2u * (pair))
#define VIRTIO_NET_TRANSMITQ(pair) (2u * (pair) + 1)

/* Feature bits (5.1.3). */
#define VIRTIO_NET_F_CSUM                0 /* the device completes checksums */
#define VIRTIO_NET_F_GUEST_CSUM          1 /* the driver takes frames with partial checksums */
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS 2
#define VIRTIO_NET_F_MTU                 3
#define VIRTIO_NET_F_MAC                 5
#define VIRTIO_NET_F_GUEST_TSO4          7
#define VIRTIO_NET_F_GUEST_TSO6          8
#define VIRTIO_NET_F_GUEST_ECN           9
#define VIRTIO_NET_F_GUEST_UFO           10
#define VIRTIO_NET_F_HOST_TSO4           11
#define VIRTIO_NET_F_HOST_TSO6           12
#define VIRTIO_NET_F_HOST_ECN            13
#define VIRTIO_NET_F_HOST_UFO            14
#define VIRTIO_NET_F_MRG_RXBUF           15
#define VIRTIO_NET_F_STATUS              16
#define VIRTIO_NET_F_CTRL_VQ             17
#define VIRTIO_NET_F_CTRL_RX             18
#define VIRTIO_NET_F_CTRL_VLAN           19
#define VIRTIO_NET_F_CTRL_RX_EXTRA       20
#define VIRTIO_NET_F_GUEST_ANNOUNCE      21
#define VIRTIO_NET_F_MQ                  22
#define VIRTIO_NET_F_CTRL_MAC_ADDR       23

/* Configuration (5.1.4). */
struct virtio_net_config {
	uint8_t mac[6];
	uint16_t status;              /* VIRTIO_NET_S_, with STATUS */
	uint16_t max_virtqueue_pairs; /* with MQ */
	uint16_t mtu;                 /* bytes, with MTU */
};
_Static_assert(sizeof(struct virtio_net_config) == 12, "virtio_net_config");
_Static_assert(offsetof(struct virtio_net_config, mtu) == 10, "virtio_net_config.mtu");

#define VIRTIO_NET_S_LINK_UP  1u
#define VIRTIO_NET_S_ANNOUNCE 2u

/* In front of each frame (5.1.6). */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1u
#define VIRTIO_NET_HDR_F_DATA_VALID 2u

#define VIRTIO_NET_HDR_GSO_NONE  0u
#define VIRTIO_NET_HDR_GSO_TCPV4 1u
#define VIRTIO_NET_HDR_GSO_UDP   3u
#define VIRTIO_NET_HDR_GSO_TCPV6 4u
#define VIRTIO_NET_HDR_GSO_ECN   0x80u /* with a TCP type: the segments' CWR needs care */

struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len; /* Ethernet + IP + TCP headers */
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset; /* from csum_start to the checksum's place */
	uint16_t num_buffers; /* of received frames; there always with VERSION_1 */
};
_Static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio_net_hdr");
_Static_assert(offsetof(struct virtio_net_hdr, num_buffers) == 10, "virtio_net_hdr.num_buffers");

/* The control queue (5.1.6.5): class, command, its data; then the device writes one byte. */
struct virtio_net_ctrl_hdr {
	uint8_t class;
	uint8_t command;
};
_Static_assert(sizeof(struct virtio_net_ctrl_hdr) == 2, "virtio_net_ctrl_hdr");

#define VIRTIO_NET_OK  0u
#define VIRTIO_NET_ERR 1u

#define VIRTIO_NET_CTRL_RX          0u /* data of each: one byte, 0 or 1 */
#define VIRTIO_NET_CTRL_RX_PROMISC  0u
#define VIRTIO_NET_CTRL_RX_ALLMULTI 1u
#define VIRTIO_NET_CTRL_RX_ALLUNI   2u
#define VIRTIO_NET_CTRL_RX_NOMULTI  3u
#define VIRTIO_NET_CTRL_RX_NOUNI    4u
#define VIRTIO_NET_CTRL_RX_NOBCAST  5u

#define VIRTIO_NET_CTRL_MAC           1u
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0u /* twice: a count of 32 bits, so many addresses */
#define VIRTIO_NET_CTRL_MAC_ADDR_SET  1u /* 6 bytes */

#define VIRTIO_NET_CTRL_VLAN     2u
#define VIRTIO_NET_CTRL_VLAN_ADD 0u
#define VIRTIO_NET_CTRL_VLAN_DEL 1u

#define VIRTIO_NET_CTRL_ANNOUNCE     3u
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK 0u

#define VIRTIO_NET_CTRL_MQ              4u
#define VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET 0u /* 16 bits */
#define VIRTIO_NET_CTRL_MQ_PAIRS_MIN    1u
#define VIRTIO_NET_CTRL_MQ_PAIRS_MAX    0x8000u

#define VIRTIO_NET_CTRL_GUEST_OFFLOADS     5u
#define VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET 0u /* 64 bits: the features GUEST_CSUM .. GUEST_UFO */

#endif
