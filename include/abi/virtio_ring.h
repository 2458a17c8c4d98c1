/* SPDX-License-Identifier: MIT */
/*
 * Layouts of packed rings (virtio 1.2, section 2.8); those of split rings are in virtio.h, with
 * the flags that both share. All fields are little-endian.
 */
#ifndef VESPER_ABI_VIRTIO_RING_H
#define VESPER_ABI_VIRTIO_RING_H

#include "include/abi/virtio.h"

/* A descriptor's flags beside VIRTQ_DESC_F_: available or used in a lap with which wrap counter. */
#define PVIRTQ_DESC_F_AVAIL (1u << 7)
#define PVIRTQ_DESC_F_USED  (1u << 15)

#define PVIRTQ_DESC_ALIGN  16u
#define PVIRTQ_EVENT_ALIGN 4u

struct pvirtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

#define PVIRTQ_DESC_BYTES(n) (sizeof(struct pvirtq_desc) * (size_t)(n))

/* Event suppression: of the driver's events and of the device's. */
struct pvirtq_event {
	uint16_t offset; /* bits 0..14: place in the ring; bit 15: wrap counter */
	uint16_t flags;
};

#define PVIRTQ_EVENT_WRAP (1u << 15)

#define PVIRTQ_EVENT_F_ENABLE  0u
#define PVIRTQ_EVENT_F_DISABLE 1u
#define PVIRTQ_EVENT_F_DESC    2u /* for the place in `offset`; with VIRTIO_F_EVENT_IDX only */
#define PVIRTQ_EVENT_F_MASK    3u

_Static_assert(sizeof(struct pvirtq_desc) == 16, "pvirtq_desc");
_Static_assert(offsetof(struct pvirtq_desc, id) == 12, "pvirtq_desc.id");
_Static_assert(offsetof(struct pvirtq_desc, flags) == 14, "pvirtq_desc.flags");
_Static_assert(sizeof(struct pvirtq_event) == 4, "pvirtq_event");

#endif
