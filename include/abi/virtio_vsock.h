/* SPDX-License-Identifier: MIT */
/* Numbers and layouts of virtio's socket device (virtio 1.2, section 5.10). */
#ifndef VESPER_ABI_VIRTIO_VSOCK_H
#define VESPER_ABI_VIRTIO_VSOCK_H

#include <stdint.h>

#define VIRTIO_ID_VSOCK 19

#define VIRTIO_VSOCK_RX    0
#define VIRTIO_VSOCK_TX    1
#define VIRTIO_VSOCK_EVENT 2

#define VIRTIO_VSOCK_CID_HOST 2u
#define VIRTIO_VSOCK_CID_MIN  3u /* of a guest */

struct virtio_vsock_config {
	uint64_t guest_cid;
};

/* Before each packet (5.10.6). */
struct virtio_vsock_hdr {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port;
	uint32_t len; /* bytes that follow */
	uint16_t type, op;
	uint32_t flags;
	uint32_t buf_alloc, fwd_cnt; /* bytes (5.10.6.3) */
} __attribute__((packed));

_Static_assert(sizeof(struct virtio_vsock_hdr) == 44, "virtio_vsock_hdr");

#define VIRTIO_VSOCK_TYPE_STREAM 1

#define VIRTIO_VSOCK_OP_REQUEST        1
#define VIRTIO_VSOCK_OP_RESPONSE       2
#define VIRTIO_VSOCK_OP_RST            3
#define VIRTIO_VSOCK_OP_SHUTDOWN       4
#define VIRTIO_VSOCK_OP_RW             5
#define VIRTIO_VSOCK_OP_CREDIT_UPDATE  6
#define VIRTIO_VSOCK_OP_CREDIT_REQUEST 7

#define VIRTIO_VSOCK_SHUTDOWN_RECEIVE 1u
#define VIRTIO_VSOCK_SHUTDOWN_SEND    2u

#endif
