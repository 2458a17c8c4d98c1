/* SPDX-License-Identifier: MIT */
/* A small virtio-mmio driver (virtio 1.2, sections 2.7 and 4.2) that can be told to misbehave. */
#ifndef VESPER_TESTS_GUEST_VIRTIO_H
#define VESPER_TESTS_GUEST_VIRTIO_H

#include "tests/guest/guest.h"

enum virtio_register {
	VIRTIO_MAGIC = 0x00,
	VIRTIO_VERSION = 0x04,
	VIRTIO_DEVICE_ID = 0x08,
	VIRTIO_DEVICE_FEATURES = 0x10,
	VIRTIO_DEVICE_FEATURES_SEL = 0x14,
	VIRTIO_DRIVER_FEATURES = 0x20,
	VIRTIO_DRIVER_FEATURES_SEL = 0x24,
	VIRTIO_QUEUE_SEL = 0x30,
	VIRTIO_QUEUE_NUM_MAX = 0x34,
	VIRTIO_QUEUE_NUM = 0x38,
	VIRTIO_QUEUE_READY = 0x44,
	VIRTIO_QUEUE_NOTIFY = 0x50,
	VIRTIO_INTERRUPT_STATUS = 0x60,
	VIRTIO_INTERRUPT_ACK = 0x64,
	VIRTIO_STATUS = 0x70,
	VIRTIO_QUEUE_DESC = 0x80,
	VIRTIO_QUEUE_DRIVER = 0x90,
	VIRTIO_QUEUE_DEVICE = 0xa0,
	VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_MAGIC_VALUE 0x74726976u
#define VIRTIO_ID_CONSOLE  3
#define VIRTIO_ID_FS       26

#define VIRTIO_STATUS_DRIVER_OK   4u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u

#define VIRTIO_F_INDIRECT  (1ul << 28)
#define VIRTIO_F_VERSION_1 (1ul << 32)

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

#define RING_SIZE 8

struct virtio_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct virtio_avail {
	uint16_t flags, idx, ring[RING_SIZE], used_event;
};

struct virtio_used {
	uint16_t flags, idx;
	struct {
		uint32_t id, len;
	} ring[RING_SIZE];
	uint16_t avail_event;
};

/* One queue's rings, and where the device is told they are. */
struct virtio_ring {
	struct virtio_desc desc[RING_SIZE] __attribute__((aligned(16)));
	struct virtio_avail avail;
	struct virtio_used used __attribute__((aligned(4)));
};

struct virtio_where {
	uint64_t desc, avail, used;
	uint32_t size;
};

static inline uint32_t virtio_get(unsigned device, unsigned reg)
{
	return *(volatile uint32_t *)(VIRTIO(device) + reg);
}

static inline void virtio_set(unsigned device, unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)(VIRTIO(device) + reg) = value;
}

/* Resets the device and negotiates VERSION_1 and those of `features` that it offers. */
void virtio_start(unsigned device, uint64_t features);

/* The honest answer to where the rings of `ring` are; the rings are cleared. */
struct virtio_where virtio_ring_init(struct virtio_ring *ring);

/* Tells the device about queue `queue` and makes it ready; false: the device did not take it. */
bool virtio_queue(unsigned device, unsigned queue, const struct virtio_where *where);

/* After the queues. */
void virtio_go(unsigned device);

/* Makes `head` available and kicks. */
void virtio_offer(unsigned device, unsigned queue, struct virtio_ring *ring, uint16_t head);

/* Waits, a second at most, until used.idx is `idx`. */
bool virtio_wait_used(const struct virtio_ring *ring, uint16_t idx);

/* Waits, 10 ms at most, for the device to ask for a reset. */
bool virtio_wait_broken(unsigned device);

#endif
